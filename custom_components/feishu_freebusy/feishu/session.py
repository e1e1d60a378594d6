"""How the client and the long connection use aiohttp: options of the session, the proxy, and its errors."""

from ipaddress import ip_address
from typing import TypedDict
from urllib.request import getproxies_environment, proxy_bypass

import aiohttp
from yarl import URL

from .errors import ErrorDetails, NotReachableError, UnreadableAnswerError

_HTTP_OF = {"ws": "http", "wss": "https"}


class SessionOptions(TypedDict):
    """Arguments of `aiohttp.ClientSession`."""

    cookie_jar: aiohttp.abc.AbstractCookieJar
    request_class: type[aiohttp.ClientRequest]


def session_options() -> SessionOptions:
    """Return the options that a session for the client needs; the caller may add others. Needs a running loop.

    The options keep one answer from affecting another. Cookies are not kept: the API needs none, and a server could set
    them for other hosts.
    """
    return {"cookie_jar": aiohttp.DummyCookieJar(), "request_class": _Request}


def environment_proxy(server: str | URL) -> URL | None:
    """Return the proxy that the environment names for a server: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`.

    A WebSocket has the proxy of HTTP.

    Home Assistant's sessions ignore the environment. `trust_env` would also read passwords from `~/.netrc`, and send
    them instead of the token.
    """
    url = URL(server)
    address = getproxies_environment().get(_HTTP_OF.get(url.scheme, url.scheme))
    if not address or proxy_bypass(url.host or "") or _is_loopback(url.host or ""):
        return None
    try:
        proxy = URL(address if "://" in address else f"http://{address}")
    except ValueError:
        return None
    return proxy if proxy.scheme in {"http", "https"} and proxy.host else None


async def read_body(response: aiohttp.ClientResponse, most: int) -> bytes | bytearray:
    """Return the content of an answer. Raises `UnreadableAnswerError` if it has more than `most` bytes."""
    content = response.content
    body: bytes | bytearray = await content.readany()
    if not content.at_eof():
        body = bytearray(body)
        while not content.at_eof() and len(body) <= most:
            body += await content.readany()
    if len(body) <= most:
        return body
    response.close()
    raise UnreadableAnswerError("the answer is too large", ErrorDetails(http_status=response.status))


def error_of_request(error: aiohttp.ClientError | OSError) -> NotReachableError | UnreadableAnswerError:
    """Return the error for a request that aiohttp could not finish. It has no part of the request, with its secrets."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return NotReachableError("the proxy refused to connect", ErrorDetails(http_status=error.status))
    if isinstance(error, aiohttp.ClientPayloadError):
        return UnreadableAnswerError("the answer was cut off")
    if isinstance(error, aiohttp.ClientResponseError):
        return UnreadableAnswerError("the answer is not HTTP")
    return NotReachableError(f"no connection ({type(error).__name__})")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Request(aiohttp.ClientRequest):
    """A request that is not sent on a connection with unread bytes.

    aiohttp takes bytes that arrive on an idle connection as the answer to the next request. Every later answer on that
    connection would then belong to the request before it, and a free/busy answer does not name its subject.
    https://github.com/aio-libs/aiohttp/issues/13656
    """

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Send the request. If there are unread bytes, raise as if the connection broke: a retry opens a new one."""
        if conn.protocol is not None and conn.protocol.should_close:
            raise aiohttp.ServerDisconnectedError
        return await super().send(conn)
