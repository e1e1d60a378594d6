"""Events of the long connection: both envelopes, and everything that may be odd in them."""

from datetime import UTC, datetime
import json
from typing import Any

from hypothesis import given
import pytest

from custom_components.feishu_freebusy.feishu.hints import (
    STATUS_CHANGED,
    TOKEN_REVOKED,
    CatalogueChanged,
    ForeignEvent,
    Hint,
    OtherEvent,
    RoomChanged,
    RulesChanged,
    TokenRevoked,
    UnreadableHintError,
    read_hint,
)

from .odd import odd_values
from .test_frames import EVENT, decode

APP = "cli_a1b2c3d4e5f60001"
CREATED = datetime(2020, 12, 16, 12, 3, 9, tzinfo=UTC)


def read(event_type: object = STATUS_CHANGED, event: Any = None, **header: Any) -> Hint:
    """Read an event in the newer envelope."""
    head = {"event_id": "e1", "event_type": event_type, "create_time": "1608120189000", "app_id": APP, **header}
    body = {
        "schema": "2.0",
        "header": head,
        "event": {"room_id": "omm_1", "room_name": "Orion"} if event is None else event,
    }
    return read_hint(json.dumps(body).encode(), APP)


def test_event_of_a_room() -> None:
    assert read() == RoomChanged(event_id="e1", event_type=STATUS_CHANGED, created_at=CREATED, room_id="omm_1")


def test_event_of_the_documentation() -> None:
    hint = read_hint(decode(EVENT).payload, "cli_9f5343c580712544")
    assert isinstance(hint, RoomChanged)
    assert hint.room_id == "omm_8d020b12fe49e82847c2af3c193d5754"
    assert hint.event_id == "5e3702a84e847582be8db7fb73283c02"


def test_older_envelope() -> None:
    event = {"type": STATUS_CHANGED, "app_id": APP, "room_id": "omm_1"}
    body = {"ts": "1608120189.000000", "uuid": "u1", "token": "", "type": "event_callback", "event": event}
    hint = read_hint(json.dumps(body).encode(), APP)
    assert hint == RoomChanged(event_id="u1", event_type=STATUS_CHANGED, created_at=CREATED, room_id="omm_1")


@pytest.mark.parametrize(
    "room_id",
    ["omb_1", "omm_", "omm_1/2", "omm_" + "1" * 97, "OMM_1", " omm_1", "omm_1\n", "omm_é", 7, None, ["omm_1"]],
)
def test_event_of_a_room_with_another_id_is_no_hint_about_a_room(room_id: object) -> None:
    assert isinstance(read(event={"room_id": room_id}), OtherEvent)


@pytest.mark.parametrize(
    "event_type", ["vc.room.created_v1", "vc.room.updated_v1", "vc.room.deleted_v1", "vc.room_level.updated_v1"]
)
def test_event_of_the_catalogue(event_type: str) -> None:
    assert isinstance(read(event_type, {}), CatalogueChanged)


def test_event_of_a_revoked_token_names_the_person() -> None:
    event = {"revoke_token_type": "refresh_token", "revoke_reason": "revoked by user", "open_id": "ou_1"}

    assert read(TOKEN_REVOKED, event) == TokenRevoked(
        event_id="e1", event_type=TOKEN_REVOKED, created_at=CREATED, open_id="ou_1"
    )


@pytest.mark.parametrize("open_id", ["", "on_1", "ou_", "ou_1/2", 7, None, ["ou_1"]])
def test_event_of_a_revoked_token_without_a_person_is_no_hint(open_id: object) -> None:
    assert isinstance(read(TOKEN_REVOKED, {"open_id": open_id}), OtherEvent)


@pytest.mark.parametrize(("scope_type", "is_room"), [(2, True), (1, False), (None, False), ("2", False)])
def test_event_of_booking_rules(scope_type: object, is_room: bool) -> None:
    hint = read("vc.reserve_config.updated_v1", {"scope_id": "omb_1", "scope_type": scope_type})
    assert isinstance(hint, RulesChanged)
    assert (hint.scope_id, hint.is_room) == ("omb_1", is_room)


@pytest.mark.parametrize(
    "event_type",
    ["meeting_room.meeting_room.created_v1", "vc.meeting.all_meeting_started_v1", "vc.reserve_config.updated_v1", "x"],
)
def test_other_events(event_type: str) -> None:
    assert isinstance(read(event_type, {}), OtherEvent)


def test_event_of_another_app_is_foreign() -> None:
    assert isinstance(read(app_id="cli_0"), ForeignEvent)


@pytest.mark.parametrize("app_id", ["", None, 7, APP])
def test_event_without_an_app_is_ours(app_id: object) -> None:
    assert isinstance(read(app_id=app_id), RoomChanged)


@pytest.mark.parametrize(
    ("create_time", "expected"),
    [
        ("1608120189000", CREATED),
        ("1608120189000000", CREATED),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("-5", None),
        ("0", None),
        ("9" * 400, None),
        (1608120189000, None),
        (None, None),
    ],
)
def test_time_of_an_event(create_time: object, expected: datetime | None) -> None:
    assert read(create_time=create_time).created_at == expected


@pytest.mark.parametrize("event_id", [None, 7, "", "x" * 201])
def test_event_without_a_usable_id(event_id: object) -> None:
    assert read(event_id=event_id).event_id == ""


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"{", b"null", b"[]", b"7", b'{"header":{"event_type":"a"}}', b'{"header":{},"event":{}}'),
        *(b'{"event":[]}', b'{"event":{}}', b"\xff", b"[" * 100_000, b'{"header":{"event_type":7},"event":{}}'),
        b'{"event":{"type":"a"},"x":"' + bytes(1024 * 1024) + b'"}',
    ],
)
def test_unreadable_event(payload: bytes) -> None:
    with pytest.raises(UnreadableHintError):
        read_hint(payload, APP)


@given(odd_values(), odd_values(), odd_values())
def test_odd_values_give_a_hint_or_an_error(header: Any, event: Any, value: Any) -> None:
    for body in (
        {"header": header, "event": event},
        {"header": {"event_type": value, "event_id": event, "create_time": value, "app_id": header}, "event": {}},
        {"event": {"type": STATUS_CHANGED, "room_id": value}, "uuid": value, "ts": value},
        {"header": {"event_type": STATUS_CHANGED}, "event": {"room_id": value}},
    ):
        try:
            payload = json.dumps(body, default=str).encode()
        except ValueError, RecursionError, UnicodeEncodeError:
            continue
        try:
            hint = read_hint(payload, APP)
        except UnreadableHintError:
            continue
        assert isinstance(hint, Hint)
