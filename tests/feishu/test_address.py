from urllib.parse import urlsplit

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu import (
    FEISHU_URL,
    LARK_URL,
    AddressError,
    AddressProblem,
    normalised_base_url,
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
    ],
)
def test_an_address_has_one_form(typed: str, called: str) -> None:
    assert normalised_base_url(typed) == called


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
        ("http://[::ffff:8.8.8.8]", AddressProblem.NOT_ENCRYPTED),
    ],
)
def test_an_address_is_refused_with_the_reason(typed: str, problem: AddressProblem) -> None:
    with pytest.raises(AddressError) as refused:
        normalised_base_url(typed)

    assert refused.value.problem is problem


def test_a_password_in_a_refused_address_is_not_in_the_error() -> None:
    with pytest.raises(AddressError) as refused:
        normalised_base_url("https://me:hunter2@open.feishu.cn")

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
def test_whatever_is_typed_is_refused_or_is_a_plain_address(typed: str) -> None:
    try:
        called = normalised_base_url(typed)
    except AddressError:
        return
    url = urlsplit(called)
    assert url.scheme in {"https", "http"}
    assert url.hostname
    assert (url.username, url.password, url.path, url.query, url.fragment) == (None, None, "", "", "")
    assert normalised_base_url(called) == called
