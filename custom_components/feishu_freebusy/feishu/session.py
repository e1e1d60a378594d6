"""How a session for the client is made: it keeps nothing of one answer that could get into another."""

from typing import TypedDict

import aiohttp


class SessionOptions(TypedDict):
    """Arguments of `aiohttp.ClientSession`."""

    cookie_jar: aiohttp.abc.AbstractCookieJar
    request_class: type[aiohttp.ClientRequest]


def session_options() -> SessionOptions:
    """Return what a session for the client is to be made with, beside what the caller likes. For a running loop.

    Cookies are not kept: the API needs none, and a server may set them for others, for all of `.com` if it likes.
    """
    return {"cookie_jar": aiohttp.DummyCookieJar(), "request_class": _Request}


class _Request(aiohttp.ClientRequest):
    """A request that doesn't take for its answer what came before it was sent.

    A server or gateway that says something on an idle connection would else answer every question with the answer to
    the one before, and an answer of free/busy doesn't say whose it is. https://github.com/aio-libs/aiohttp/issues/13656
    """

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Send it, unless something waits to be read already. Raises what a connection that broke raises."""
        if conn.protocol is not None and conn.protocol.should_close:
            raise aiohttp.ServerDisconnectedError
        return await super().send(conn)
