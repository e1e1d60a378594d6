"""Readings and catalogues as JSON: they round-trip, and damaged JSON is rejected."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any

from hypothesis import given, strategies as st

from custom_components.feishu_freebusy.feishu.directory import Catalogue
from custom_components.feishu_freebusy.feishu.models import BusyPeriod, Room, RoomLevel, RoomStatus, RsvpStatus
from custom_components.feishu_freebusy.model.directory import KnownRooms
from custom_components.feishu_freebusy.model.subject import Reading
from custom_components.feishu_freebusy.sync.codec import (
    catalogue_from_json,
    catalogue_to_json,
    readings_from_json,
    readings_to_json,
)

texts = st.text(max_size=8)
ids = st.text(min_size=1, max_size=6)
instants = st.datetimes(timezones=st.just(UTC))
periods = st.builds(
    lambda start, end, rsvp: BusyPeriod(min(start, end), max(start, end), rsvp),
    instants,
    instants,
    st.sampled_from([None, *RsvpStatus]),
)
readings = st.builds(
    Reading,
    periods=st.lists(periods, max_size=6).map(tuple),
    window_start=instants,
    horizon=instants,
    read_at=instants,
    fresh_until=instants,
    include_external_calendar=st.booleans(),
)
statuses = st.builds(
    RoomStatus, st.booleans(), st.none() | instants, st.none() | instants, texts, st.none() | st.booleans()
)
rooms = st.builds(
    Room,
    room_id=ids,
    name=texts,
    capacity=st.integers(0, 10**6),
    room_level_id=texts,
    path=st.lists(texts, max_size=3).map(tuple),
    equipment=st.lists(texts, max_size=3).map(tuple),
    status=st.none() | statuses,
)
room_levels = st.builds(RoomLevel, ids, texts, texts, st.booleans())


@st.composite
def catalogues(draw: st.DrawFn) -> KnownRooms:
    """Return a catalogue in which some rooms are missing."""
    known = {room.room_id: room for room in draw(st.lists(rooms, max_size=4))}
    level_ids = {level.room_level_id: level for level in draw(st.lists(room_levels, max_size=4))}
    scans = {room_id: draw(st.integers(0, 9)) for room_id in known if draw(st.booleans())}
    return KnownRooms(
        Catalogue(known, level_ids),
        draw(instants),
        missing=scans,
        told_at={room_id: draw(instants) for room_id in scans},
        gone=draw(st.frozensets(ids, max_size=3)),
        scopes=draw(st.none() | st.frozensets(ids, max_size=3)),
        was_listed=draw(st.booleans()),
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | instants.map(datetime.isoformat),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def through_json(value: Any) -> Any:
    """Return the value after a round trip through JSON."""
    return json.loads(json.dumps(value))


@given(st.dictionaries(ids, readings, max_size=3))
def test_readings_round_trip(read: dict[str, Reading]) -> None:
    assert readings_from_json(through_json(readings_to_json(read))) == read


@given(catalogues())
def test_catalogue_round_trips(read: KnownRooms) -> None:
    found = catalogue_from_json(through_json(catalogue_to_json(read)))
    assert found == read
    assert list(found.catalogue.rooms) == list(read.catalogue.rooms)


@given(values)
def test_arbitrary_json_is_rejected_without_an_error(value: Any) -> None:
    assert all(isinstance(reading, Reading) for reading in readings_from_json(value).values())
    assert catalogue_from_json(value) is None


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every element in a value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [*([path] if path else []), *(place for key in keys for place in places(value[key], (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: object) -> None:
    """Replace the element at a path."""
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = new


@given(st.data(), readings)
def test_damaged_reading_is_read_completely_or_rejected(data: st.DataObject, read: Reading) -> None:
    stored = through_json(readings_to_json({"omm_1": read}))
    put(stored, data.draw(st.sampled_from(places(stored))), data.draw(values))

    found = readings_from_json(stored).get("omm_1")

    assert found is None or readings_to_json({"omm_1": found}) == stored  # nothing lost, nothing added


@given(st.data(), catalogues())
def test_damaged_catalogue_is_read_completely_or_rejected(data: st.DataObject, read: KnownRooms) -> None:
    stored = through_json(catalogue_to_json(read))
    put(stored, data.draw(st.sampled_from(places(stored))), data.draw(values))

    found = catalogue_from_json(stored)

    assert found is None or through_json(catalogue_to_json(found)).keys() == stored.keys()
    if found:
        assert len(stored["rooms"]) >= len(found.catalogue.rooms)
        found.followed(["omb_1"])


def test_json_format_of_a_reading() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    hour = timedelta(hours=1)
    rows = (BusyPeriod(noon, noon + hour, RsvpStatus.ACCEPT), BusyPeriod(noon + hour, noon + 2 * hour))

    written = readings_to_json({"omm_1": Reading(rows, noon - hour, noon + 9 * hour, noon, noon + hour)})

    assert written == {
        "omm_1": {
            "window_start": "2026-11-23T11:00:00",
            "horizon": "2026-11-23T21:00:00",
            "read_at": "2026-11-23T12:00:00",
            "fresh_until": "2026-11-23T13:00:00",
            "include_external_calendar": True,
            "periods": "2026-11-23T12:00:00/2026-11-23T13:00:00 accept, 2026-11-23T13:00:00/2026-11-23T14:00:00",
        }
    }
