"""Private data of the request and of others is masked in the server's messages; other text is unchanged."""

from base64 import b64encode, urlsafe_b64encode
from ipaddress import ip_address
import json
from time import process_time
import timeit
from urllib.parse import quote, quote_plus

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.redaction import ip_address_in, redacted

SECRET = 'Qv3/x+Zk "é=~plums'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        SECRET.upper(),
        SECRET.lower(),
        " ".join(SECRET),
        SECRET[:5] + "\r\n" + SECRET[5:],
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        "".join(f"%{byte:02x}" for byte in SECRET.encode()),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        b64encode(SECRET.encode()).decode(),
        urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_known_secret_is_masked_in_every_encoding(form: str) -> None:
    for text in (f"bad {form} here", f'bad "{form}" here', f"bad ({form}), here"):
        shown = redacted(text, [SECRET])

        assert "***" in shown
        assert not any(part in shown.casefold() for part in ("qv3", "plum", "x+zk", "63e", form.casefold()))
        assert (shown.startswith("bad"), shown.endswith("here")) == (True, True)


@pytest.mark.parametrize("blanks", [1, 1_970, 1_988, 100_000])
def test_a_known_secret_is_masked_after_any_number_of_spaces(blanks: int) -> None:
    assert redacted(f"bad secret:{' ' * blanks}{SECRET}", [SECRET]) == "bad secret: ***"


@pytest.mark.family
@pytest.mark.parametrize(
    "form",
    [SECRET, " ".join(SECRET), "  ".join(SECRET), "".join(f"%{byte:02X}" for byte in SECRET.encode())],
    ids=["as it is", "broken", "twice as broken", "quoted"],
)
@pytest.mark.parametrize("start", ["", "https://example.com/" + 900 * "x"], ids=["text", "a link, which is wiped"])
@pytest.mark.parametrize("end", ["", " and so on", "." * 5_000], ids=["end", "a little", "a lot"])
def test_no_part_of_a_secret_is_shown_wherever_the_text_is_cut(form: str, start: str, end: str) -> None:
    for length in range(1_000, 3_000, 7):
        shown = redacted(f"{start} {'-' * (length - len(start))} {form}{end}", [SECRET])

        assert not set("Qvx%") & set(shown)
        assert len(shown) < 3_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("room omm_4de32cf10a4358788ff4e09e37ebbf9b is gone", "room omm_*** is gone"),
        ("room_id=omm_4de32cf1&level=OMB_8d020b12", "room_id=omm_***&level=OMB_***"),
        ("omm%5F4de32cf1", "omm_***"),
        ("ids [ou_7d8a6e6df7621556,on_cad4860e7af114fb4ff6c5d496d1dd76]", "ids [ou_***,on_***]"),
        ("用户ou_7d8a6e6df7621556不存在", "用户ou_***不存在"),
        ("app cli_a1b2c3d4 is not allowed", "app cli_*** is not allowed"),
        ("token t-g1044qeGEDXTB6NDJOGV4JQCYDGHRBARFTGT1234 expired", "token *** expired"),
        ("Bearer t-short123", "Bearer ***"),
        ("u-6U1SbDiM6XIH2DcTCPyeub", "***"),
        ("key 8d020b12fe49e82847c2af3c19312a27", "key ***"),
        ("key 6A/Xb9+k3Qm2Lr7Vt5Yw==, no", "key ***, no"),
        ("li.na+work@mail.example.com is unknown", "*** is unknown"),
        ("li.na%40example.com is unknown", "*** is unknown"),
        ("number +86 130 1111 1111", "number ***"),
        ("numbers 13011111111,+4915112345678", "numbers ***,***"),
        ("ip 203.0.113.7 is denied by app setting", "ip *** is denied by app setting"),
        ("ip 2001:db8::7 is denied", "ip *** is denied"),
        ("ip 2001:db8:0:1:2:3:4:5, denied", "ip ***, denied"),
        ("来自203.0.113.7的请求被拒绝", "来自***的请求被拒绝"),
        ("ip ::ffff:203.0.113.7 is denied", "ip *** is denied"),
        ("dial tcp 10.0.0.8:443: refused", "dial tcp ***:443: refused"),
        ("see https://open.feishu.cn/app/cli_a1/auth?q=vc:room&op_from=openapi, then", "see *** then"),
        ("点击链接：http://feishu.internal/app?x=1 申请", "点击链接：*** 申请"),
    ],
)
def test_text_that_looks_like_private_data_is_masked(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Access denied. One of the following scopes is required: [calendar:calendar.free_busy:read, vc:room:readonly]",
        "invalid request parameters. check details for more info.",
        "The value of room_id is invalid.",
        "user_id_type must be open_id, union_id or user_id",
        "Invalid access token for authorization. It must start with t- or u-.",
        "time_max must be after 2026-11-23T10:00:00+08:00, at most 90 days",
        "wait 1763892000 or 1763892000000 until 10:00:00",
        "This month's API call quota has been exceeded",
        "飞书：没有权限。",
        "version 1.2.3 of on-call",
    ],
)
def test_other_text_is_unchanged(text: str) -> None:
    assert redacted(text, ["hunter2", ""]) == text


@given(text=st.text(), known=st.lists(st.text()))
def test_any_text_becomes_at_most_one_line(text: str, known: list[str]) -> None:
    assert len(redacted(text, known).splitlines()) <= 1


@pytest.mark.parametrize("part", ["omm_", "a1-", "-a", "+", "1.", "ab.", "a", "1", ":", "x@", "0:", "https://", SECRET])
def test_redaction_takes_linear_time(part: str) -> None:
    short, long = part * (200 // len(part)), part * (2_000 // len(part))

    def seconds(text: str, times: int) -> float:
        return min(timeit.repeat(lambda: redacted(text), timer=process_time, number=times, repeat=9))

    assert seconds(long, 4) < 4 * seconds(short, 40)
    assert len(redacted(part * 1_000_000)) <= 3_000


@pytest.mark.parametrize("part", ["x", " ", "x ", "x  ", SECRET, "Qv3"])
def test_a_text_of_2_mib_is_redacted_in_under_100_ms(part: str) -> None:
    text = part * (2 * 1024 * 1024 // len(part))

    assert min(timeit.repeat(lambda: redacted(text, [SECRET] * 25), timer=process_time, number=1, repeat=5)) < 0.1


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ip 203.0.113.7 is denied by app setting", "203.0.113.7"),
        ("ip 2001:db8::7 is denied by app setting.", "2001:db8::7"),
        ("The request from 203.0.113.7:52144 is denied", "203.0.113.7"),
        ("1.2.3 at 10:00:00: ip 300.1.1.1 or 203.0.113.7", "203.0.113.7"),
        ("denied by app setting", None),
        ("ip 127.0.0.1.5 is denied", None),
        ("", None),
    ],
)
def test_an_ip_address_is_found_in_a_text(text: str, address: str | None) -> None:
    assert ip_address_in(text) == (address and ip_address(address))
