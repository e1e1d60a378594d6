"""Mask private data in the server's messages before they are logged or shown. A message may repeat a whole request.

The secrets, IDs, e-mail addresses and numbers of the request are masked, in every encoding a server may use for them.
So is any text that looks like a Feishu ID, a token, an e-mail address, a phone number, an IP address or a link. Names
are not masked: they look like other words, and no call sends one.
"""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
import json
import re
from urllib.parse import quote, quote_plus

type IpAddress = IPv4Address | IPv6Address

MASK = "***"

_MOST = 2_000  # characters; a longer text is cut off
_MARGIN = 100  # characters; a text that is cut off loses this many, because an ID at its end may be incomplete
# Possessive quantifiers keep the patterns linear: an answer may be large
_LINK = re.compile(r"(?<![a-z0-9+.-])[a-z0-9+.-]++(?:://|%3A%2F%2F)[!-~]+", re.IGNORECASE | re.ASCII)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++(?:@|%40)\w[\w.-]*", re.ASCII)
_ID = re.compile(r"(?<![a-z0-9])(omm|omb|ou|on|oc|cli)(?:_|%5F)[\w%-]+", re.IGNORECASE | re.ASCII)
_TOKEN = re.compile(r"(?<![\w-])[a-z]-[\w.~+/-]{8,}", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"(?<![\w+])(?:(?:\+|%2B)\d[\d -]{4,16}\d|1[3-9]\d{9})(?!\d)", re.IGNORECASE | re.ASCII)
# Letters and digits mixed, and longer than a word: a secret, an ID or a token of any kind
_OPAQUE = re.compile(
    r"(?<![\w+/-])(?=[a-z+/_-]*+\d)(?=[\d+/_-]*+[a-z])[a-z0-9+/_-]{20,}={0,2}", re.IGNORECASE | re.ASCII
)
_IP_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:]*:[0-9a-f:.]*)(?!\w|\.\d)", re.IGNORECASE | re.ASCII
)


def redacted(text: str, known: Iterable[str] = ()) -> str:
    """Return the text in one line. The `known` secrets and IDs are masked, and everything that looks like one."""
    forms = [form for word in known if word.strip() for form in _forms_of(word)]
    # A secret that is cut off is not recognized, so the last `margin` characters are not shown. Times 2: a form may
    # have a space after every character
    margin = max([_MARGIN, *(2 * len(form) for form in forms)])
    most = _MOST + margin
    line = " ".join(text.split(maxsplit=most))  # later words are cut off anyway
    wiped = _wiped(line[:most], forms)
    return wiped if len(line) <= most else wiped[:-margin]


def _wiped(text: str, forms: Iterable[str]) -> str:
    squeezed = _squeezed(text)
    for form in forms:
        if _squeezed(form) in squeezed:  # rarely true, and compiling the pattern is slow
            text = re.sub(r"\s*".join(map(re.escape, form)), MASK, text, flags=re.IGNORECASE)
    text = _EMAIL.sub(MASK, _LINK.sub(MASK, text))
    text = _ID.sub(rf"\1_{MASK}", text)
    for pattern in (_TOKEN, _NUMBER, _OPAQUE):
        text = pattern.sub(MASK, text)
    return _IP_ADDRESS.sub(lambda found: MASK if _parsed(found[0]) else found[0], text)


def ip_address_in(text: str) -> IpAddress | None:
    """Return the first IP address in the text, None if there is none."""
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
    """Yield the encodings in which a server may repeat a word. The caller ignores case and white space."""
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
