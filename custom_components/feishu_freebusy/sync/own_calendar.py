"""In whose name a calendar is read: the linked person reads their own, which the app may not be allowed to see."""

from collections.abc import Awaitable, Callable

from ..feishu.client import FeishuClient
from ..feishu.errors import PASSING_ERRORS, FeishuError, QuotaExceededError

# These pass. Until then, another client might see less: a busy person as free
_PASSING = (*PASSING_ERRORS, QuotaExceededError)

# By the id of a subject: the clients to read it with, one after the other until one can
type Clients = Callable[[str], tuple[FeishuClient, ...]]


async def read_by_first[T](clients: tuple[FeishuClient, ...], read: Callable[[FeishuClient], Awaitable[T]]) -> T:
    """Return the answer of the first client that is not refused. Raises its `FeishuError` if that may pass."""
    *others, last = clients
    for client in others:
        try:
            return await read(client)
        except _PASSING:
            raise
        except FeishuError:
            continue
    return await read(last)
