"""What goes over the wire: the JSON of an event, and the frames that carry it in each variant."""

from dataclasses import dataclass, replace
from datetime import datetime
import json
from typing import Final

from simulator.variants import Variants

from .frames import DATA, Frame

STATUS_CHANGED: Final = "meeting_room.meeting_room.status_changed_v1"
ROOM: Final = "vc.room.{}_v1"
TOKEN_REVOKED: Final = "auth.user_access_token.revoked_v4"
LEVEL_CREATED: Final = "vc.room_level.created_v1"
FOREIGN_APP: Final = "cli_ffffffffffff0000"
UNKNOWN_FIELDS: Final = bytes.fromhex("7801" + "8901" + "0102030405060708" + "950101020304" + "9a010161")
HUGE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Wire:
    """What to send for one delivery. ``expected`` is the frame that the client acknowledges; ``None``: none of them."""

    messages: tuple[bytes | str, ...]
    expected: Frame | None


def payload(
    variants: Variants, event_id: str, event_type: str, event: dict[str, object], app: tuple[str, str], now: datetime
) -> bytes:
    """Return the JSON of an event. ``app`` is the app's id and the tenant's key."""
    app_id = FOREIGN_APP if variants.event_app_id == "foreign" else app[0]
    token = "" if variants.event_token == "empty" else "v-simulated-token"
    milliseconds = round(now.timestamp() * 1000)
    if variants.event_envelope == "v1":
        body: dict[str, object] = {
            "ts": f"{milliseconds / 1000:.6f}",
            "uuid": event_id,
            "token": token,
            "type": "event_callback",
            "event": {"type": event_type, "app_id": app_id, "tenant_key": app[1], **event},
        }
    else:
        header = {
            "event_id": event_id,
            "event_type": event_type,
            "create_time": f"{milliseconds}000" if variants.event_time == "microseconds" else str(milliseconds),
            "token": token,
            "app_id": app_id,
            "tenant_key": app[1],
        }
        body = {"schema": "2.0", "header": header, "event": event}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def wire(variants: Variants, frame: Frame, content: bytes) -> Wire:
    """Return the messages that carry ``content``; ``frame`` has all fields but ``sum``, ``seq`` and the payload."""
    kind = variants.frames
    whole = _part(frame, 0, 1, content)
    if kind in _SPLIT:
        return _in_parts(frame, content, kind)
    if kind in _BROKEN:
        return Wire((_broken(frame, content, kind),), None)
    if kind == "unknown_field":
        whole = replace(whole, unknown=UNKNOWN_FIELDS)
    if kind == "headers_missing":
        whole = replace(whole, headers=(("type", "event"),))
    stray: dict[str, bytes | str] = {
        "text": "hello",
        "method_7": replace(whole, seq_id=whole.seq_id + 1, method=7).encode(),
        "card": replace(
            whole,
            seq_id=whole.seq_id + 1,
            headers=tuple((key, "card" if key == "type" else value) for key, value in whole.headers),
        ).encode(),
    }
    return Wire((*([stray[kind]] if kind in stray else []), whole.encode()), whole)


_SPLIT: Final = frozenset({"fragments", "fragments_reversed", "fragment_twice", "fragment_missing", "fragment_empty"})
_BROKEN: Final = frozenset({"seq_too_large", "sum_huge", "bad_utf8", "cut_off", "required_field_missing"})


def _in_parts(frame: Frame, content: bytes, kind: str) -> Wire:
    third = len(content) // 3
    cuts = [content[:third], content[third : 2 * third], content[2 * third :]]
    if kind == "fragment_empty":
        cuts.insert(1, b"")
    parts = [_part(frame, index, len(cuts), cut) for index, cut in enumerate(cuts)]
    if kind == "fragments_reversed":
        parts.reverse()
    if kind == "fragment_twice":
        parts.insert(1, parts[0])
    if kind == "fragment_missing":
        return Wire(tuple(part.encode() for part in parts[:-1]), None)
    return Wire(tuple(part.encode() for part in parts), parts[-1])


def _broken(frame: Frame, content: bytes, kind: str) -> bytes:
    if kind == "seq_too_large":
        return _part(frame, 2, 2, content).encode()
    if kind == "sum_huge":
        return _part(frame, 0, HUGE, content).encode()
    encoded = _part(frame, 0, 1, content).encode()
    if kind == "bad_utf8":
        return encoded + bytes.fromhex("4a02c328")
    return encoded[:-1] if kind == "cut_off" else encoded[2:]  # the second: without the SeqID


def _part(frame: Frame, index: int, total: int, content: bytes) -> Frame:
    kind, message, *others = frame.headers
    numbers = (("sum", str(total)), ("seq", str(index)))
    return replace(
        frame,
        seq_id=frame.seq_id + index,
        headers=(kind, message, *numbers, *others),
        payload=content,
    )


def data_frame(seq_id: int, log_id: int, service: int, message_id: str, now: datetime) -> Frame:
    """Return the frame of an event without its payload."""
    headers = (
        ("type", "event"),
        ("message_id", message_id),
        ("trace_id", f"trace-{message_id}"),
        ("timestamp", str(round(now.timestamp() * 1000))),
        ("instance_id", f"instance-{service}"),
    )
    return Frame(seq_id, log_id, service, DATA, headers, log_id_new=str(log_id))
