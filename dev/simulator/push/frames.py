"""The frames of the long connection, written without a look at the client's codec: each is a check of the other."""

from dataclasses import dataclass
from typing import Final

CONTROL, DATA = 0, 1
NUMBERS: Final = (1, 2, 3, 4)  # SeqID, LogID, service, method
HEADERS, PAYLOAD = 5, 8
TEXTS: Final = {6: "payload_encoding", 7: "payload_type", 9: "log_id_new"}
VARINT, BYTES = 0, 2


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. ``None`` leaves an optional field out. ``unknown`` is sent as it is, after all other fields."""

    seq_id: int
    log_id: int
    service: int
    method: int
    headers: tuple[tuple[str, str], ...] = ()
    payload: bytes | None = None
    payload_encoding: str | None = ""
    payload_type: str | None = ""
    log_id_new: str | None = None
    unknown: bytes = b""

    def header(self, key: str) -> str:
        """Return the value of a header, empty if it is missing."""
        return dict(reversed(self.headers)).get(key, "")

    def encode(self) -> bytes:
        """Return the frame as Go peers write it: all fields in the order of their numbers."""
        numbers = (self.seq_id, self.log_id, self.service, self.method)
        parts = [_key(number, VARINT) + _varint(value) for number, value in zip(NUMBERS, numbers, strict=True)]
        parts += [_block(HEADERS, _block(1, key.encode()) + _block(2, value.encode())) for key, value in self.headers]
        for number in (6, 7, PAYLOAD, 9):
            value = self.payload if number == PAYLOAD else getattr(self, TEXTS[number])
            if value is not None:
                parts.append(_block(number, value.encode() if isinstance(value, str) else value))
        return b"".join(parts) + self.unknown


def decode(data: bytes) -> Frame:
    """Return the frame of a client; raise ``ValueError`` for anything that a client must not send."""
    numbers: dict[int, int] = {}
    headers: list[tuple[str, str]] = []
    texts: dict[str, str] = {}
    payload: bytes | None = None
    unknown = b""
    for number, value, raw in _split(data):
        if number in NUMBERS and isinstance(value, int):
            numbers[number] = value
        elif number == HEADERS and isinstance(value, bytes):
            headers.append(_header(value))
        elif number == PAYLOAD and isinstance(value, bytes):
            payload = value
        elif number in TEXTS and isinstance(value, bytes):
            texts[TEXTS[number]] = value.decode()
        else:
            unknown += raw
    if len(numbers) < len(NUMBERS):
        raise ValueError("a required field is missing")
    service, method = (_signed(numbers[number]) for number in (3, 4))
    return Frame(
        numbers[1],
        numbers[2],
        service,
        method,
        tuple(headers),
        payload,
        texts.get("payload_encoding"),
        texts.get("payload_type"),
        texts.get("log_id_new"),
        unknown,
    )


def _header(data: bytes) -> tuple[str, str]:
    parts = {number: value.decode() for number, value, _ in _split(data) if isinstance(value, bytes)}
    if parts.keys() != {1, 2}:
        raise ValueError("a header has a key and a value")
    return parts[1], parts[2]


def _split(data: bytes) -> list[tuple[int, int | bytes, bytes]]:
    """Return number, value and bytes of each field."""
    fields: list[tuple[int, int | bytes, bytes]] = []
    rest = data
    while rest:
        whole = rest
        tag, rest = _read(rest)
        value, rest = _read(rest) if tag & 7 in {VARINT, BYTES} else (0, rest)
        content: int | bytes = value
        if tag & 7 != VARINT:
            size = {1: 8, BYTES: value, 5: 4}.get(tag & 7, len(rest) + 1)
            if size > len(rest):
                raise ValueError("a field is cut off or has a wrong wire type")
            content, rest = rest[:size], rest[size:]
        fields.append((tag >> 3, content, whole[: len(whole) - len(rest)]))
    return fields


def _read(data: bytes) -> tuple[int, bytes]:
    number = 0
    for index, byte in enumerate(data[:10]):
        number |= (byte & 127) << (7 * index)
        if byte < 128:
            return number, data[index + 1 :]
    raise ValueError("a number has no end")


def _signed(number: int) -> int:
    value = number & (2**32 - 1)
    return value - 2**32 if value >= 2**31 else value


def _key(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _block(number: int, content: bytes) -> bytes:
    return _key(number, BYTES) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    value = number % 2**64
    groups = [value >> shift & 127 for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([group | 128 for group in groups[:-1]] + groups[-1:])
