"""Faults: what goes wrong between a client and Feishu, on order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from .answers import HTML_TYPE, REFUSALS, Answer
from .model import Call

HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body><center><h1>{0}</h1></center></body>\r\n</html>\r\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong with a request. Made by its class methods; any of the parts may be combined.

    ``delay``: seconds of silence first. ``hang_up``: the connection is closed then, without an answer. ``answer``: sent
    in place of the real one (the request does not reach the tenant). ``spoil``: what becomes of the real answer.
    """

    name: str
    answer: Answer | None = None
    spoil: Callable[[Answer], Answer] | None = None
    delay: float = 0.0
    hang_up: bool = False

    @classmethod
    def rate_limited(cls, reset: int | None = 1, status: int = 429, code: int = 99991400) -> Fault:
        """Too many requests; ``reset`` = the seconds to wait that the headers tell, ``None`` = no headers."""
        headers = {} if reset is None else {"x-ogw-ratelimit-limit": "50", "x-ogw-ratelimit-reset": str(reset)}
        payload = {"code": code, "msg": _message(code, "rate limited")}
        return cls("rate_limited", Answer.json(status, payload, headers))

    @classmethod
    def status(cls, status: int, code: int | None = None) -> Fault:
        """Answer with a bare HTTP status; with ``code`` as a JSON error, without it as text."""
        phrase = _phrase(status)
        if code is None:
            return cls("status", Answer.text(status, phrase))
        return cls("status", Answer.json(status, {"code": code, "msg": _message(code, phrase)}))

    @classmethod
    def error(cls, status: int, code: int, msg: str = "", error: object = None) -> Fault:
        """Answer with a JSON error; ``error`` is the body's member of that name, of any shape (``None``: left out)."""
        extra = {} if error is None else {"error": error}
        return cls("error", Answer.json(status, {"code": code, "msg": msg or _message(code, "error"), **extra}))

    @classmethod
    def body(cls, status: int, body: object) -> Fault:
        """Answer with ``body``: a string as it is (sent as JSON, valid or not), anything else as JSON."""
        if isinstance(body, str):
            return cls("body", Answer(status, body.encode()))
        return cls("body", Answer.json(status, body))

    @classmethod
    def html(cls, status: int = 502) -> Fault:
        """Answer with a web page, as gateways and captive portals do."""
        return cls("html", Answer.text(status, HTML.format(f"{status} {_phrase(status)}"), HTML_TYPE))

    @classmethod
    def empty(cls, status: int = 200) -> Fault:
        """Answer with no body at all."""
        return cls("empty", Answer(status, b""))

    @classmethod
    def redirect(cls, location: str, status: int = 302) -> Fault:
        """Send the client elsewhere."""
        return cls("redirect", Answer(status, b"", headers={"Location": location}))

    @classmethod
    def cut_off(cls, *, broken_connection: bool = False) -> Fault:
        """Send half of the real answer: as a whole HTTP message, or with the connection broken midway."""

        def halve(answer: Answer) -> Answer:
            announced = len(answer.body) if broken_connection else None
            return replace(answer, body=answer.body[: len(answer.body) // 2], announced_length=announced)

        return cls("cut_off", spoil=halve)

    @classmethod
    def oversized(cls, size: int) -> Fault:
        """Blow the real answer up to ``size`` bytes with blanks: still valid JSON, for a client that reads it all."""
        return cls("oversized", spoil=lambda answer: replace(answer, body=answer.body.ljust(size)))

    @classmethod
    def slow(cls, seconds: float) -> Fault:
        """Let the client wait before the real answer."""
        return cls("slow", delay=seconds)

    @classmethod
    def close(cls) -> Fault:
        """Close the connection without an answer.

        A client may repeat an idempotent request once by itself if the connection had been used before (aiohttp does):
        to be seen there, a ``GET`` must be struck twice.
        """
        return cls("close", hang_up=True)


@dataclass(slots=True)
class FaultOrder:
    """A fault with what it strikes: paths that end in ``path``, ``left`` more times (``None`` = until cleared)."""

    fault: Fault
    path: str | None = None
    left: int | None = 1
    when: Callable[[Call], bool] | None = None

    def matches(self, call: Call) -> bool:
        """Return whether this order strikes ``call``."""
        if self.left == 0 or (self.path is not None and not call.path.endswith(self.path)):
            return False
        return self.when is None or self.when(call)


@dataclass(slots=True)
class FaultQueue:
    """The orders in force, oldest first: of those that match, the oldest strikes."""

    orders: list[FaultOrder] = field(default_factory=list)

    def take(self, call: Call) -> Fault | None:
        """Return the fault that strikes ``call`` and count it down, or ``None``."""
        order = next((order for order in self.orders if order.matches(call)), None)
        if order is None:
            return None
        if order.left is not None:
            order.left -= 1
            if order.left == 0:
                self.orders.remove(order)
        return order.fault


# What the control interface can order, by name.
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
