"""A past for the demo: occupancy sensors, what was counted in the last weeks, and its statistics."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from itertools import groupby
import random
from typing import Any, Final
from zoneinfo import ZoneInfo

from custom_components.feishu_freebusy.model.utilization import Numbers, Share, Tally
from custom_components.feishu_freebusy.sync.utilization import kept_months, text_of
from simulator import Room

from .connect import DOMAIN, OPTIONS, Credentials, known_states
from .home_assistant import HomeAssistant

_DAYS: Final = 84
_HOURS: Final = range(7, 20)  # office hours
_HOUR: Final = 3_600
_EMPTY: Final = 4  # nobody comes to the bookings of each fourth room
_STATISTIC_AT: Final = time(19)
_FRIDAY: Final = 4
_SHARES: Final = {f"{share}_{period}": (share, period) for share in Share for period in ("today", "this_month")}
_ARITHMETIC: Final = 1  # Home Assistant's number for a mean over time

type Days = dict[date, Tally]


async def add_past(home: HomeAssistant, entry_id: str, credentials: Credentials, rooms: Iterable[Room]) -> None:
    """Give each room an occupancy sensor, enable the sensors of utilization, and let weeks have passed.

    Restarts Home Assistant, which reads files only then.
    """
    today = datetime.now(ZoneInfo(home.time_zone)).date()
    past = {room.room_id: _days(room, today) for room in rooms}
    await show_people(home, past, ())
    await _choose(home, entry_id, _occupancy_sensors(past))
    await _enable(home)
    await home.stop()
    _write(home, entry_id, credentials, past, today)
    await home.start()
    await show_people(home, past, await known_states(home))
    await _import(home, past)


async def show_people(home: HomeAssistant, room_ids: Iterable[str], states: Iterable[Mapping[str, Any]]) -> None:
    """Set the occupancy sensors: people are in the rooms that are busy, except in every fourth room."""
    busy = {state["attributes"].get("room_id") for state in states if state["state"] == "on"}
    for number, (room_id, entity_id) in enumerate(_occupancy_sensors(room_ids).items(), 1):
        attributes = {"device_class": "occupancy", "friendly_name": f"People {number}"}
        state = "on" if room_id in busy and number % _EMPTY else "off"
        await home.post(f"/api/states/{entity_id}", {"state": state, "attributes": attributes})


def _occupancy_sensors(room_ids: Iterable[str]) -> dict[str, str]:
    return {room_id: f"binary_sensor.people_{number}" for number, room_id in enumerate(room_ids, 1)}


def _days(room: Room, today: date) -> Days:
    """Return what was counted: small rooms are nearly always booked, large ones seldom."""
    rng = random.Random(room.name)  # noqa: S311  # no secret
    usual = min(0.9, 5 / (room.capacity or 5)) * rng.uniform(0.7, 1)
    empty = rng.choice((0.02, 0.05, 0.3))
    days = (today - timedelta(days=back) for back in range(1, _DAYS + 1))
    return {day: {(day, hour): _hour(rng, usual, empty) for hour in _HOURS} for day in days if day.weekday() <= _FRIDAY}


def _hour(rng: random.Random, usual: float, empty: float) -> Numbers:
    booked = round(_HOUR * min(1, usual * rng.uniform(0.8, 1.2)))
    no_show = booked if rng.random() < empty else 0
    ad_hoc = round((_HOUR - booked) * rng.uniform(0, 0.3))
    used = round((booked - no_show) * rng.uniform(0.7, 0.95)) + ad_hoc
    return Numbers(_HOUR, _HOUR, booked, _HOUR, used, no_show, ad_hoc)


async def _choose(home: HomeAssistant, entry_id: str, sensors: Mapping[str, str]) -> None:
    flow = (await home.post(OPTIONS, {"handler": entry_id}))["flow_id"]
    await home.post(f"{OPTIONS}/{flow}", {"next_step_id": "occupancy"})
    for room_id, entity_id in sensors.items():
        await home.post(f"{OPTIONS}/{flow}", {"next_step_id": "occupancy_room"})
        await home.post(f"{OPTIONS}/{flow}", {"room": room_id})
        await home.post(f"{OPTIONS}/{flow}", {"sensors": [entity_id]})
    await home.post(f"{OPTIONS}/{flow}", {"next_step_id": "save"})


async def _sensors(home: HomeAssistant) -> list[tuple[dict[str, Any], str]]:
    """Return the sensors of utilization as in the registry, each with its key."""
    rows = await home.command({"type": "config/entity_registry/list"})
    ours = [row for row in rows if row["platform"] == DOMAIN]
    return [(row, key) for row in ours for key in _SHARES if row["unique_id"].endswith(f"_{key}")]


async def _enable(home: HomeAssistant) -> None:
    disabled = [row["entity_id"] for row, _ in await _sensors(home) if row["disabled_by"]]
    change = {"type": "config/entity_registry/update", "disabled_by": None}
    await home.commands({**change, "entity_id": entity_id} for entity_id in disabled)


def _write(home: HomeAssistant, entry_id: str, credentials: Credentials, past: Mapping[str, Days], today: date) -> None:
    """Write the files of the months, as the integration does."""
    owner = [entry_id, credentials.app_id, credentials.base_url]
    for month in kept_months(today):
        rooms = {
            room_id: {f"{day:%d}": text_of(tally, day) for day, tally in days.items() if day.replace(day=1) == month}
            for room_id, days in past.items()
        }
        if any(rooms.values()):
            slot = (month.year * 12 + month.month) % len(kept_months(today))
            content = {"month": f"{month:%Y-%m}", "rooms": rooms}
            home.store(f"{DOMAIN}.{entry_id}.utilization_{slot}", version=1, data={"owner": owner, "content": content})


async def _import(home: HomeAssistant, past: Mapping[str, Days]) -> None:
    zone = ZoneInfo(home.time_zone)
    shares = {room_id: _shares([days]) for room_id, days in past.items()}
    of_all = _shares(list(past.values()))
    messages = []
    for row, key in await _sensors(home):
        share, period = _SHARES[key]
        of_sensor = next((shares[room_id] for room_id in past if room_id in row["unique_id"]), of_all)
        stats = [
            {
                "start": datetime.combine(day, _STATISTIC_AT, zone).isoformat(),
                **dict.fromkeys(("mean", "min", "max"), values[share]),
            }
            for day, values in of_sensor[period].items()
        ]
        metadata = {
            "statistic_id": row["entity_id"],
            "source": "recorder",
            "name": None,
            "unit_of_measurement": "%",
            "unit_class": "unitless",
            "mean_type": _ARITHMETIC,
            "has_sum": False,
        }
        messages.append({"type": "recorder/import_statistics", "metadata": metadata, "stats": stats})
    await home.commands(messages)


def _shares(of_rooms: list[Days]) -> dict[str, dict[date, dict[Share, float | None]]]:
    """Return the shares of some rooms by period and day; those of a month are as of the day."""
    today, this_month = {}, {}
    for _, days in groupby(sorted(of_rooms[0]), lambda day: (day.year, day.month)):
        so_far = Numbers()
        for day in days:
            of_day = Numbers.sum(numbers for room in of_rooms for numbers in room[day].values())
            so_far = Numbers.sum((so_far, of_day))
            today[day], this_month[day] = of_day.shares, so_far.shares
    return {"today": today, "this_month": this_month}
