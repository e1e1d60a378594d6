"""Options for the client's aiohttp session. They keep one answer from affecting another."""

from ipaddress import ip_address
from typing import TypedDict
from urllib.request import getproxies_environment, proxy_bypass

import aiohttp
from yarl import URL


class SessionOptions(TypedDict):
    """Arguments of `aiohttp.ClientSession`."""

    cookie_jar: aiohttp.abc.AbstractCookieJar
    request_class: type[aiohttp.ClientRequest]


def session_options() -> SessionOptions:
    """Return the options that a session for the client needs; the caller may add others. Needs a running loop.

    Cookies are not kept: the API needs none, and a server could set them for other hosts.
    """
    return {"cookie_jar": aiohttp.DummyCookieJar(), "request_class": _Request}


def environment_proxy(base_url: str) -> URL | None:
    """Return the proxy that the environment names for a server: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`.

    Home Assistant's sessions ignore the environment. `trust_env` would also read passwords from `~/.netrc`, and send
    them instead of the token.
    """
    url = URL(base_url)
    address = getproxies_environment().get(url.scheme)
    if not address or proxy_bypass(url.host or "") or _is_loopback(url.host or ""):
        return None
    try:
        proxy = URL(address if "://" in address else f"http://{address}")
    except ValueError:
        return None
    return proxy if proxy.scheme in {"http", "https"} and proxy.host else None


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
