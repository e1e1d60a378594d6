"""What is known of all rooms: a status that was read later is not replaced by an earlier one."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.feishu_freebusy.feishu.directory import Catalogue
from custom_components.feishu_freebusy.feishu.models import Room, RoomStatus
from custom_components.feishu_freebusy.model.directory import KnownRooms

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OPEN, CLOSED = (Room("omm_1", "Orion", status=RoomStatus(enabled=enabled)) for enabled in (True, False))


@pytest.mark.parametrize(("asked_at", "expected"), [(1, CLOSED), (2, OPEN), (3, OPEN)])
def test_an_answer_that_was_asked_for_earlier_replaces_no_later_one(asked_at: int, expected: Room) -> None:
    known = KnownRooms(Catalogue({"omm_1": OPEN}, {}), START).with_statuses(["omm_1"], [CLOSED], START + 2 * SECOND)

    known = known.with_statuses(["omm_1"], [OPEN], START + asked_at * SECOND)

    assert known.catalogue.rooms["omm_1"].status == expected.status


def test_an_earlier_answer_without_a_room_does_not_make_it_absent() -> None:
    known = KnownRooms(Catalogue({"omm_1": OPEN}, {}), START).with_statuses(["omm_1"], [CLOSED], START + 2 * SECOND)

    assert not known.with_statuses(["omm_1"], [], START + SECOND).is_missing("omm_1")
    assert known.with_statuses(["omm_1"], [], START + 3 * SECOND).is_missing("omm_1")
