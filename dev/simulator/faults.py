"""Faults that a test can inject between a client and the simulated Feishu."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from .answers import HTML_TYPE, REFUSALS, Answer
from .model import Call

HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body><center><h1>{0}</h1></center></body>\r\n</html>\r\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong with a request. The class methods make the usual faults; all fields can be combined.

    ``delay``: seconds to wait before anything else. ``hang_up``: close the connection without an answer. ``answer``:
    sent instead of the real one (the request does not reach the tenant). ``spoil``: changes the real answer.
    """

    name: str
    answer: Answer | None = None
    spoil: Callable[[Answer], Answer] | None = None
    delay: float = 0.0
    hang_up: bool = False

    @classmethod
    def rate_limited(cls, reset: int | None = 1, status: int = 429, code: int = 99991400) -> Fault:
        """Answer "too many requests"; ``reset`` = seconds to wait, in the headers; ``None`` = no headers."""
        headers = {} if reset is None else {"x-ogw-ratelimit-limit": "50", "x-ogw-ratelimit-reset": str(reset)}
        payload = {"code": code, "msg": _message(code, "rate limited")}
        return cls("rate_limited", Answer.json(status, payload, headers))

    @classmethod
    def status(cls, status: int, code: int | None = None) -> Fault:
        """Answer with an HTTP status: a JSON error if ``code`` is given, plain text otherwise."""
        phrase = _phrase(status)
        if code is None:
            return cls("status", Answer.text(status, phrase))
        return cls("status", Answer.json(status, {"code": code, "msg": _message(code, phrase)}))

    @classmethod
    def error(cls, status: int, code: int, msg: str = "", error: object = None) -> Fault:
        """Answer with a JSON error; ``error`` is the body's member of that name, of any type (``None``: left out)."""
        extra = {} if error is None else {"error": error}
        return cls("error", Answer.json(status, {"code": code, "msg": msg or _message(code, "error"), **extra}))

    @classmethod
    def body(cls, status: int, body: object) -> Fault:
        """Answer with ``body``: a string unchanged but typed as JSON, any other value encoded as JSON."""
        if isinstance(body, str):
            return cls("body", Answer(status, body.encode()))
        return cls("body", Answer.json(status, body))

    @classmethod
    def html(cls, status: int = 502) -> Fault:
        """Answer with a web page, as gateways and captive portals do."""
        return cls("html", Answer.text(status, HTML.format(f"{status} {_phrase(status)}"), HTML_TYPE))

    @classmethod
    def empty(cls, status: int = 200) -> Fault:
        """Answer with an empty body."""
        return cls("empty", Answer(status, b""))

    @classmethod
    def redirect(cls, location: str, status: int = 302) -> Fault:
        """Redirect the client to ``location``."""
        return cls("redirect", Answer(status, b"", headers={"Location": location}))

    @classmethod
    def cut_off(cls, *, broken_connection: bool = False) -> Fault:
        """Send half of the real answer: as a complete HTTP message, or with the connection broken midway."""

        def halve(answer: Answer) -> Answer:
            announced = len(answer.body) if broken_connection else None
            return replace(answer, body=answer.body[: len(answer.body) // 2], announced_length=announced)

        return cls("cut_off", spoil=halve)

    @classmethod
    def oversized(cls, size: int) -> Fault:
        """Pad the real answer with spaces to ``size`` bytes. It is still valid JSON if the client reads all of it."""
        return cls("oversized", spoil=lambda answer: replace(answer, body=answer.body.ljust(size)))

    @classmethod
    def slow(cls, seconds: float) -> Fault:
        """Delay the real answer."""
        return cls("slow", delay=seconds)

    @classmethod
    def close(cls) -> Fault:
        """Close the connection without an answer.

        aiohttp repeats an idempotent request once by itself if the connection was used before. To make it fail there,
        inject the fault for two ``GET`` requests.
        """
        return cls("close", hang_up=True)


@dataclass(slots=True)
class FaultOrder:
    """A fault for paths that end in ``path``, ``left`` more times (``None`` = until cleared)."""

    fault: Fault
    path: str | None = None
    left: int | None = 1
    when: Callable[[Call], bool] | None = None

    def matches(self, call: Call) -> bool:
        """Return whether the fault applies to ``call``."""
        if self.left == 0 or (self.path is not None and not call.path.endswith(self.path)):
            return False
        return self.when is None or self.when(call)


@dataclass(slots=True)
class FaultQueue:
    """The injected faults, oldest first. The oldest that matches a call is used."""

    orders: list[FaultOrder] = field(default_factory=list)

    def take(self, call: Call) -> Fault | None:
        """Return the fault for ``call``, or ``None``; a returned fault counts as used once."""
        order = next((order for order in self.orders if order.matches(call)), None)
        if order is None:
            return None
        if order.left is not None:
            order.left -= 1
            if order.left == 0:
                self.orders.remove(order)
        return order.fault


# The faults that the control interface can inject, by name.
KINDS: Mapping[str, Callable[..., Fault]] = {
    "rate_limited": Fault.rate_limited,
    "status": Fault.status,
    "error": Fault.error,
    "body": Fault.body,
    "html": Fault.html,
    "empty": Fault.empty,
    "redirect": Fault.redirect,
    "cut_off": Fault.cut_off,
    "oversized": Fault.oversized,
    "slow": Fault.slow,
    "close": Fault.close,
}


def _message(code: int, default: str) -> str:
    return REFUSALS[code][1] if code in REFUSALS else default


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus else "Unknown"
