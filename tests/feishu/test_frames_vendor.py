"""Our codec and the vendor's classes accept the same frames and read the same from them."""

from typing import Any

from hypothesis import given, strategies as st
from lark_oapi.ws.pb.pbbp2_pb2 import Frame as VendorFrame

from custom_components.feishu_freebusy.feishu import frames
from custom_components.feishu_freebusy.feishu.frames import Frame, FrameError, IncompleteFrameError
from tests.conftest import examples

from .test_frames import ACK, EVENT, FRAGMENT_0, MAXIMA, NEGATIVE_SERVICE, PING, PONG_WITH_CONFIG, SMALLEST

VECTORS = [
    bytes.fromhex(each)
    for each in (ACK, EVENT, FRAGMENT_0, MAXIMA, NEGATIVE_SERVICE, PING, PONG_WITH_CONFIG, SMALLEST, SMALLEST + "7801")
]
UINT64 = st.one_of(st.integers(0, 300), st.integers(0, 2**64 - 1), st.just(2**64 - 1))
INT32 = st.one_of(st.integers(-2, 300), st.integers(-(2**31), 2**31 - 1))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# Fields that neither side knows, with numbers of one and of several bytes
UNKNOWN = st.sampled_from(["7801", "7a0161", "7d01020304", "790102030405060708", "8008ff01", "f8ffffff0f01", "880001"])


@st.composite
def vendor_frames(draw: st.DrawFn) -> Any:
    """Draw a complete frame of the vendor's class."""
    frame = VendorFrame()
    frame.SeqID, frame.LogID = draw(UINT64), draw(UINT64)
    frame.service, frame.method = draw(INT32), draw(INT32)
    for key, value in draw(st.lists(st.tuples(TEXT, TEXT), max_size=8)):
        header = frame.headers.add()
        header.key, header.value = key, value
    for name in ("payload_encoding", "payload_type", "LogIDNew"):
        text = draw(st.none() | TEXT)
        if text is not None:
            setattr(frame, name, text)
    payload = draw(st.none() | st.binary(max_size=200))
    if payload is not None:
        frame.payload = payload
    return frame


@st.composite
def changed_frames(draw: st.DrawFn) -> bytes:
    """Draw the bytes of a frame, changed in a few places."""
    content = bytearray(draw(st.sampled_from(VECTORS) | vendor_frames().map(lambda frame: frame.SerializeToString())))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(["replace", "insert", "cut", "drop", "unknown", "repeat"])):
            case "replace" if place < len(content):
                content[place] = draw(st.integers(0, 255))
            case "insert":
                content[place:place] = draw(st.binary(min_size=1, max_size=12))
            case "cut":
                del content[place:]
            case "drop":
                del content[place : place + draw(st.integers(1, 4))]
            case "unknown":
                content += bytes.fromhex(draw(UNKNOWN))
            case "repeat":
                content += content[:place]
    return bytes(content)


def read_by_vendor(data: bytes) -> Any:
    """Return the vendor's frame, None if its parser refuses the bytes."""
    frame = VendorFrame()
    try:
        frame.ParseFromString(data)
    except Exception:  # noqa: BLE001  # it raises various errors
        return None
    return frame


def read_by_us(data: bytes) -> tuple[Frame | None, FrameError | None]:
    """Return our frame, or the error if our decoder refuses the bytes."""
    try:
        return frames.decode(data), None
    except FrameError as error:
        return None, error


def has_group(data: bytes) -> bool:
    """Return whether the vendor's frame has a group, which we refuse. `UnknownFieldSet` tells the wire types."""
    frame = read_by_vendor(data)
    messages = [] if frame is None else [frame, *frame.headers]
    return any(each.wire_type == 3 for message in messages for each in message.UnknownFields())


def assert_same(ours: Frame, theirs: Any) -> None:
    assert (ours.seq_id, ours.log_id, ours.service, ours.method) == (
        theirs.SeqID,
        theirs.LogID,
        theirs.service,
        theirs.method,
    )
    assert ours.headers == tuple((header.key, header.value) for header in theirs.headers)
    assert ours.payload == theirs.payload


@examples(4)
@given(st.binary(max_size=60) | changed_frames())
def test_the_same_frames_are_accepted_and_refused(data: bytes) -> None:
    theirs, (ours, refusal) = read_by_vendor(data), read_by_us(data)
    if isinstance(refusal, IncompleteFrameError):
        assert theirs is not None
        assert not theirs.IsInitialized()
    elif ours is None:
        assert theirs is None or (str(refusal) == "a wire type that is not supported" and has_group(data))
    else:
        assert theirs is not None
        assert theirs.IsInitialized()
        assert_same(ours, theirs)
        assert ours.encoded() == data
        acknowledged = read_by_vendor(frames.ack(ours, 7))
        assert [(each.key, each.value) for each in acknowledged.headers] == [*ours.headers, ("biz_rt", "7")]
        assert acknowledged.payload == b'{"code":200}'
        assert acknowledged.LogIDNew == theirs.LogIDNew


@given(vendor_frames(), st.integers(0, 10**6))
def test_acknowledgment_is_byte_identical_to_the_vendors(theirs: Any, milliseconds: int) -> None:
    data = theirs.SerializeToString()
    ours = frames.decode(data)
    assert ours.encoded() == data
    assert_same(ours, theirs)
    header = theirs.headers.add()
    header.key, header.value = "biz_rt", str(milliseconds)
    theirs.payload = b'{"code":200}'
    assert frames.ack(ours, milliseconds) == theirs.SerializeToString()


@given(INT32)
def test_ping_is_byte_identical_to_the_vendors(service: int) -> None:
    theirs = VendorFrame(SeqID=0, LogID=0, service=service, method=0)
    header = theirs.headers.add()
    header.key, header.value = "type", "ping"
    assert frames.ping(service) == theirs.SerializeToString()
