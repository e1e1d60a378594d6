"""A wall clock that stands still until it is moved, for Home Assistant, the integration and simulators.

freezegun is not used: it looks through all modules for each test and inspects the stack at each call, which took half
of the time of a simulated year. (PYTEST_DONT_REWRITE: it is imported before that.)
"""

from datetime import UTC, datetime, timedelta, tzinfo
import time
from types import SimpleNamespace

from homeassistant.helpers import entity, event
from homeassistant.util import dt as dt_util
from jwt import api_jwt
import pytest
from pytest_homeassistant_custom_component import patch_time

from custom_components.feishu_freebusy.feishu import access, client
from simulator import tenant


class WallClock:
    """A wall clock that moves only by `tick` and `move_to`, and the clock of the machine, which is `ahead` of it."""

    def __init__(self) -> None:
        """Start at the real time, at which fixtures may have made access tokens."""
        self._now = datetime.now(UTC)
        self.ahead = timedelta()

    def now(self) -> datetime:
        """Return the current instant, in UTC."""
        return self._now

    def machine_now(self) -> datetime:
        """Return what the clock of the machine shows."""
        return self._now + self.ahead

    def machine_timestamp(self) -> float:
        """Return what the clock of the machine shows, in Unix seconds."""
        return self.machine_now().timestamp()

    def tick(self, duration: timedelta) -> None:
        """Move forward by a duration."""
        self._now += duration

    def move_to(self, then: datetime) -> None:
        """Set the clock."""
        self._now = then


class _AnyDatetime(type):
    """Any instant is one of such a class."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """Return the wall clock of everybody who asks for the time."""
    wall = WallClock()

    def now(zone: tzinfo | None = None) -> datetime:
        return wall.machine_now().astimezone(zone or dt_util.DEFAULT_TIME_ZONE)

    class Datetime(datetime, metaclass=_AnyDatetime):
        """The class of instants, with this wall clock."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return now(tz)

    monkeypatch.setattr(time, "time", wall.machine_timestamp)
    monkeypatch.setattr(entity, "timer", wall.machine_timestamp)
    monkeypatch.setattr(event, "time_tracker_timestamp", wall.machine_timestamp)
    monkeypatch.setattr(dt_util, "now", now)
    # All of Home Assistant has the test kit's `utcnow`, which looks here
    monkeypatch.setattr(patch_time, "datetime", SimpleNamespace(datetime=Datetime, UTC=UTC))
    for module in (access, client, tenant, api_jwt):
        monkeypatch.setattr(module, "datetime", Datetime)
    return wall
