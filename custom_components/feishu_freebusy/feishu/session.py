"""Options for the client's aiohttp session. They keep one answer from affecting another."""

from typing import TypedDict

import aiohttp


class SessionOptions(TypedDict):
    """Arguments of `aiohttp.ClientSession`."""

    cookie_jar: aiohttp.abc.AbstractCookieJar
    request_class: type[aiohttp.ClientRequest]


def session_options() -> SessionOptions:
    """Return the options that a session for the client needs; the caller may add others. Needs a running loop.

    Cookies are not kept: the API needs none, and a server could set them for other hosts.
    """
    return {"cookie_jar": aiohttp.DummyCookieJar(), "request_class": _Request}


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
