"""The client of an entry, on Home Assistant's connections."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util.hass_dict import HassKey

from .const import CONF_ACCOUNTS_URL, CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, DOMAIN
from .feishu.address import accounts_url_of
from .feishu.client import FeishuClient
from .feishu.grants import Grants
from .feishu.hints import Hint
from .feishu.limits import AppTraffic
from .feishu.registration import Registration
from .feishu.session import environment_proxy, session_options
from .feishu.stream import Stream, StreamStatus

# Not in `runtime_data`: reloads and flows share the limits of an app
_TRAFFIC: HassKey[defaultdict[tuple[str, str], AppTraffic]] = HassKey(f"{DOMAIN}_traffic")
_SESSION: HassKey[aiohttp.ClientSession] = HassKey(f"{DOMAIN}_session")

FLOW_DEADLINE = 25.0  # seconds; a person is waiting
_REACH_DEADLINE = 5.0  # seconds


@callback
def async_create_client(hass: HomeAssistant, data: Mapping[str, str], *, deadline: float | None = None) -> FeishuClient:
    """Return a client for the data of an entry. All clients of one app share its limits in this Home Assistant.

    `deadline` is the longest that a call may last, in seconds; None is the default of the client.
    """
    traffic = hass.data.setdefault(_TRAFFIC, defaultdict(AppTraffic))
    base_url, app_id = data[CONF_BASE_URL], data[CONF_APP_ID]
    return FeishuClient(
        _session(hass),
        app_id,
        data[CONF_APP_SECRET],
        base_url=base_url,
        traffic=traffic[base_url, app_id],
        deadline=deadline,
    )


@callback
def async_create_grants(hass: HomeAssistant, data: Mapping[str, Any]) -> Grants | None:
    """Return what gets the tokens of people for the data of an entry. None if it is not known where people sign in."""
    base_url = data[CONF_BASE_URL]
    accounts_url = data.get(CONF_ACCOUNTS_URL) or accounts_url_of(base_url)
    if accounts_url is None:
        return None
    return Grants(
        _session(hass),
        accounts_url=accounts_url,
        base_url=base_url,
        app_id=data[CONF_APP_ID],
        app_secret=data[CONF_APP_SECRET],
    )


@callback
def async_create_registration(hass: HomeAssistant, accounts_url: str) -> Registration:
    """Return what makes one app when a person scans a code."""
    return Registration(_session(hass), accounts_url=accounts_url, name="Home Assistant")


@callback
def async_create_stream(
    hass: HomeAssistant,
    data: Mapping[str, str],
    *,
    on_hint: Callable[[Hint], None],
    on_status: Callable[[StreamStatus], None],
) -> Stream:
    """Return the long connection for the data of an entry, not yet started. An app should have only one."""
    return Stream(
        _session(hass),
        base_url=data[CONF_BASE_URL],
        app_id=data[CONF_APP_ID],
        app_secret=data[CONF_APP_SECRET],
        on_hint=on_hint,
        on_status=on_status,
        check_credentials=lambda: async_create_client(hass, data).check_credentials(),  # with a new token
    )


async def async_reach(hass: HomeAssistant, base_url: str) -> str | None:
    """Return why a server cannot be reached, "timeout" or "unreachable"; None if it can. Any answer will do.

    It takes the same way as the calls, through a proxy if they use one, but is none: it sends no credentials.
    """
    try:
        async with (
            asyncio.timeout(_REACH_DEADLINE),
            _session(hass).get(base_url, proxy=environment_proxy(base_url), allow_redirects=False),
        ):
            return None
    except TimeoutError:
        return "timeout"
    except aiohttp.ClientError, OSError:
        return "unreachable"


@callback
def _session(hass: HomeAssistant) -> aiohttp.ClientSession:
    """Return the session of all clients. It is not Home Assistant's shared session, which keeps cookies."""
    if _SESSION in hass.data:
        return hass.data[_SESSION]
    # Not closed with the first entry: other entries use the session, too
    session = async_create_clientsession(hass, auto_cleanup=False, **session_options())
    hass.data[_SESSION] = session

    @callback
    def detach(_: Event) -> None:
        session.detach()

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, detach)
    return session
