"""Live updates as users see them."""

from enum import StrEnum


class LiveState(StrEnum):
    """What the connection for pushed events does."""

    OFF = "off"
    WAITING = "waiting"  # not connected at the moment
    CONNECTED = "connected"
    NOT_TRUSTED = "not_trusted"  # connected, but changes came without an event


class LiveProblem(StrEnum):
    """What a person has to do something about."""

    WRONG_CLOUD = "live_wrong_cloud"
    TOO_MANY_CONNECTIONS = "live_too_many_connections"
    NOT_PUBLISHED = "live_not_published"
    EVENTS_MISSING = "live_events_missing"
