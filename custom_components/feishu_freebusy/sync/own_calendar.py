"""In whose name a calendar is read: the linked person reads their own, which the app may not be allowed to see."""

from collections.abc import Awaitable, Callable

from ..feishu.client import FeishuClient
from ..feishu.errors import ScopeMissingError, StaleTokenError, TokenNotKeptError
from ..feishu.grants import GrantError

# The person cannot be used. Any other failure may pass, and another client might see less: a busy person as free
_NOT_BY_PERSON = (GrantError, ScopeMissingError, StaleTokenError, TokenNotKeptError)

# By the id of a subject: the clients to read it with, one after the other until one can
type Clients = Callable[[str], tuple[FeishuClient, ...]]


async def read_by_first[T](clients: tuple[FeishuClient, ...], read: Callable[[FeishuClient], Awaitable[T]]) -> T:
    """Return the answer of the first client whose person can be used. Raises its `FeishuError`."""
    *others, last = clients
    for client in others:
        try:
            return await read(client)
        except _NOT_BY_PERSON:
            continue
    return await read(last)
