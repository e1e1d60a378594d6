"""Clients of one app share its limits, wherever they are made."""

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import pytest

from custom_components.feishu_freebusy.api import async_create_client, async_create_grants, async_create_registration
from custom_components.feishu_freebusy.const import CONF_ACCOUNTS_URL, CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL
from custom_components.feishu_freebusy.feishu.address import FEISHU_URL, LARK_URL


def data(base_url: str = FEISHU_URL, app_id: str = "cli_1", secret: str = "a") -> dict[str, str]:
    """Return the data of an entry."""
    return {CONF_BASE_URL: base_url, CONF_APP_ID: app_id, CONF_APP_SECRET: secret}


async def test_clients_of_one_app_share_its_limits(hass: HomeAssistant) -> None:
    one, two = (
        async_create_client(hass, data(secret=secret), deadline=deadline)
        for secret, deadline in (("a", None), ("b", 25.0))
    )

    assert one is not two
    assert one.traffic is two.traffic


async def test_clients_of_other_apps_do_not_share_limits(hass: HomeAssistant) -> None:
    mine = async_create_client(hass, data())

    for url, app_id in ((FEISHU_URL, "cli_2"), (LARK_URL, "cli_1")):
        other = async_create_client(hass, data(url, app_id))
        assert other.traffic is not mine.traffic


async def test_the_repr_of_a_client_names_the_app_but_not_the_secret(hass: HomeAssistant) -> None:
    client = async_create_client(hass, data(secret="very-secret"))

    assert "cli_1" in repr(client)
    assert "very-secret" not in repr(client)


async def test_clients_share_one_session_that_closes_with_home_assistant(hass: HomeAssistant) -> None:
    one, two = (async_create_client(hass, data(secret=secret))._transport._session for secret in ("a", "b"))

    assert one is two
    shared = async_get_clientsession(hass)
    assert one is not shared  # it accepts cookies, which a server could set for others
    assert one.connector is shared.connector
    assert isinstance(one.cookie_jar, aiohttp.DummyCookieJar)
    await hass.async_stop(force=True)
    assert one.closed


@pytest.mark.parametrize(
    ("base_url", "accounts_url", "page"),
    [
        (FEISHU_URL, None, "https://accounts.feishu.cn/"),
        (LARK_URL, None, "https://accounts.larksuite.com/"),
        ("https://feishu.example.com", "https://accounts.example.com", "https://accounts.example.com/"),
    ],
)
async def test_people_sign_in_on_the_server_of_their_site(
    hass: HomeAssistant, base_url: str, accounts_url: str | None, page: str
) -> None:
    grants = async_create_grants(hass, data(base_url) | ({CONF_ACCOUNTS_URL: accounts_url} if accounts_url else {}))

    assert grants is not None
    assert grants.authorize_url("https://example.com", "s", "c").startswith(page)


async def test_nobody_can_sign_in_where_the_server_is_not_known(hass: HomeAssistant) -> None:
    assert async_create_grants(hass, data("http://127.0.0.1:8990")) is None


async def test_apps_are_made_on_the_shared_session(hass: HomeAssistant) -> None:
    registration = async_create_registration(hass, "https://accounts.feishu.cn")

    assert registration._session is async_create_client(hass, data())._transport._session
