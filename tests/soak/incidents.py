"""What goes wrong in a year: every kind of fault that the simulator has, for one call or for days."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
import random
from typing import Final, Literal

from custom_components.feishu_freebusy.feishu.transport import _MAX_BODY
from simulator import Fault, Simulator, Tenant
from simulator.push import Act
from simulator.push.hub import Push
from simulator.push.messages import STATUS_CHANGED

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86_400.0

# Weight, and minimum and maximum length in seconds
LENGTHS: Final = ((50, 0.0, 0.0), (28, MINUTE, 30 * MINUTE), (19, 30 * MINUTE, 9 * HOUR), (3, DAY, 3 * DAY))

FAULTS: Final[dict[str, Callable[[random.Random], Fault]]] = {
    "429 with a time to wait": lambda rng: Fault.rate_limited(rng.choice((1, 5, 30, 200))),
    "429 without a time to wait": lambda _: Fault.rate_limited(None),
    "429 of the calendar": lambda rng: Fault.rate_limited(None, code=rng.choice((190004, 190005, 190010))),
    "HTTP 5xx": lambda rng: Fault.status(rng.choice((500, 502, 503, 504))),
    "internal error": lambda _: Fault.error(500, 190003),
    "HTML": lambda rng: Fault.html(rng.choice((200, 404, 502))),
    "empty": lambda _: Fault.empty(),
    "cut off": lambda _: Fault.cut_off(),
    "connection cut": lambda _: Fault.cut_off(broken_connection=True),
    "closed": lambda _: Fault.close(),
    "slow": lambda rng: Fault.slow(rng.choice((1.5, 4.0, 8.0))),
    "silent": lambda _: Fault.slow(3 * HOUR),
    "redirected": lambda _: Fault.redirect("https://captive.example/"),
    "other JSON": lambda rng: Fault.body(200, rng.choice(([], {}, {"code": "0"}, {"code": 0, "data": []}))),
    "too large": lambda _: Fault.oversized(_MAX_BODY + 1),
    "token refused": lambda _: Fault.error(400, 99991663),
}
PATHS: Final = (
    None,
    None,
    "freebusy/batch_get",
    "freebusy/list",
    "freebusy/batch",
    "vc/v1/rooms",
    "vc/v1/rooms/mget",
    "tenant_access_token/internal",
)

EVENTS: Final = ("event_on_book", "event_on_cancel", "event_on_move", "event_on_release", "event_on_end")


def _make_links(tenant: Tenant, state: Literal["zombie", "silent"]) -> None:
    tenant.variants.link = state
    for connection in tenant.push.connections:
        connection.state = state


def _drop_every_minute(tenant: Tenant) -> None:
    tenant.push.close_after = 60.0
    tenant.push.drop(Act.EOF)


def _allow_none(tenant: Tenant) -> None:
    tenant.push.limit = 0
    tenant.push.drop(Act.RST)


def _storm(tenant: Tenant) -> None:
    for _ in range(20):
        for room_id in tenant.rooms:
            tenant.push.room_changed(room_id, "book")
        tenant.push.send(STATUS_CHANGED, {"room_name": "Nowhere", "room_id": "omm_unknown"})


PUSH: Final[dict[str, Callable[[Tenant], object]]] = {
    "the connection is reset": lambda tenant: tenant.push.drop(Act.RST),
    "the server closes the connection": lambda tenant: tenant.push.drop(Act.BYE),
    "the connection is dropped every minute": _drop_every_minute,
    "pings are answered, no event comes": lambda tenant: _make_links(tenant, "zombie"),
    "nothing is answered": lambda tenant: _make_links(tenant, "silent"),
    "all events lost": lambda tenant: setattr(tenant.push, "loss", 1.0),
    "a third of the events lost": lambda tenant: setattr(tenant.push, "loss", 0.33),
    "only bookings send events": lambda tenant: tenant.variants.update(dict.fromkeys(EVENTS[1:], "none")),
    "each event comes twice": lambda tenant: setattr(tenant.variants, "event_copies", "twice"),
    "events come a minute late": lambda tenant: setattr(tenant.push, "delay", 60.0),
    "twenty events for each room at once": _storm,
    "too many connections": _allow_none,
}


def end_push(tenant: Tenant) -> None:
    """End every fault of the long connection; a dead one stays dead until the client notices."""
    push, usual = tenant.push, Push(tenant)
    for name in ("loss", "close_after", "limit", "delay", "linger"):
        setattr(push, name, getattr(usual, name))
    tenant.variants.update(dict.fromkeys(EVENTS, "sent") | {"link": "works", "event_copies": "once"})


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident in progress: its kind, its length in seconds, and a function that ends it."""

    name: str
    seconds: float
    end: Callable[[], Awaitable[None]]


class Incidents:
    """Starts incidents: faults of single calls, and changes of the whole tenant."""

    def __init__(
        self,
        simulator: Simulator,
        rng: random.Random,
        run: Callable[[Awaitable[None]], Awaitable[None]],
        enter_secret: Callable[[], Awaitable[None]],
        *,
        live_updates: bool = False,
    ) -> None:
        """Break `simulator`. `run` awaits work while time passes; `enter_secret` enters a changed secret."""
        self._simulator, self._tenant, self._rng = simulator, simulator.tenant, rng
        self._run, self._enter_secret = run, enter_secret
        self._rotations = 0
        self._broken: object = None
        self._states: dict[str, tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]]] = {
            "no connection": (self._stop, self._simulator.start),
            "quota used up": (self._set("quota_left", 0), self._set("quota_left", None)),
            "app disabled": (self._set("app_enabled", False), self._set("app_enabled", True)),
            "IP refused": (self._set("ip_allowed", False), self._set("ip_allowed", True)),
            "bot off": (self._set("bot_enabled", False), self._set("bot_enabled", True)),
            "free/busy scope revoked": self._scope("calendar:calendar.free_busy:read"),
            "batch scope revoked": self._scope("calendar:room:readonly"),
            "rooms scope revoked": self._scope("vc:room:readonly"),
            "room API fails alone": (self.break_rooms, self._mend_rooms),
            "batch API retired": (self._retire, self._serve),
            "tokens expire": (self._expire, self._nothing),
            "secret changed": (self._rotate, self._enter_secret),
        }
        if live_updates:
            self._states |= {
                f"long connection: {name}": (partial(self._begin_push, name), self._end_push) for name in PUSH
            }

    @property
    def kinds(self) -> list[str]:
        """The names of all kinds."""
        return [*FAULTS, *self._states]

    async def begin(self, name: str) -> Incident:
        """Start an incident of a kind."""
        (_, least, most) = self._rng.choices(LENGTHS, [weight for weight, *_ in LENGTHS])[0]
        seconds = self._rng.uniform(least, most)
        if name in self._states:
            begin, end = self._states[name]
            await begin()
            return Incident(name, max(seconds, self._rng.uniform(MINUTE, 2 * HOUR)), end)
        times = None if seconds else self._rng.randrange(1, 7)
        order = self._tenant.inject(FAULTS[name](self._rng), self._rng.choice(PATHS), times)

        async def withdraw() -> None:
            orders = self._tenant.faults.orders
            orders[:] = [other for other in orders if other is not order]

        return Incident(name, seconds or 20 * MINUTE, withdraw)

    def changes_tenant(self, name: str) -> bool:
        """Return whether this kind changes the whole tenant. Only one of these may be active at a time."""
        return name in self._states

    async def _begin_push(self, name: str) -> None:
        PUSH[name](self._tenant)

    async def _end_push(self) -> None:
        end_push(self._tenant)

    def _set(self, name: str, value: object) -> Callable[[], Awaitable[None]]:
        async def change() -> None:
            setattr(self._tenant, name, value)

        return change

    def _scope(self, scope: str) -> tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]]:
        async def revoke() -> None:
            self._tenant.revoke(scope)

        async def grant() -> None:
            self._tenant.grant(scope)

        return revoke, grant

    async def _stop(self) -> None:
        await self._run(self._simulator.stop())

    async def break_rooms(self) -> None:
        """Let all calls of the room API fail."""
        self._broken = self._tenant.inject(
            Fault.error(500, 121001), times=None, when=lambda call: "vc/v1/room" in call.path
        )

    async def _mend_rooms(self) -> None:
        orders = self._tenant.faults.orders
        orders[:] = [other for other in orders if other is not self._broken]

    async def _retire(self) -> None:
        self._tenant.variants.room_batch = self._rng.choice(("30005", "404"))

    async def _serve(self) -> None:
        self._tenant.variants.room_batch = "served"

    async def _expire(self) -> None:
        self._tenant.expire_tokens()

    async def _nothing(self) -> None:
        pass

    async def _rotate(self) -> None:
        self._rotations += 1
        self._tenant.rotate_secret(f"simulated-secret-of-{self._rotations}")


def seconds(length: float) -> timedelta:
    """Return a length in seconds as a timedelta."""
    return timedelta(seconds=length)
