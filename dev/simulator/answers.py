"""HTTP answers of the simulated server, and the error codes that Feishu documents."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from types import MappingProxyType
from typing import Final

type JsonObject = dict[str, object]

JSON_TYPE: Final = "application/json; charset=utf-8"
TEXT_TYPE: Final = "text/plain; charset=utf-8"
HTML_TYPE: Final = "text/html; charset=utf-8"
MISSING: Final = object()  # as ``error``: leave the member out
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})

# Every error code that the simulator sends by itself: HTTP status (400 if undocumented) and message.
REFUSALS: Final[Mapping[int, tuple[int, str]]] = MappingProxyType(
    {
        9499: (400, "Bad Request"),
        10003: (200, "invalid param"),
        10014: (200, "app secret invalid"),
        11205: (400, "app do not have bot"),
        30005: (400, "this API is offline, please use the new version"),
        100002: (400, "invalid fields"),
        100003: (400, "time must be RFC3339"),
        100005: (400, "room id invalid"),
        105002: (400, "invalid request"),
        105003: (400, "original time invalid"),
        121001: (500, "internal error"),
        121003: (400, "param error"),
        121004: (404, "data does not exist"),
        190002: (400, "invalid parameters in request"),
        190003: (500, "internal service error"),
        190004: (429, "method rate limited"),
        190005: (429, "app rate limited"),
        190006: (403, "wrong unit for app tenant"),
        190007: (404, "app bot_id not found"),
        190010: (429, "current operation rate limited"),
        190014: (400, "invalid request parameters. check details for more info."),
        191000: (404, "calendar not found"),
        191001: (400, "invalid calendar_id"),
        191002: (403, "no calendar access_role"),
        193000: (400, "invalid event_id"),
        193001: (404, "event not found"),
        193003: (403, "event is deleted"),
        195100: (404, "user is dismiss or not exist in the tenant"),
        198001: (400, "too many or no user ids"),
        198002: (400, "time format error"),
        198003: (400, "time range error"),
        212001: (400, "only highly sensitive scopes are missing"),
        212002: (400, "no scope is missing"),
        212003: (400, "too many requests for scopes"),
        212004: (400, "these scopes are requested already"),
        99991400: (429, "request trigger frequency limit"),
        99991401: (400, "ip 127.0.0.1 is denied by app setting"),
        99991403: (429, "This month's API call quota has been exceeded"),
        99991661: (400, "Missing access token for authorization. Please attach an access token."),
        99991662: (400, "app not in use"),
        99991663: (400, "Invalid access token for authorization. Please attach a valid tenant access token."),
        99991668: (400, "Invalid access token for authorization. User access token invalid or not supported."),
        99991671: (400, "Invalid access token for authorization. It must start with t- or u-."),
        99991672: (400, "Access denied. One of the following scopes is required"),
        99991677: (400, "The access token has expired."),
        99991679: (400, "Unauthorized. The user has not granted one of these scopes"),
        99992402: (400, "field validation failed"),
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, ready to send.

    ``code`` is the code in the JSON body, for the request log (``None``: not JSON). ``announced_length`` is a
    Content-Length that differs from the length of ``body``; the connection is closed after ``body``. ``delay``: seconds
    until it is sent. ``lost``: it is never sent, and the connection is closed.
    """

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default=NO_HEADERS)
    code: int | None = None
    announced_length: int | None = None
    delay: float = 0.0
    lost: bool = False

    @classmethod
    def json(cls, status: int, payload: object, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        """Return an answer with ``payload`` as its JSON body."""
        code = payload.get("code") if isinstance(payload, dict) else None
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(status, body, headers=headers, code=code if isinstance(code, int) else None)

    @classmethod
    def text(cls, status: int, text: str, content_type: str = TEXT_TYPE) -> Answer:
        """Return an answer whose body is not JSON."""
        return cls(status, text.encode(), content_type)


class ApiError(Exception):
    """A documented error. Any check may raise it; the gateway turns it into an answer.

    ``error`` is the ``error`` member of the body. The gateway adds the log id to a dictionary; ``None`` means an empty
    dictionary, ``MISSING`` leaves the member out, and any other value is sent unchanged.
    """

    def __init__(
        self,
        code: int,
        msg: str | None = None,
        *,
        status: int | None = None,
        error: object = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        """Default ``status`` and ``msg`` to those that ``REFUSALS`` lists for ``code``."""
        documented_status, documented_msg = REFUSALS[code]
        self.code = code
        self.msg = documented_msg if msg is None else msg
        self.status = documented_status if status is None else status
        self.error = error
        self.headers = headers
        super().__init__(f"{self.status}/{self.code} {self.msg}")


def success(data: Mapping[str, object] | None) -> Answer:
    """Return a successful answer in the usual envelope; ``None`` leaves ``data`` out."""
    envelope: JsonObject = {"code": 0, "msg": "success"}
    return Answer.json(200, envelope if data is None else {**envelope, "data": data})
