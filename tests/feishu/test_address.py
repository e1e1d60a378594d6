from urllib.parse import urlsplit

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.address import (
    FEISHU_URL,
    LARK_URL,
    AddressError,
    AddressProblem,
    accounts_url_of,
    normalized_base_url,
)


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("https://open.feishu.cn", FEISHU_URL),
        ("https://open.larksuite.com/", LARK_URL),
        ("  HTTPS://Open.Feishu.CN/ ", FEISHU_URL),
        ("https://open.feishu.cn:443", FEISHU_URL),
        ("https://feishu.example.com:8443/", "https://feishu.example.com:8443"),
        ("https://10.1.2.3", "https://10.1.2.3"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://192.168.1.20", "http://192.168.1.20"),
        ("http://[fd00::20]", "http://[fd00::20]"),
        ("http://172.16.0.1", "http://172.16.0.1"),
        ("http://LOCALHOST.", "http://localhost"),
        ("https://open.feishu.cn.", FEISHU_URL),
        ("https://open.feishu.cn:0443", FEISHU_URL),
        ("https://open.feishu.cn:", FEISHU_URL),
        ("https://open.feishu.cn:65535", "https://open.feishu.cn:65535"),
        ("https://[0:0:0:0:0:0:0:1]", "https://[::1]"),
        ("https://飞书.公司.cn", "https://xn--1jq782p.xn--55qx5d.cn"),
        ("https://open.f\u0435ishu.cn", "https://open.xn--fishu-zwe.cn"),  # the first e is Cyrillic
        ("https://open。feishu。cn", FEISHU_URL),
        ("http://\uff11\uff12\uff17.0.0.1", "http://127.0.0.1"),  # full-width digits
    ],
)
def test_equivalent_addresses_have_one_normal_form(typed: str, called: str) -> None:
    assert normalized_base_url(typed) == called


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", AddressProblem.NOT_A_URL),
        ("open.feishu.cn", AddressProblem.NOT_A_URL),
        ("//open.feishu.cn", AddressProblem.NOT_A_URL),
        ("ftp://open.feishu.cn", AddressProblem.NOT_A_URL),
        ("file:///etc/passwd", AddressProblem.NOT_A_URL),
        ("https://", AddressProblem.NOT_A_URL),
        ("https://:443", AddressProblem.NOT_A_URL),
        ("https://open.feishu.cn:port", AddressProblem.NOT_A_URL),
        ("https://open.feishu.cn:99999", AddressProblem.NOT_A_URL),
        ("https://open feishu.cn", AddressProblem.NOT_A_URL),
        ("https://open..feishu.cn", AddressProblem.NOT_A_URL),
        ("https://open.feishu.cn\\evil.example", AddressProblem.NOT_A_URL),
        ("https://[not-an-address]", AddressProblem.NOT_A_URL),
        ("https://[::1", AddressProblem.NOT_A_URL),
        ("https://open.feishu.cn:0", AddressProblem.NOT_A_URL),
        ("https://open.feishu.cn:65536", AddressProblem.NOT_A_URL),
        ("https://open.feishu.cn:-1", AddressProblem.NOT_A_URL),
        ("https://open.fei\tshu.cn", AddressProblem.NOT_A_URL),
        ("https://open.feishu.cn\r\nX-Header: 1", AddressProblem.NOT_A_URL),
        ("\0https://open.feishu.cn", AddressProblem.NOT_A_URL),
        ("https://open.\u200bfeishu.cn", AddressProblem.NOT_A_URL),  # zero-width space
        ("https://open.feishu.cn\u202e", AddressProblem.NOT_A_URL),  # right-to-left override
        ("https://open%2efeishu.cn", AddressProblem.NOT_A_URL),
        ("https://-open.feishu.cn", AddressProblem.NOT_A_URL),
        (f"https://{'a' * 64}.cn", AddressProblem.NOT_A_URL),
        (f"https://{'a.' * 130}cn", AddressProblem.NOT_A_URL),
        ("https://[v1.x:y]", AddressProblem.NOT_A_URL),
        ("https://[fe80::1%eth0]", AddressProblem.NOT_A_URL),
        ("http://[fe80::1%25eth0]", AddressProblem.NOT_A_URL),
        *((f"{scheme}://2130706433", AddressProblem.NOT_A_URL) for scheme in ("http", "https")),
        ("http://0x7f000001", AddressProblem.NOT_A_URL),
        ("http://0x7f.0.0.1", AddressProblem.NOT_A_URL),
        ("http://0177.0.0.1", AddressProblem.NOT_A_URL),
        ("http://127.1", AddressProblem.NOT_A_URL),
        ("https://192.168.001.1", AddressProblem.NOT_A_URL),
        ("https://open.feishu.cn/open-apis", AddressProblem.MORE_THAN_A_HOST),
        ("https://open.feishu.cn/?tenant=1", AddressProblem.MORE_THAN_A_HOST),
        ("https://open.feishu.cn/#top", AddressProblem.MORE_THAN_A_HOST),
        ("https://me@open.feishu.cn", AddressProblem.MORE_THAN_A_HOST),
        ("https://open.feishu.cn@evil.example", AddressProblem.MORE_THAN_A_HOST),
        ("https://open.feishu.cn\\@evil.example", AddressProblem.MORE_THAN_A_HOST),
        ("https://me:password@open.feishu.cn", AddressProblem.MORE_THAN_A_HOST),
        ("http://open.feishu.cn", AddressProblem.NOT_ENCRYPTED),
        ("http://8.8.8.8", AddressProblem.NOT_ENCRYPTED),
        ("http://[2a00:1450::1]", AddressProblem.NOT_ENCRYPTED),
        ("http://localhost.evil.example", AddressProblem.NOT_ENCRYPTED),
        ("http://127.0.0.1.evil.example", AddressProblem.NOT_ENCRYPTED),
        ("http://127.0.0.1.nip.io", AddressProblem.NOT_ENCRYPTED),
        ("http://[::ffff:8.8.8.8]", AddressProblem.NOT_ENCRYPTED),
        ("http://[::ffff:127.0.0.1]", AddressProblem.NOT_ENCRYPTED),
        ("http://0.0.0.0", AddressProblem.NOT_ENCRYPTED),
        ("http://[::]", AddressProblem.NOT_ENCRYPTED),
        ("http://169.254.169.254", AddressProblem.NOT_ENCRYPTED),
        ("http://[fe80::1]", AddressProblem.NOT_ENCRYPTED),
        ("http://198.51.100.1", AddressProblem.NOT_ENCRYPTED),
        ("http://172.32.0.1", AddressProblem.NOT_ENCRYPTED),
    ],
)
def test_an_address_is_refused_with_the_reason(typed: str, problem: AddressProblem) -> None:
    with pytest.raises(AddressError) as refused:
        normalized_base_url(typed)

    assert refused.value.problem is problem


@pytest.mark.parametrize("letter", ["a", "飞", "a.", " a"])
def test_an_overlong_address_is_refused(letter: str) -> None:
    with pytest.raises(AddressError):
        normalized_base_url(f"https://{letter * 10_000_000}.cn")


def test_a_password_in_a_refused_address_is_not_in_the_error() -> None:
    with pytest.raises(AddressError) as refused:
        normalized_base_url("https://me:hunter2@open.feishu.cn")

    assert "hunter2" not in repr(refused.value)


@settings(deadline=None)
@given(
    st.text()
    | st.builds(
        "{}://{}{}{}".format,
        st.sampled_from(["https", "http", "HTTPS"]),
        st.text("abz.-:@[]0127²ⓛ飞% \t", max_size=20),
        st.sampled_from(["", ":443", ":0", ":8080", ":"]),
        st.sampled_from(["", "/", "?", "#", "/x"]),
    )
)
@example("https://host:0")
def test_any_text_is_refused_or_becomes_a_plain_address(typed: str) -> None:
    try:
        called = normalized_base_url(typed)
    except AddressError:
        return
    url = urlsplit(called)
    assert called.isascii()
    assert called.isprintable()
    assert url.scheme in {"https", "http"}
    assert url.hostname
    assert (url.username, url.password, url.path, url.query, url.fragment) == (None, None, "", "", "")
    assert normalized_base_url(called) == called


@pytest.mark.parametrize(
    ("base_url", "accounts_url"),
    [
        (FEISHU_URL, "https://accounts.feishu.cn"),
        (LARK_URL, "https://accounts.larksuite.com"),
        ("https://feishu.example.com", None),
        ("http://127.0.0.1:8990", None),
    ],
)
def test_people_sign_in_on_a_known_server_or_nowhere(base_url: str, accounts_url: str | None) -> None:
    assert accounts_url_of(base_url) == accounts_url
