"""Clients of one app share its limits, wherever they are made."""

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from custom_components.feishu_freebusy.api import async_create_client
from custom_components.feishu_freebusy.const import CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL
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
