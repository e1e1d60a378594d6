"""In whose name a calendar is read: the linked person reads their own, which the app may not be allowed to see."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from ..feishu.client import FeishuClient
from ..feishu.errors import FeishuError

# By the id of a subject: the clients to read it with, one after the other until one can
type Clients = Callable[[str], tuple[FeishuClient, ...]]


async def read_by_first[T](clients: tuple[FeishuClient, ...], read: Callable[[FeishuClient], Awaitable[T]]) -> T:
    """Return the first answer. Raises the `FeishuError` of the last client."""
    *others, last = clients
    for client in others:
        with suppress(FeishuError):
            return await read(client)
    return await read(last)
