"""One long connection per app: of two connections of an app, each would get only some of the events."""

from typing import Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..api import async_create_stream
from ..const import CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, DOMAIN
from ..feishu.hints import Hint
from ..feishu.stream import StreamState, StreamStatistics, StreamStatus

_STREAMS: HassKey[dict[tuple[str, str, str], SharedStream]] = HassKey(f"{DOMAIN}_streams")


class StreamListener(Protocol):
    """What an entry does with the connection's news. It must return at once."""

    def on_hint(self, hint: Hint) -> None:
        """Handle an event."""

    def on_status(self, status: StreamStatus) -> None:
        """Handle a new state of the connection."""


class SharedStream:
    """The connection of an app. It is open while an entry listens."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._listeners: list[StreamListener] = []
        self._stream = async_create_stream(hass, entry.data, on_hint=self._on_hint, on_status=self._on_status)

    @property
    def status(self) -> StreamStatus:
        """Return the state of the connection."""
        return self._stream.status

    @property
    def is_connected(self) -> bool:
        """Return whether the connection is open."""
        return self.status.state is StreamState.CONNECTED

    @property
    def statistics(self) -> StreamStatistics:
        """Return the numbers for diagnostics."""
        return self._stream.statistics

    @callback
    def reconnect(self) -> None:
        """Replace the connection, or try again at once."""
        self._stream.reconnect()

    @callback
    def add(self, listener: StreamListener) -> None:
        """Send the news to this listener, too. The first one opens the connection."""
        self._listeners.append(listener)
        self._stream.start()
        listener.on_status(self.status)

    async def remove(self, listener: StreamListener) -> None:
        """Send nothing more to this listener. After the last one, wait until the connection is closed."""
        self._listeners.remove(listener)
        if not self._listeners:
            await self._stream.stop_and_wait()

    @property
    def is_used(self) -> bool:
        """Return whether an entry listens."""
        return bool(self._listeners)

    def _on_hint(self, hint: Hint) -> None:
        for listener in list(self._listeners):
            listener.on_hint(hint)

    def _on_status(self, status: StreamStatus) -> None:
        for listener in list(self._listeners):
            listener.on_status(status)


@callback
def async_listen(hass: HomeAssistant, entry: ConfigEntry, listener: StreamListener) -> SharedStream:
    """Let `listener` get the news of the entry's app, and return its connection."""
    streams = hass.data.setdefault(_STREAMS, {})
    key = _key(entry)  # with the secret: of two secrets, only one is valid
    if key not in streams or not streams[key].is_used:
        streams[key] = SharedStream(hass, entry)
    streams[key].add(listener)
    return streams[key]


@callback
def async_is_connected(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether this Home Assistant has an open connection of the entry's app."""
    stream = hass.data.get(_STREAMS, {}).get(_key(entry))
    return stream is not None and stream.is_connected


def _key(entry: ConfigEntry) -> tuple[str, str, str]:
    return entry.data[CONF_BASE_URL], entry.data[CONF_APP_ID], entry.data[CONF_APP_SECRET]
