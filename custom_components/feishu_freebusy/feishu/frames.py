"""The frames of Feishu's long connection: their codec, and messages that are split into several frames.

Each binary WebSocket message is one frame: a protobuf (proto2) message with the fields SeqID 1, LogID 2, service 3,
method 4, headers 5, payload_encoding 6, payload_type 7, payload 8 and LogIDNew 9. A header has a key 1 and a value 2.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

CONTROL = 0
DATA = 1

MAX_FRAME = 1024 * 1024  # bytes
_MAX_FIELDS = 256  # Feishu sends about 15; each costs time and memory
_MAX_HEADER_FIELDS = 8
_MAX_FRAGMENTS = 64
_MAX_SETS = 16
_MAX_ASSEMBLED = 4 * 1024 * 1024  # bytes, of all open messages
_FRAGMENT_LIFE = 10.0  # seconds

_VARINT, _BYTES = 0, 2
_LONGEST_VARINT = 10  # bytes
_ONE_BYTE = 0x80
_MASK64 = (1 << 64) - 1
_SIGN32 = 1 << 31

# A known field is recognized by its tag, which is one byte: the number and the wire type
_SEQ_ID, _LOG_ID, _SERVICE, _METHOD = (number << 3 | _VARINT for number in range(1, 5))
_HEADER, _PAYLOAD_ENCODING, _PAYLOAD_TYPE, _PAYLOAD, _LOG_ID_NEW = (number << 3 | _BYTES for number in range(5, 10))
_KEY, _VALUE = (number << 3 | _BYTES for number in range(1, 3))
_UNKNOWN = 256
_REQUIRED = (_SEQ_ID, _LOG_ID, _SERVICE, _METHOD)
_TEXTS = frozenset({_PAYLOAD_ENCODING, _PAYLOAD_TYPE, _LOG_ID_NEW})

type _Record = tuple[int, bytes]  # a tag and the bytes of the whole field


class FrameError(ValueError):
    """A message that is not a frame."""


class IncompleteFrameError(FrameError):
    """A frame without a required field."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `records` are its fields as they were received, unknown ones included.

    `seq_id` and `log_id` are unsigned 64-bit numbers, `service` and `method` signed 32-bit numbers.
    """

    seq_id: int
    log_id: int
    service: int
    method: int
    headers: tuple[tuple[str, str], ...] = ()
    payload: bytes = field(default=b"", repr=False)  # names rooms
    records: tuple[_Record, ...] = field(default=(), repr=False)

    def header(self, key: str) -> str | None:
        """Return the first value of a header, None if there is none."""
        return next((value for name, value in self.headers if name == key), None)

    def encoded(self) -> bytes:
        """Return the bytes from which the frame was decoded."""
        return b"".join(raw for _, raw in self.records)


def decode(data: bytes) -> Frame:
    """Return the frame in a message. Raises `FrameError`.

    The vendor's client accepts the same frames, apart from groups (deprecated in protobuf) and from the limits of this
    module. If a field occurs twice, the last one counts.
    """
    if len(data) > MAX_FRAME:
        raise FrameError("the frame is too large")
    numbers: dict[int, int] = {}
    headers: list[tuple[str | None, str | None]] = []
    payload = b""
    records: list[_Record] = []
    for tag, value, start, end in _fields(data, _MAX_FIELDS):
        records.append((tag, data[start:end]))
        if isinstance(value, int):
            numbers[tag] = value
        elif tag == _HEADER:
            headers.append(_decode_header(value))
        elif tag == _PAYLOAD:
            payload = value
        elif tag in _TEXTS:
            _decode_text(value)
    complete = [(key, value) for key, value in headers if key is not None and value is not None]
    if len(complete) < len(headers) or not all(tag in numbers for tag in _REQUIRED):
        raise IncompleteFrameError("a required field is missing")
    return Frame(
        numbers[_SEQ_ID],
        numbers[_LOG_ID],
        _int32(numbers[_SERVICE]),
        _int32(numbers[_METHOD]),
        tuple(complete),
        payload,
        tuple(records),
    )


def ping(service: int) -> bytes:
    """Return the ping of a client. `service` is the number in the connection's URL."""
    numbers = zip(_REQUIRED, (0, 0, service, CONTROL), strict=True)
    return b"".join(bytes((tag,)) + _varint(number) for tag, number in numbers) + _header("type", "ping")


def ack(frame: Frame, milliseconds: int) -> bytes:
    """Return the acknowledgment of a data frame: the same frame with one more header and another payload.

    Feishu delivers an event again if any of the frame's headers is missing. `milliseconds` is the time that it took.
    """
    records = [record for record in frame.records if record[0] != _PAYLOAD]
    _insert(records, _HEADER, _header("biz_rt", str(milliseconds)))
    _insert(records, _PAYLOAD, _bytes(_PAYLOAD, b'{"code":200}'))
    return b"".join(raw for _, raw in records)


class Fragments:
    """Joins messages that arrive in several frames. Messages that stay incomplete are forgotten."""

    def __init__(self) -> None:
        self._sets: dict[str, _FragmentSet] = {}
        self._size = 0

    def add(self, frame: Frame, now: float) -> bytes | None:
        """Add a data frame that arrived at `now` (seconds). Return the message if it is complete, None otherwise.

        Raises `FrameError` if the numbers of the fragment are impossible or a limit is exceeded.
        """
        total, index = _number(frame.header("sum"), 1), _number(frame.header("seq"), 0)
        if not 1 <= total <= _MAX_FRAGMENTS or not 0 <= index < total:
            raise FrameError("the numbers of the fragment are impossible")
        if total == 1:
            return frame.payload
        self._forget_old(now)
        message_id = frame.header("message_id") or ""
        parts = self._sets.get(message_id)
        if parts is None:
            parts = self._sets[message_id] = _FragmentSet(total, now + _FRAGMENT_LIFE)
            if len(self._sets) > _MAX_SETS:
                self._drop(next(iter(self._sets)))
        if parts.total != total:
            self._drop(message_id)
            raise FrameError("the fragments do not belong together")
        if index in parts.payloads:
            return None
        parts.payloads[index] = frame.payload
        self._size += len(frame.payload)
        if self._size > _MAX_ASSEMBLED:
            self._drop(message_id)
            raise FrameError("the message is too large")
        if len(parts.payloads) < total:
            return None
        self._drop(message_id)
        return b"".join(parts.payloads[number] for number in range(total))

    def _forget_old(self, now: float) -> None:
        for message_id in [each for each, parts in self._sets.items() if parts.expires_at <= now]:
            self._drop(message_id)

    def _drop(self, message_id: str) -> None:
        self._size -= sum(map(len, self._sets.pop(message_id).payloads.values()))


@dataclass(slots=True)
class _FragmentSet:
    total: int
    expires_at: float
    payloads: dict[int, bytes] = field(default_factory=dict)


def _fields(data: bytes, most: int) -> Iterator[tuple[int, int | bytes, int, int]]:
    """Yield the tag, the value, the start and the end of each field. The tag is `_UNKNOWN` for unknown fields."""
    position, size = 0, len(data)
    while position < size:
        most -= 1
        if most < 0:
            raise FrameError("too many fields")
        start = position
        tag, position = _read_varint(data, position)
        if tag >> 3 == 0:
            raise FrameError("field number 0")
        value: int | bytes = b""
        match tag & 7:
            case 0:
                value, position = _read_varint(data, position)
            case 2:
                length, position = _read_varint(data, position)
                value = data[position : position + length]
                position += length
            case 1:
                position += 8
            case 5:
                position += 4
            case _:
                raise FrameError("a wire type that is not supported")
        if position > size:
            raise FrameError("the frame is cut off")
        yield data[start] if data[start] < _ONE_BYTE else _UNKNOWN, value, start, position


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Return a number and the position after it."""
    number = shift = 0
    for byte in data[position : position + _LONGEST_VARINT]:
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < _ONE_BYTE:
            return number & _MASK64, position
        shift += 7
    raise FrameError("a number is cut off or too long")


def _decode_header(data: bytes) -> tuple[str | None, str | None]:
    key = value = None
    for tag, content, _, _ in _fields(data, _MAX_HEADER_FIELDS):
        if isinstance(content, bytes) and tag == _KEY:
            key = _decode_text(content)
        elif isinstance(content, bytes) and tag == _VALUE:
            value = _decode_text(content)
    return key, value


def _decode_text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FrameError("a text is not UTF-8") from None


def _insert(records: list[_Record], tag: int, raw: bytes) -> None:
    """Insert a field after the last one whose number is not higher."""
    place = max((index + 1 for index, (each, _) in enumerate(records) if each <= tag), default=0)
    records.insert(place, (tag, raw))


def _header(key: str, value: str) -> bytes:
    return _bytes(_HEADER, _bytes(_KEY, key.encode()) + _bytes(_VALUE, value.encode()))


def _bytes(tag: int, data: bytes) -> bytes:
    return bytes((tag,)) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    """Return the encoding of a number; a negative one takes ten bytes."""
    number &= _MASK64
    encoded = bytearray()
    while number >= _ONE_BYTE:
        encoded.append(number & 0x7F | _ONE_BYTE)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _int32(number: int) -> int:
    return ((number & 0xFFFFFFFF) ^ _SIGN32) - _SIGN32


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_VARINT else -1
