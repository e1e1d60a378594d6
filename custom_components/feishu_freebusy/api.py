"""The client of an entry, on Home Assistant's shared session."""

from collections import defaultdict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .feishu import AppTraffic, FeishuClient

# Not in `runtime_data`: the limits of an app hold over reloads, and for a flow beside a running entry
_TRAFFIC: HassKey[defaultdict[tuple[str, str], AppTraffic]] = HassKey(f"{DOMAIN}_traffic")

FLOW_DEADLINE = 25.0  # seconds; a person waits


@callback
def async_create_client(
    hass: HomeAssistant, *, base_url: str, app_id: str, app_secret: str, deadline: float | None = None
) -> FeishuClient:
    """Return a client that shares the limits of its app with all others in this Home Assistant."""
    traffic = hass.data.setdefault(_TRAFFIC, defaultdict(AppTraffic))
    return FeishuClient(
        async_get_clientsession(hass),
        app_id,
        app_secret,
        base_url=base_url,
        traffic=traffic[base_url, app_id],
        **({} if deadline is None else {"deadline": deadline}),
    )
