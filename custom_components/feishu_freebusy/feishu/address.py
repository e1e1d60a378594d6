"""At which address the open platform is called."""

from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

FEISHU_URL = "https://open.feishu.cn"
LARK_URL = "https://open.larksuite.com"

_DEFAULT_PORTS = {"https": 443, "http": 80}


class AddressProblem(StrEnum):
    """Why an address is refused."""

    NOT_A_URL = "not_a_url"
    MORE_THAN_A_HOST = "more_than_a_host"
    NOT_ENCRYPTED = "not_encrypted"


class AddressError(ValueError):
    """An address that is not called, with the reason."""

    def __init__(self, problem: AddressProblem) -> None:
        """Take the reason."""
        super().__init__(problem.value)
        self.problem = problem


def normalised_base_url(text: str) -> str:
    """Return the address in its one form, like `https://open.feishu.cn`.

    It is `https` with a host and perhaps a port, and nothing else; plain `http` only to this machine or a private
    network, given as `localhost` or a literal address. Raises `AddressError`.
    """
    try:
        url = urlsplit(text.strip())
        host, port = url.hostname, url.port
    except ValueError:
        raise AddressError(AddressProblem.NOT_A_URL) from None
    if url.scheme not in {"https", "http"} or not host or not _is_host(host):
        raise AddressError(AddressProblem.NOT_A_URL)
    if url.username is not None or url.password is not None or url.path.strip("/") or url.query or url.fragment:
        raise AddressError(AddressProblem.MORE_THAN_A_HOST)
    if url.scheme == "http" and not _is_near(host):
        raise AddressError(AddressProblem.NOT_ENCRYPTED)
    shown = f"[{host}]" if ":" in host else host
    return f"{url.scheme}://{shown}" + (f":{port}" if port not in {None, _DEFAULT_PORTS[url.scheme]} else "")


def _is_host(host: str) -> bool:
    return ":" in host or all(part.replace("-", "").isalnum() for part in host.rstrip(".").split("."))


def _is_near(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private
