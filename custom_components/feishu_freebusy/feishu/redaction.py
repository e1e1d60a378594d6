"""What is taken out of the server's words before anybody sees them: it may repeat all that it was sent, and more.

Wiped are the secrets and the ids, addresses and numbers that the call was about, in any of the ways in which they come
back; beyond these, all that looks like an id of Feishu's, a token, an e-mail address, a number of a telephone, an IP
address or a link, whoever's it may be. Names can't be told from other words; but no call sends one.
"""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
import json
import re
from urllib.parse import quote, quote_plus

type IpAddress = IPv4Address | IPv6Address

MASK = "***"

_MOST = 2_000  # characters; only the first are looked at, and fewer shown
_MARGIN = 100  # no e-mail address, id or number of others has a beginning that is longer
# Each pattern takes a run of its characters once and as a whole: an answer may be large, and nobody is to wait for this
_LINK = re.compile(r"(?<![a-z0-9+.-])[a-z0-9+.-]++(?:://|%3A%2F%2F)[!-~]+", re.IGNORECASE | re.ASCII)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++(?:@|%40)\w[\w.-]*", re.ASCII)
_ID = re.compile(r"(?<![a-z0-9])(omm|omb|ou|on|oc|cli)(?:_|%5F)[\w%-]+", re.IGNORECASE | re.ASCII)
_TOKEN = re.compile(r"(?<![\w-])[a-z]-[\w.~+/-]{8,}", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"(?<![\w+])(?:(?:\+|%2B)\d[\d -]{4,16}\d|1[3-9]\d{9})(?!\d)", re.IGNORECASE | re.ASCII)
# With letters and digits in it, and longer than words are: a secret, an id or a token of whatever kind
_OPAQUE = re.compile(
    r"(?<![\w+/-])(?=[a-z+/_-]*+\d)(?=[\d+/_-]*+[a-z])[a-z0-9+/_-]{20,}={0,2}", re.IGNORECASE | re.ASCII
)
_IP_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:]*:[0-9a-f:.]*)(?!\w|\.\d)", re.IGNORECASE | re.ASCII
)


def redacted(text: str, known: Iterable[str] = ()) -> str:
    """Return the text in one line, without the `known` secrets and ids and without what looks like one."""
    forms = [form for word in known if word.strip() for form in _forms_of(word)]
    # What lies across the end isn't known by its beginning, be it broken after every character: so that isn't shown
    margin = max([_MARGIN, *(2 * len(form) for form in forms)])
    most = _MOST + margin
    line = " ".join(text.split(maxsplit=most))  # further words are beyond the end
    wiped = _wiped(line[:most], forms)
    return wiped if len(line) <= most else wiped[:-margin]


def _wiped(text: str, forms: Iterable[str]) -> str:
    squeezed = _squeezed(text)
    for form in forms:
        if _squeezed(form) in squeezed:  # nearly never, and a pattern takes its time to be made
            text = re.sub(r"\s*".join(map(re.escape, form)), MASK, text, flags=re.IGNORECASE)
    text = _EMAIL.sub(MASK, _LINK.sub(MASK, text))
    text = _ID.sub(rf"\1_{MASK}", text)
    for pattern in (_TOKEN, _NUMBER, _OPAQUE):
        text = pattern.sub(MASK, text)
    return _IP_ADDRESS.sub(lambda found: MASK if _parsed(found[0]) else found[0], text)


def ip_address_in(text: str) -> IpAddress | None:
    """Return the first IP address that the text names, None if there is none."""
    addresses = (_parsed(found[0]) for found in _IP_ADDRESS.finditer(text[:_MOST]))
    return next((address for address in addresses if address), None)


def _parsed(text: str) -> IpAddress | None:
    try:
        return ip_address(text.rstrip(".:") if "::" not in text else text)
    except ValueError:
        return None


def _squeezed(text: str) -> str:
    return "".join(text.split()).lower()


def _forms_of(word: str) -> Iterator[str]:
    """Yield in which forms a word may come back, in whatever case and broken by white space; the longest first."""
    data = word.encode("utf-8", "replace")
    for encode in (b64encode, urlsafe_b64encode):
        yield encode(data).decode().rstrip("=")
    yield "".join(f"%{byte:02X}" for byte in data)
    yield quote(data, safe="")
    yield quote(data)
    yield quote_plus(data)
    for ascii_only in (True, False):
        yield json.dumps(word, ensure_ascii=ascii_only)[1:-1]
    yield word
