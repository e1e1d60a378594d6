"""Check and normalize the base URL of the open platform."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

FEISHU_URL = "https://open.feishu.cn"
LARK_URL = "https://open.larksuite.com"
_ACCOUNTS = {FEISHU_URL: "https://accounts.feishu.cn", LARK_URL: "https://accounts.larksuite.com"}

_DEFAULT_PORTS = {"https": 443, "http": 80}
_LONGEST = 1000  # characters
_LONGEST_HOST = 253
# Not `is_private`: that includes the unspecified address and the metadata addresses of cloud machines
_NEAR = [
    ip_network(net) for net in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
]


class AddressProblem(StrEnum):
    """Why an address is refused."""

    NOT_A_URL = "not_a_url"
    MORE_THAN_A_HOST = "more_than_a_host"
    NOT_ENCRYPTED = "not_encrypted"


class AddressError(ValueError):
    """An address that is refused, with the reason."""

    def __init__(self, problem: AddressProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def normalized_base_url(text: str) -> str:
    """Return the address in its normal form, like `https://open.feishu.cn`.

    An address has a scheme, a host, an optional port, and nothing else. The scheme is `https`; `http` is allowed only
    for `localhost` and literal addresses of this machine or a private network. An international name is returned in
    ASCII (IDNA), which exposes look-alike letters. Raises `AddressError`.
    """
    text = text.strip()
    try:
        if len(text) > _LONGEST or " " in text or not text.isprintable():  # `urlsplit` drops some of these
            raise AddressError(AddressProblem.NOT_A_URL)
        url = urlsplit(text)
        host, port = _host_of(url.hostname or ""), url.port
    except ValueError:
        raise AddressError(AddressProblem.NOT_A_URL) from None
    if url.scheme not in {"https", "http"} or port == 0:
        raise AddressError(AddressProblem.NOT_A_URL)
    if url.username is not None or url.password is not None or url.path.strip("/") or url.query or url.fragment:
        raise AddressError(AddressProblem.MORE_THAN_A_HOST)
    if url.scheme == "http" and not _is_near(host):
        raise AddressError(AddressProblem.NOT_ENCRYPTED)
    shown = f"[{host}]" if isinstance(host, IPv6Address) else str(host)
    return f"{url.scheme}://{shown}" + (f":{port}" if port not in {None, _DEFAULT_PORTS[url.scheme]} else "")


def accounts_url_of(base_url: str) -> str | None:
    """Return the server on which people sign in and consent. None for a private address: it must be named."""
    return _ACCOUNTS.get(base_url)


def _host_of(text: str) -> IPv4Address | IPv6Address | str:
    """Return an IP address or a name in ASCII. Raises `ValueError` if the text is neither."""
    if ":" in text:
        address = IPv6Address(text)
        if address.scope_id:
            raise ValueError("a scoped IPv6 address")
        return address
    name = text.encode("idna").decode().lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > _LONGEST_HOST or not all(_is_label(label) for label in labels):
        raise ValueError("not a host name")
    # A name that ends in a number is an IPv4 address; `IPv4Address` refuses unusual spellings, which disguise it
    return IPv4Address(name) if labels[-1].isdigit() or labels[-1].startswith("0x") else name


def _is_label(label: str) -> bool:
    return label.replace("-", "").isalnum() and not (label.startswith("-") or label.endswith("-"))


def _is_near(host: IPv4Address | IPv6Address | str) -> bool:
    return host == "localhost" if isinstance(host, str) else any(host in net for net in _NEAR)
