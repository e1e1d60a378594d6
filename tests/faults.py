"""The table of faults at Feishu or in the network, and what Home Assistant must do. `test_faults.py` tests it.

`python -m tests.faults` prints docs/faults.md.
"""

from collections.abc import Awaitable, Callable, Iterable
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
    """A fault, and what Home Assistant must do.

    `key` is the translation key of the message, `repair` the kind of the repair issue, `recovers` the longest time that
    a running entry may need to recover after the fault has ended. `fresh` and `fresh_key` replace `error` and `key` if
    there is no token yet: at setup and in flows. `flow_key` replaces both keys in flows.
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
        """Return the longest time that an entry may need to recover if it was reloaded during the fault."""
        return _CREDENTIALS_PAUSE if self.fresh is CredentialsError else self.recovers

    @property
    def error_without_token(self) -> type[FeishuError]:
        """Return the error where there is no token yet."""
        return self.fresh or self.error


async def end(simulator: Simulator) -> None:
    """End every fault."""
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
    """Makes all calls fail; with `spare_token`, all except the one for the token."""

    fault: Fault
    spare_token: bool = False

    async def __call__(self, simulator: Simulator) -> None:
        """Start the fault."""
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
    tenant.tokens.issue(stuck=False)  # the one that the server repeats
    tenant.expire_tokens()
    tenant.stuck_token = True


TROUBLES = (
    # The network
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
    Trouble("JSON that is not an answer of the API", Strike(Fault.body(200, [])), UnreadableAnswerError, "not_feishu"),
    Trouble("invalid JSON", Strike(Fault.body(200, "{")), UnreadableAnswerError, "not_feishu"),
    Trouble("a captive portal's page", Strike(Fault.html(200)), NotFeishuError, "not_feishu"),
    Trouble("a redirect", Strike(Fault.redirect("https://example.com")), NotFeishuError, "not_feishu"),
    Trouble("another server's page, HTTP 404", Strike(Fault.html(404)), NotFeishuError, "not_feishu"),
    # Faults of the server
    Trouble("a gateway's page, HTTP 502", Strike(Fault.html(502)), ServerError, "server_error"),
    Trouble("HTTP 503 as text", Strike(Fault.status(503)), ServerError, "server_error"),
    Trouble("an internal error, 190003", _refuse(500, 190003), ServerError, "server_error"),
    # Too many calls
    Trouble("too many calls, with a time to wait", Strike(Fault.rate_limited(1)), RateLimitedError, "rate_limited"),
    Trouble(
        "too many calls, without a time to wait", Strike(Fault.rate_limited(None)), RateLimitedError, "rate_limited"
    ),
    Trouble("too many calls, as an HTML page", Strike(Fault.html(429)), RateLimitedError, "rate_limited"),
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
        flow_key="nothing_readable",  # in a flow, the other message names rooms
    ),
    Trouble("an unknown error code", _refuse(400, 424242), RequestError, "request_refused"),
)


@dataclass(frozen=True)
class LinkTrouble:
    """A fault of the long connection. Rooms are read as without live updates.

    `begin` is a key of `tests.soak.incidents.PUSH`. `state` is what the sensor shows after some minutes with changes of
    bookings, `repair` the kind of the repair issue, `recovers` the longest time until events are read again.
    """

    begin: str
    state: str
    repair: str = ""
    recovers: timedelta = timedelta(minutes=2)


LINK_TROUBLES = (
    LinkTrouble("the connection is reset", "connected"),
    LinkTrouble("the server closes the connection", "connected"),
    LinkTrouble("pings are answered, no event comes", "not_trusted"),
    LinkTrouble("all events lost", "not_trusted"),
    LinkTrouble("only bookings send events", "connected"),
    LinkTrouble("each event comes twice", "connected"),
    LinkTrouble("events come a minute late", "connected"),
    LinkTrouble("twenty events for each room at once", "connected"),
    LinkTrouble("too many connections", "waiting", "live_too_many_connections", timedelta(minutes=15)),
)


_INTRODUCTION = """\
# Faults, and what Home Assistant does

Each row is a fault that the simulator can produce. Each column is the moment at which it happens to a real Home
Assistant core in `tests/test_faults.py`. In all cases: no traceback is logged, no booking is lost, a busy room never
shows free, and the integration recovers by itself. A running entry recovers within the time in the last column, a setup
by Home Assistant's retries.

- **Setup** with nothing stored: Home Assistant shows "not ready" with the message and tries again.
- **Poll:** known bookings stay valid for the grace (10 minutes here), and rooms still flip on time. Then the rooms
  become unavailable. The log has one line when the fault starts and one when it ends.
- **Catalogue:** names, floors and disabled periods stay as they were read last.
- **Options:** the form shows the message, and nothing is saved.
- **Action:** `get_free_busy` raises an error with the message.
- **Reload**, and a restart of Home Assistant: stored bookings stay valid for the rest of the same grace.

The messages are in `translations/`, under `exceptions` and under `error` of the flows. `python -m tests.faults` prints
this page.

"""
_HEADINGS = ("Fault", "Error", "Setup", "Poll", "Catalogue", "Options", "Action", "Reload", "Recovers within")


def _cells(trouble: Trouble) -> tuple[str, ...]:
    repair = f", repair `{trouble.repair}`" if trouble.repair else ", repair `stale` after the grace"
    asks = ", asks for the secret"
    is_fresh = trouble.error_without_token is CredentialsError
    return (
        trouble.name,
        f"`{trouble.error.__name__}`",
        f"`{trouble.key_without_token}`{asks if is_fresh else ''}",
        f"`{trouble.key}`{asks if trouble.reauth else repair}",
        "no effect",
        f"`{trouble.flow_key or trouble.key_without_token}`",
        f"`{trouble.key}`",
        "stored bookings stay valid",
        _duration(trouble.recovers),
    )


def _duration(duration: timedelta) -> str:
    minutes = int(duration.total_seconds() // 60)
    return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"


_INTRODUCTION_OF_LINKS = """
## The long connection of live updates

In all cases, rooms are read as without live updates, so changes are shown after the interval between two polls at the
latest. `tests/sync/test_link_faults.py` tests this table. The soak adds faults that come and go.

"""
_TITLES = """
## Titles

Each fault above that answers, delays or breaks a call also strikes the calls for titles and organizers alone, in
`tests/sync/test_titles.py`. No state changes, nothing is logged, and titles return within an hour. A missing permission
raises the repair issue `titles_refused`.
"""
_HEADINGS_OF_LINKS = ("Fault", "Sensor", "Repair issue", "Recovers within")


def _cells_of_link(trouble: LinkTrouble) -> tuple[str, ...]:
    repair = f"`{trouble.repair}`" if trouble.repair else "–"
    return trouble.begin, f"`{trouble.state}`", repair, _duration(trouble.recovers)


def table() -> str:
    """Return the page."""
    rows = [_HEADINGS, ("---",) * len(_HEADINGS), *map(_cells, TROUBLES)]
    links = [_HEADINGS_OF_LINKS, ("---",) * len(_HEADINGS_OF_LINKS), *map(_cells_of_link, LINK_TROUBLES)]
    return _INTRODUCTION + _lines(rows) + _INTRODUCTION_OF_LINKS + _lines(links) + _TITLES


def _lines(rows: Iterable[Iterable[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    sys.stdout.write(table())
