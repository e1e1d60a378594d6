"""What goes wrong at Feishu or on the way there, and what is to come of it: the table that `test_faults.py` tests.

`python -m tests.faults` prints it as docs/faults.md has it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
import sys

from custom_components.feishu_freebusy.feishu.errors import (
    AppUnavailableError,
    BotDisabledError,
    CredentialsError,
    EndpointRetiredError,
    FeishuError,
    IpDeniedError,
    NotFeishuError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    RequestError,
    ScopeMissingError,
    ServerError,
    StaleTokenError,
    SubjectError,
    UnreadableAnswerError,
)
from simulator import Call, Fault, Simulator, Tenant

type Begin = Callable[[Simulator], Awaitable[None]]

_SECRET = "simulated-secret-0001"
_FREE_BUSY_SCOPE = "calendar:calendar.free_busy:read"
_MINUTES = timedelta(minutes=2)
_CREDENTIALS_PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong, and what comes of it.

    `key` is that of the text which tells it, `repair` the kind of the repair issue, `recovers` the longest time from
    its end until a running entry is well again. `fresh` differs from `error`, and `fresh_key` from `key`, where it
    matters that there is no token yet: at set-up and in flows. So does `flow_key`, for flows.
    """

    name: str
    begin: Begin
    error: type[FeishuError]
    key: str
    repair: str = ""
    reauth: bool = False
    recovers: timedelta = _MINUTES
    fresh: type[FeishuError] | None = None
    fresh_key: str = ""
    flow_key: str = ""

    @property
    def key_without_token(self) -> str:
        """Return the key where there is no token yet."""
        return self.fresh_key or self.key

    @property
    def recovers_without_token(self) -> timedelta:
        """Return the longest time to recovery of an entry that was reloaded meanwhile."""
        return _CREDENTIALS_PAUSE if self.fresh is CredentialsError else self.recovers

    @property
    def error_without_token(self) -> type[FeishuError]:
        """Return the error where there is no token yet."""
        return self.fresh or self.error


async def end(simulator: Simulator) -> None:
    """Let all be well again."""
    tenant = simulator.tenant
    tenant.clear_faults()
    tenant.app_enabled = tenant.ip_allowed = tenant.bot_enabled = True
    tenant.app_secret = _SECRET
    tenant.stuck_token = False
    tenant.quota_left = None
    tenant.grant(_FREE_BUSY_SCOPE)
    await simulator.start()


@dataclass(frozen=True)
class Strike:
    """Lets all calls meet a fault, if need be all but that for the token."""

    fault: Fault
    spare_token: bool = False

    async def __call__(self, simulator: Simulator) -> None:
        """Begin."""
        simulator.tenant.inject(self.fault, times=None, when=self._is_meant)

    def _is_meant(self, call: Call) -> bool:
        return not (self.spare_token and "/auth/" in call.path)


def _refuse(status: int, code: int) -> Strike:
    return Strike(Fault.error(status, code), spare_token=True)


def _change(change: Callable[[Tenant], object]) -> Begin:
    async def begin(simulator: Simulator) -> None:
        change(simulator.tenant)

    return begin


def _set(name: str, value: object) -> Begin:
    return _change(lambda tenant: setattr(tenant, name, value))


def _stuck(tenant: Tenant) -> None:
    tenant.tokens.issue(stuck=False)  # so that there is one to be handed out again and again
    tenant.expire_tokens()
    tenant.stuck_token = True


TROUBLES = (
    # On the way
    Trouble("the server is down", Simulator.stop, NotReachableError, "cannot_connect"),
    Trouble("the connection is closed without an answer", Strike(Fault.close()), NotReachableError, "cannot_connect"),
    Trouble("no answer for an hour", Strike(Fault.slow(3_600)), NotReachableError, "cannot_connect"),
    Trouble(
        "the connection breaks in the middle of an answer",
        Strike(Fault.cut_off(broken_connection=True)),
        UnreadableAnswerError,
        "not_feishu",
    ),
    Trouble("half an answer", Strike(Fault.cut_off()), UnreadableAnswerError, "not_feishu"),
    Trouble("an empty answer", Strike(Fault.empty()), UnreadableAnswerError, "not_feishu"),
    Trouble("an answer of 9 MiB", Strike(Fault.oversized(9 * 1024 * 1024)), UnreadableAnswerError, "not_feishu"),
    Trouble("JSON, but not an answer of the API", Strike(Fault.body(200, [])), UnreadableAnswerError, "not_feishu"),
    Trouble("no JSON, though it says so", Strike(Fault.body(200, "{")), UnreadableAnswerError, "not_feishu"),
    Trouble("a captive portal's page", Strike(Fault.html(200)), UnreadableAnswerError, "not_feishu"),
    Trouble("a redirect", Strike(Fault.redirect("https://example.com")), NotFeishuError, "not_feishu"),
    Trouble("another server's page, HTTP 404", Strike(Fault.html(404)), NotFeishuError, "not_feishu"),
    # Feishu in trouble
    Trouble("a gateway's page, HTTP 502", Strike(Fault.html(502)), ServerError, "server_error"),
    Trouble("HTTP 503 as text", Strike(Fault.status(503)), ServerError, "server_error"),
    Trouble("an internal error, 190003", _refuse(500, 190003), ServerError, "server_error"),
    # Too much
    Trouble("too many calls, with a time to wait", Strike(Fault.rate_limited(1)), RateLimitedError, "rate_limited"),
    Trouble("too many calls, without one", Strike(Fault.rate_limited(None)), RateLimitedError, "rate_limited"),
    Trouble("too many calls, says a page", Strike(Fault.html(429)), RateLimitedError, "rate_limited"),
    Trouble("too many calls, HTTP 400", Strike(Fault.rate_limited(1, 400)), RateLimitedError, "rate_limited"),
    Trouble(
        "the month's calls are used up",
        _set("quota_left", 0),
        QuotaExceededError,
        "quota_exceeded",
        repair="quota_exceeded",
        recovers=timedelta(hours=6),
    ),
    # The app
    Trouble(
        "the secret was changed",
        _change(lambda tenant: tenant.rotate_secret("another")),
        CredentialsError,
        "invalid_auth",
        reauth=True,
        recovers=_CREDENTIALS_PAUSE,
    ),
    Trouble(
        "the app is disabled",
        _set("app_enabled", False),
        AppUnavailableError,
        "app_unavailable",
        repair="app_unavailable",
        fresh=CredentialsError,
        fresh_key="invalid_auth",
    ),
    Trouble("tokens are refused", _change(_stuck), StaleTokenError, "token_refused"),
    Trouble(
        "the permission is withdrawn",
        _change(lambda tenant: tenant.revoke(_FREE_BUSY_SCOPE)),
        ScopeMissingError,
        "scope_missing",
        repair="scope_missing",
    ),
    Trouble("the bot is off", _set("bot_enabled", False), BotDisabledError, "bot_disabled", repair="bot_disabled"),
    Trouble("the IP address is not allowed", _set("ip_allowed", False), IpDeniedError, "ip_denied", repair="ip_denied"),
    # The API
    Trouble("the API was taken offline, 30005", _refuse(400, 30005), EndpointRetiredError, "endpoint_retired"),
    Trouble(
        "nothing can be read, 190002",
        _refuse(400, 190002),
        SubjectError,
        "subject_unreadable",
        flow_key="nothing_readable",  # there, the other one names rooms
    ),
    Trouble("a code that nobody knows", _refuse(400, 424242), RequestError, "request_refused"),
)


_INTRODUCTION = """\
# What goes wrong, and what comes of it

Each row is a fault of the simulator, each column an occasion at which it strikes a real Home Assistant core in
`tests/test_faults.py`. Whatever happens, no traceback is logged, no booking is lost, a busy room never shows free, and
all is well again by itself: a running entry within the time in the last column, a set-up by Home Assistant's retries.

- **Set-up** without anything stored is "not ready", with the message.
- **Poll:** known bookings hold for the grace (10 minutes here), flips included; then the rooms are unavailable. One
  line in the log going down, one coming back.
- **Catalogue:** names, floors and disabled periods stay as they were last read.
- **Options:** the form shows the message, and nothing is saved.
- **Action:** `get_free_busy` raises the message.
- **Reload**, and a restart of Home Assistant: what was stored holds for the rest of the same grace.

The messages are in `translations/`, under `exceptions` and the flows' `error`. This page is what
`python -m tests.faults` prints.

"""
_HEADINGS = ("Fault", "Error", "Set-up", "Poll", "Catalogue", "Options", "Action", "Reload", "Well again within")


def _cells(trouble: Trouble) -> tuple[str, ...]:
    repair = f", repair `{trouble.repair}`" if trouble.repair else ", repair `stale` after the grace"
    asks = ", asks for the secret"
    is_fresh = trouble.error_without_token is CredentialsError
    return (
        trouble.name,
        f"`{trouble.error.__name__}`",
        f"`{trouble.key_without_token}`{asks if is_fresh else ''}",
        f"`{trouble.key}`{asks if trouble.reauth else repair}",
        "unnoticed",
        f"`{trouble.flow_key or trouble.key_without_token}`",
        f"`{trouble.key}`",
        "stored bookings hold",
        _duration(trouble.recovers),
    )


def _duration(duration: timedelta) -> str:
    minutes = int(duration.total_seconds() // 60)
    return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"


def table() -> str:
    """Return the page with the table."""
    rows = [_HEADINGS, ("---",) * len(_HEADINGS), *map(_cells, TROUBLES)]
    return _INTRODUCTION + "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    sys.stdout.write(table())
