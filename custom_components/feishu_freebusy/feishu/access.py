"""What the app may do: a checklist, so that nobody finds out by failures."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .client import SCOPES_FREE_BUSY, SCOPES_ROOM_BATCH, SCOPES_ROOMS, FeishuClient
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
from .models import ActivateStatus

_NO_ROOM = "omm_00000000000000000000000000000000"
_BOT_ON = {ActivateStatus.ENABLED, ActivateStatus.TO_BE_UPGRADED}
_BOT_OFF = {ActivateStatus.TO_BE_INSTALLED, ActivateStatus.DISABLED_BY_TENANT, ActivateStatus.INSTALLED_NOT_ENABLED}
# These say nothing of a single permission: whoever asks hears of them
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
    """What the app may do; None where that could not be found out."""

    app_name: str
    free_busy: bool | None
    room_list: bool | None
    room_batch: bool | None
    bot: bool | None

    @property
    def complete(self) -> bool:
        """Return whether nothing is known to be missing."""
        return not self.missing_scopes and self.bot is not False

    @property
    def enough(self) -> bool:
        """Return whether rooms can be read: without their list, they can be named by id."""
        return self.free_busy is not False and self.bot is not False

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        """Return the narrowest scopes that would mend what is missing."""
        wanted = (
            (self.free_busy, SCOPES_FREE_BUSY),
            (self.room_list, SCOPES_ROOMS),
            (self.room_batch, SCOPES_ROOM_BATCH),
        )
        return tuple(scopes[0] for granted, scopes in wanted if granted is False)


async def check_access(client: FeishuClient) -> Access:
    """Find out what the app may do, by asking for its scopes, or where that fails by trying.

    Raises `FeishuError` for what keeps it from everything: bad credentials, a disabled app, no connection.
    """
    await client.check_credentials()
    app_name, bot = await _check_bot(client)
    try:
        granted = await client.granted_scopes()
    except _NOT_ABOUT_ONE_THING:
        raise
    except FeishuError:
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
    now = datetime.now(UTC)
    try:
        await client.room_freebusy_batch_get([_NO_ROOM], time_min=now, time_max=now + timedelta(hours=1))
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
    now = datetime.now(UTC)
    try:
        await client.freebusy_list(room_id=_NO_ROOM, time_min=now, time_max=now + timedelta(hours=1))
    except _NOT_ABOUT_ONE_THING:
        raise
    except ScopeMissingError:
        return False, bot
    except BotDisabledError:
        return None, False
    except SubjectError:
        pass  # there is no such room: it was not for lack of permission
    except FeishuError:
        return None, bot
    return True, True
