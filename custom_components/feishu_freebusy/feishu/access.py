"""Check the app's scopes and bot, so that missing permissions are reported before calls fail."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .client import NO_ROOM, SCOPES_FREE_BUSY, SCOPES_ROOM_BATCH, SCOPES_ROOMS, FeishuClient
from .errors import (
    AppUnavailableError,
    BotDisabledError,
    CredentialsError,
    FeishuError,
    IpDeniedError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    ScopeMissingError,
    SubjectError,
)
from .models import ActivateStatus, SubjectRef

_NOT_INSTALLED = 212100  # only the list of scopes says so: the app may work all the same
_BOT_ON = {ActivateStatus.ENABLED, ActivateStatus.TO_BE_UPGRADED}
_BOT_OFF = {ActivateStatus.TO_BE_INSTALLED, ActivateStatus.DISABLED_BY_TENANT, ActivateStatus.INSTALLED_NOT_ENABLED}
# These concern all calls, not one permission, so they are raised to the caller
_NOT_ABOUT_ONE_THING = (
    AppUnavailableError,
    CredentialsError,
    IpDeniedError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
)


@dataclass(frozen=True, slots=True)
class Access:
    """What the app may do. None means unknown."""

    app_name: str
    free_busy: bool | None
    room_list: bool | None
    room_batch: bool | None
    bot: bool | None

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self.missing_scopes and self.bot is not False

    @property
    def enough(self) -> bool:
        """Whether the free/busy of rooms can be read. The room list is not needed: users can enter room IDs."""
        return self.free_busy is not False and self.bot is not False

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        """The narrowest scopes that would grant what is missing."""
        wanted = (
            (self.free_busy, SCOPES_FREE_BUSY),
            (self.room_list, SCOPES_ROOMS),
            (self.room_batch, SCOPES_ROOM_BATCH),
        )
        return tuple(scopes[0] for granted, scopes in wanted if granted is False)


async def check_access(client: FeishuClient) -> Access:
    """Read the app's scopes and bot. If the scopes cannot be read, try each API instead.

    Raises `FeishuError` for failures that concern all calls: bad credentials, a disabled app, no connection.
    """
    await client.check_credentials()
    app_name, bot = await _check_bot(client)
    try:
        granted = await client.granted_scopes()
    except FeishuError as error:
        if isinstance(error, _NOT_ABOUT_ONE_THING) and error.code != _NOT_INSTALLED:
            raise
        free_busy, bot = await _try_free_busy(client, bot)
        return Access(app_name, free_busy, await _try_rooms(client), await _try_room_batch(client), bot)
    return Access(
        app_name,
        free_busy=not granted.isdisjoint(SCOPES_FREE_BUSY),
        room_list=not granted.isdisjoint(SCOPES_ROOMS),
        room_batch=not granted.isdisjoint(SCOPES_ROOM_BATCH),
        bot=bot,
    )


async def _check_bot(client: FeishuClient) -> tuple[str, bool | None]:
    try:
        bot = await client.bot()
    except _NOT_ABOUT_ONE_THING:
        raise
    except BotDisabledError:
        return "", False
    except FeishuError:
        return "", None
    if bot.activate_status in _BOT_ON:
        return bot.app_name, True
    return bot.app_name, False if bot.activate_status in _BOT_OFF else None


async def _try_rooms(client: FeishuClient) -> bool | None:
    try:
        await client.rooms()
    except _NOT_ABOUT_ONE_THING:
        raise
    except ScopeMissingError:
        return False
    except FeishuError:
        return None
    return True


async def _try_room_batch(client: FeishuClient) -> bool | None:
    now = datetime.now(UTC)  # any window does
    try:
        await client.room_freebusy_batch_get([NO_ROOM], time_min=now, time_max=now + timedelta(hours=1))
    except _NOT_ABOUT_ONE_THING:
        raise
    except ScopeMissingError:
        return False
    except SubjectError:
        pass
    except FeishuError:
        return None
    return True


async def _try_free_busy(client: FeishuClient, bot: bool | None) -> tuple[bool | None, bool | None]:
    now = datetime.now(UTC)  # any window does
    try:
        await client.freebusy_list(SubjectRef.of(NO_ROOM), time_min=now, time_max=now + timedelta(hours=1))
    except _NOT_ABOUT_ONE_THING:
        raise
    except ScopeMissingError:
        return False, bot
    except BotDisabledError:
        return None, False
    except SubjectError:
        pass  # the room does not exist, so the permission was checked and granted
    except FeishuError:
        return None, bot
    return True, True
