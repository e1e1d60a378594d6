"""The frames of the long connection. The hexadecimal texts were made with the vendor's own classes."""

from hashlib import sha256
import json
import time
import tracemalloc

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu import frames
from custom_components.feishu_freebusy.feishu.frames import Fragments, Frame, FrameError, IncompleteFrameError

PING = "0800100018f681801020002a0c0a0474797065120470696e67"
PONG = "0800100018f681801020002a0c0a04747970651204706f6e67"
PONG_WITH_CONFIG = (
    "0800100018f681801020002a0c0a04747970651204706f6e6742547b225265636f6e6e656374436f756e74223a2d312c225265636f6e6e6563"
    "74496e74657276616c223a3132302c225265636f6e6e6563744e6f6e6365223a33302c2250696e67496e74657276616c223a3132307d"
)
EVENT = (
    "080710818080808080801018f681801020012a0d0a047479706512056576656e742a110a0a6d6573736167655f696412036d2d312a080a037"
    "3756d1201312a080a037365711201302a0f0a0874726163655f69641203742d3132003a0042bc027b22736368656d61223a22322e30222c22"
    "686561646572223a7b226576656e745f6964223a223565333730326138346538343735383262653864623766623733323833633032222c226"
    "576656e745f74797065223a226d656574696e675f726f6f6d2e6d656574696e675f726f6f6d2e7374617475735f6368616e6765645f763122"
    "2c226372656174655f74696d65223a2231363038373235393839303030222c22746f6b656e223a22222c226170705f6964223a22636c695f3"
    "9663533343363353830373132353434222c2274656e616e745f6b6579223a2232636131643231316636346636343338227d2c226576656e74"
    "223a7b22726f6f6d5f6e616d65223a22726f6f6d31222c22726f6f6d5f6964223a226f6d6d5f3864303230623132666534396538323834376"
    "332616633633139336435373534227d7d4a036c2d31"
)
ACK = (
    "080710818080808080801018f681801020012a0d0a047479706512056576656e742a110a0a6d6573736167655f696412036d2d312a080a0373"
    "756d1201312a080a037365711201302a0f0a0874726163655f69641203742d312a0b0a0662697a5f727412013332003a00420c7b22636f6465"
    "223a3230307d4a036c2d31"
)
FRAGMENT_0 = (
    "080a1001180120012a0d0a047479706512056576656e742a110a0a6d6573736167655f696412036d2d322a080a0373756d1201322a080a0373"
    "65711201302a0f0a0874726163655f69641203742d3242277b22736368656d61223a22322e30222c22686561646572223a7b226576656e745f"
    "6964223a2265"
)
FRAGMENT_1 = (
    "080b1001180120012a0d0a047479706512056576656e742a110a0a6d6573736167655f696412036d2d322a080a0373756d1201322a080a0373"
    "65711201312a0f0a0874726163655f69641203742d32420f31227d2c226576656e74223a7b7d7d"
)
SMALLEST = "08011002180320012a0d0a047479706512056576656e7442027b7d"
NEGATIVE_SERVICE = "0800100018ffffffffffffffffff0120002a0c0a0474797065120470696e67"
MAXIMA = "08ffffffffffffffffff0110ffffffffffffffffff0118ffffffff0720002a0c0a0474797065120470696e67"
HEADERS = "2a0d0a047479706512056576656e74"


def decode(hexadecimal: str) -> Frame:
    return frames.decode(bytes.fromhex(hexadecimal))


def fragment(payload: bytes, seq: str | None, total: str | None, message_id: str | None = "m-1") -> Frame:
    """Return a fragment as the decoder returns it; None leaves out a header."""
    headers = {"message_id": message_id, "sum": total, "seq": seq}
    return Frame(1, 1, 1, 1, tuple((key, value) for key, value in headers.items() if value is not None), payload)


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (33554678, PING),
        (1, "08001000180120002a0c0a0474797065120470696e67"),
        (-1, NEGATIVE_SERVICE),
    ],
)
def test_ping(service: int, expected: str) -> None:
    assert frames.ping(service).hex() == expected


def test_pong_without_payload() -> None:
    assert decode(PONG) == Frame(0, 0, 33554678, 0, (("type", "pong"),), b"", decode(PONG).records)


def test_pong_with_configuration() -> None:
    assert json.loads(decode(PONG_WITH_CONFIG).payload) == {
        "ReconnectCount": -1,
        "ReconnectInterval": 120,
        "ReconnectNonce": 30,
        "PingInterval": 120,
    }


def test_event() -> None:
    frame = decode(EVENT)
    assert (frame.seq_id, frame.log_id, frame.service, frame.method) == (7, 9007199254740993, 33554678, 1)
    assert frame.headers == (("type", "event"), ("message_id", "m-1"), ("sum", "1"), ("seq", "0"), ("trace_id", "t-1"))
    assert sha256(frame.payload).hexdigest() == "f4ece2cfa54d59810641a1b7b6887db8207b242cda3c4c3e8fc35f900e0c9338"
    assert json.loads(frame.payload)["event"]["room_id"] == "omm_8d020b12fe49e82847c2af3c193d5754"


def test_repr_of_a_frame_hides_the_payload() -> None:
    assert "omm_" not in repr(decode(EVENT))
    assert "room1" not in repr(decode(EVENT))


def test_acknowledgment() -> None:
    assert frames.ack(decode(EVENT), 3).hex() == ACK


def test_acknowledgment_of_a_frame_without_payload_and_headers() -> None:
    assert frames.ack(decode("0801100218032001"), 12).hex() == (
        "0801100218032001" + "2a0c0a0662697a5f727412023132" + "420c7b22636f6465223a3230307d"
    )


def test_acknowledgment_replaces_every_payload() -> None:
    frame = decode(SMALLEST + "42013142027b7d")
    assert decode(frames.ack(frame, 0).hex()).payload == b'{"code":200}'
    assert frames.ack(frame, 0).count(b"\x42\x0c") == 1
    assert b"{}" not in frames.ack(frame, 0)


def test_acknowledgment_of_a_maximal_log_id_is_exact() -> None:
    frame = decode(frames.ack(decode(MAXIMA), 1).hex())
    assert (frame.seq_id, frame.log_id, frame.service) == (2**64 - 1, 2**64 - 1, 2**31 - 1)


@pytest.mark.parametrize(
    "data", [PING, PONG, PONG_WITH_CONFIG, EVENT, ACK, FRAGMENT_0, SMALLEST, MAXIMA, NEGATIVE_SERVICE, PING + "7801"]
)
def test_encoded_is_what_was_decoded(data: str) -> None:
    assert decode(data).encoded().hex() == data


def test_unknown_fields_of_every_wire_type_are_kept_in_the_acknowledgment() -> None:
    unknown = ["7801", "790102030405060708", "7a0161", "7d01020304", "8008ff01"]
    acknowledged = frames.ack(decode(SMALLEST + "".join(unknown)), 0).hex()
    assert acknowledged.endswith("".join(unknown))


def test_negative_service_keeps_its_sign() -> None:
    assert decode(NEGATIVE_SERVICE).service == -1


@pytest.mark.parametrize("data", ["0801", "18012000", "0800100018f6818010", "", "2a060a0474797065", HEADERS])
def test_frame_without_a_required_field_is_incomplete(data: str) -> None:
    with pytest.raises(IncompleteFrameError):
        decode(data)


def test_frame_with_an_incomplete_header_is_incomplete() -> None:
    with pytest.raises(IncompleteFrameError):
        decode("08011002180320012a060a0474797065")


@pytest.mark.parametrize(
    "data",
    [
        "ff",
        "08",
        "2aff01",
        SMALLEST + "4205",  # the payload is cut off
        SMALLEST + "0001",  # field number 0
        SMALLEST + "7b7c",  # a group
        SMALLEST + "7c",
        SMALLEST + "7e",  # wire types that do not exist
        SMALLEST + "7f",
        SMALLEST + "7d010203",
        SMALLEST + "7901020304050607",
        SMALLEST + "08ffffffffffffffffffff01",  # a number of eleven bytes
        SMALLEST + "3201ff",  # bad UTF-8
        SMALLEST + "3a01ff",
        SMALLEST + "4a01ff",
        SMALLEST + "2a080a01ff1203616263",
        SMALLEST + "2a060a0474797065ff",
        SMALLEST + "2a030a0474797065",  # the key is longer than its header
    ],
)
def test_malformed_frame(data: str) -> None:
    with pytest.raises(FrameError) as refused:
        decode(data)
    assert not isinstance(refused.value, IncompleteFrameError)


def test_the_last_of_repeated_fields_counts_and_the_first_of_repeated_headers() -> None:
    frame = decode(SMALLEST + "0809" + "4201312a0c0a0474797065120463617264")
    assert (frame.seq_id, frame.payload, frame.header("type")) == (9, b"1", "event")
    assert frame.header("sum") is None


def test_known_field_of_another_wire_type_is_an_unknown_field() -> None:
    with pytest.raises(IncompleteFrameError):
        decode("0a01001002180320012a0d0a047479706512056576656e74")


@pytest.mark.parametrize(
    "data",
    [
        b"\x78\x01" * 300_000,
        b"\x2a\x00" * 300_000,
        bytes.fromhex(SMALLEST) + b"\x2a\xa0\x8d\x06" + b"\x0a\x00" * 50_000,
        b"\xff" * 1_000_000,
        b"\x0a\xff\xff\xff\xff\x0f" + b"\x00" * 1000,
        bytes(frames.MAX_FRAME + 1),
    ],
)
def test_hostile_frame_costs_little_time_and_memory(data: bytes) -> None:
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(FrameError):
        frames.decode(data)
    taken, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 0.05
    assert peak < 3 * frames.MAX_FRAME


@given(st.binary(max_size=300))
def test_any_bytes_are_a_frame_or_an_error(data: bytes) -> None:
    try:
        frame = frames.decode(data)
    except FrameError:
        return
    assert frame.encoded() == data
    assert frames.decode(frames.ack(frame, 0)).headers == (*frame.headers, ("biz_rt", "0"))


@given(st.data())
def test_any_change_of_an_event_is_a_frame_or_an_error(data: st.DataObject) -> None:
    content = bytearray.fromhex(EVENT)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    test_any_bytes_are_a_frame_or_an_error.hypothesis.inner_test(bytes(content))  # type: ignore[attr-defined]


# --- Messages in several frames ---------------------------------------------------------------------------------------


def test_message_of_two_fragments() -> None:
    fragments = Fragments()
    assert fragments.add(decode(FRAGMENT_0), 0.0) is None
    whole = fragments.add(decode(FRAGMENT_1), 0.0)
    assert whole == b'{"schema":"2.0","header":{"event_id":"e1"},"event":{}}'


@given(st.lists(st.binary(max_size=5), min_size=2, max_size=64), st.data())
def test_fragments_in_any_order_with_repetitions(payloads: list[bytes], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(payloads))))
    repeated = data.draw(st.lists(st.sampled_from(order[:-1]), max_size=5))
    fragments = Fragments()
    for index in (*order[:-1], *repeated):
        assert fragments.add(fragment(payloads[index], str(index), str(len(payloads))), 0.0) is None
    whole = fragments.add(fragment(payloads[order[-1]], str(order[-1]), str(len(payloads))), 0.0)
    assert whole == b"".join(payloads)


def test_message_without_numbers_is_whole() -> None:
    assert Fragments().add(decode(SMALLEST), 0.0) == b"{}"


def test_messages_do_not_mix() -> None:
    fragments = Fragments()
    assert fragments.add(fragment(b"a", "0", "2", "m-1"), 0.0) is None
    assert fragments.add(fragment(b"d", "1", "2", "m-2"), 0.0) is None
    assert fragments.add(fragment(b"c", "0", "2", "m-2"), 0.0) == b"cd"
    assert fragments.add(fragment(b"b", "1", "2", "m-1"), 0.0) == b"ab"


def test_the_same_message_id_can_be_used_again() -> None:
    fragments = Fragments()
    for _ in range(3):
        assert fragments.add(fragment(b"a", "0", "2"), 0.0) is None
        assert fragments.add(fragment(b"b", "1", "2"), 0.0) == b"ab"


def test_incomplete_message_is_forgotten_after_ten_seconds() -> None:
    fragments = Fragments()
    assert fragments.add(fragment(b"a", "0", "2"), 0.0) is None
    assert fragments.add(fragment(b"b", "1", "2"), 10.0) is None
    assert fragments.add(fragment(b"c", "0", "2"), 10.1) == b"cb"


@pytest.mark.parametrize(
    ("seq", "total"),
    [
        ("2", "2"),
        ("-1", "2"),
        ("0", "0"),
        ("0", "65"),
        ("0", "1000000"),
        ("x", "2"),
        ("0", ""),
        ("²", "2"),
        ("0", "9" * 99),
    ],
)
def test_impossible_numbers(seq: str, total: str) -> None:
    with pytest.raises(FrameError):
        Fragments().add(fragment(b"a", seq, total), 0.0)


def test_fragments_with_different_totals_are_dropped() -> None:
    fragments = Fragments()
    assert fragments.add(fragment(b"a", "0", "2"), 0.0) is None
    with pytest.raises(FrameError):
        fragments.add(fragment(b"b", "1", "3"), 0.0)
    assert fragments.add(fragment(b"b", "1", "2"), 0.0) is None


def test_only_sixteen_messages_are_open() -> None:
    fragments = Fragments()
    for number in range(17):
        assert fragments.add(fragment(b"a", "0", "2", f"m-{number}"), 0.0) is None
    assert fragments.add(fragment(b"b", "1", "2", "m-0"), 0.0) is None  # forgotten; m-1 makes room for it
    assert fragments.add(fragment(b"b", "1", "2", "m-16"), 0.0) == b"ab"


def test_message_of_more_than_four_mebibytes_is_refused() -> None:
    fragments = Fragments()
    for index in range(4):
        assert fragments.add(fragment(bytes(1024 * 1024), str(index), "6"), 0.0) is None
    with pytest.raises(FrameError):
        fragments.add(fragment(b"a", "4", "6"), 0.0)
    assert fragments.add(fragment(b"a", "0", "2", "m-2"), 0.0) is None
    assert fragments.add(fragment(b"b", "1", "2", "m-2"), 0.0) == b"ab"
