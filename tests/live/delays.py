"""Measures how long after Feishu's verdict Home Assistant shows what an act has changed."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
import os
from pathlib import Path
import time

from demo.home_assistant import HomeAssistant
from simulator import Booking, Room, Tenant

SHOTS = os.environ.get("LIVE_SCREENSHOTS")
AFTER_VERDICT = 3.0  # seconds
_OFTEN = 0.03  # seconds
_LONG = 60.0  # seconds; an upper limit for slow machines

type Shown = tuple[str, datetime | None, datetime | None]


@dataclass(frozen=True)
class Delays:
    """A room in Feishu and in Home Assistant. `way` names the way in, for the table of delays."""

    home: HomeAssistant
    tenant: Tenant
    room: Room
    entity_id: str
    way: str

    async def of(self, act: Callable[[], Awaitable[object]], what: str, *, bookings: int) -> None:
        """Act, and fail if Home Assistant shows the change later than `AFTER_VERDICT` after Feishu has made it.

        `bookings`: how many Feishu then has.
        """
        work = asyncio.ensure_future(act())
        try:
            async with asyncio.timeout(_LONG):
                while len(self._rows()) != bookings:
                    if work.done():
                        work.result()  # what failed on the page says more than a timeout
                    await asyncio.sleep(_OFTEN)
                changed_at = time.monotonic()
                while await self._in_home_assistant() != self._in_feishu():  # noqa: ASYNC110
                    await asyncio.sleep(_OFTEN)
                delay = time.monotonic() - changed_at
                await work
        finally:
            work.cancel()
        if SHOTS:
            with (Path(SHOTS) / "delays.txt").open("a") as table:
                table.write(f"{self.way:<24} {what:<8} {delay:5.2f} s\n")
        assert delay < AFTER_VERDICT, f"{what} took {delay:.2f} s"

    def _in_feishu(self) -> Shown:
        """Return the state that the accepted bookings mean, when it ends, and when the next booking starts."""
        end = following = None
        for row in self._rows():
            if row.start <= (end or datetime.now(UTC)):
                end = row.end
            elif following is None:
                following = row.start
        return "on" if end else "off", end, following

    def _rows(self) -> list[Booking]:
        now = datetime.now(UTC)
        rows = (row for row in self.tenant.calendars.of(self.room.room_id) if row.rsvp == "accept" and row.end > now)
        return sorted(rows, key=lambda row: row.start)

    async def _in_home_assistant(self) -> Shown:
        state = await self.home.get(f"/api/states/{self.entity_id}")
        times: list[datetime | None] = [None, None]
        for place, name in enumerate(("busy_until", "next_busy_time")):
            with suppress(KeyError, TypeError):
                times[place] = datetime.fromisoformat(state["attributes"][name])
        return state["state"], times[0], times[1]
