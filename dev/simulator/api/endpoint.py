"""The description of an endpoint, and helpers that read parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
import re
from typing import Final, Literal

from simulator.answers import Answer, ApiError, JsonObject
from simulator.model import Call, Caller
from simulator.tenant import Tenant

RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
USER_ID_TYPES: Final = frozenset({"open_id", "union_id", "user_id"})
USER_ID_SCOPES: Final = ("contact:user.employee_id:readonly",)

type Identity = Literal["app", "person", "both"]
type Handler = Callable[[Tenant, Call, str], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint: its path, its required permissions, and its handler.

    ``path`` comes after ``/open-apis/`` and may contain ``:id``, also twice. ``scopes``: any one of them is enough.
    ``limited``: calls count against the rate limit of tier 4. ``counted``: successful calls count against the monthly
    quota. ``guarded``: the gateway checks the caller. ``old``: a legacy API, which answers a rate limit with HTTP 400
    and may be taken offline. ``windows``: its rate limit if that is not the one of tier 4. ``identity``: whose token it
    accepts; a person needs no bot, and the scopes are those that the person granted.
    """

    method: str
    path: str
    handler: Handler
    scopes: tuple[str, ...] = ()
    needs_bot: bool = False
    limited: bool = True
    counted: bool = True
    guarded: bool = True
    old: bool = False
    windows: tuple[tuple[int, float], ...] | None = None
    identity: Identity = "app"

    @property
    def name(self) -> str:
        """The key for the rate limits."""
        return f"{self.method} {self.path}"

    def require_scope(self, tenant: Tenant, caller: Caller | None = None) -> None:
        """Raise ``ApiError`` if the endpoint requires a scope and the caller has none of ``scopes``."""
        if self.scopes and caller is None:
            require_scope(tenant, self.scopes)
        elif self.scopes and caller is not None:
            require_scope_of_person(tenant, caller, self.scopes)


def require_scope(tenant: Tenant, scopes: tuple[str, ...]) -> None:
    """Raise 99991672 unless the app was granted at least one of ``scopes``."""
    if any(tenant.scopes.get(scope) for scope in scopes):
        return
    link = f"https://open.feishu.cn/app/{tenant.app_id}/auth?q={','.join(scopes)}&op_from=openapi&token_type=tenant"
    msg = f"Access denied. One of the following scopes is required: [{', '.join(scopes)}]. Grant it here: {link}"
    error: JsonObject = {}
    if tenant.variants.permission_violations == "subject":
        error["permission_violations"] = [
            {"type": "action_scope_required", "subject": scope, "description": ""} for scope in scopes
        ]
    elif tenant.variants.permission_violations == "scope_and_url":
        error["permission_violations"] = [{"scope": scope, "url": link} for scope in scopes]
    raise ApiError(99991672, msg, error=error)


def require_scope_of_person(tenant: Tenant, caller: Caller, scopes: tuple[str, ...]) -> None:
    """Raise 99991679 unless the person granted one of ``scopes``, 99991672 if the app cannot ask them for one."""
    if caller.scopes.intersection(scopes):
        return
    possible = bool(tenant.consents.user_scopes.intersection(scopes))
    kind = "action_privilege_required" if possible else "action_scope_required"
    error: JsonObject = {"permission_violations": [{"type": kind, "subject": scope} for scope in scopes]}
    raise ApiError(99991679 if possible else 99991672, error=error)


def require_body(call: Call, code: int) -> JsonObject:
    """Return the JSON object in the body, or raise ``code``."""
    if not isinstance(call.body, dict):
        raise ApiError(code)
    return call.body


def require_text(body: Mapping[str, object], name: str, code: int) -> str:
    """Return a text of the body that is not empty, or raise ``code``."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ApiError(code)
    return value


def read_time(text: str) -> datetime | None:
    """Parse an RFC 3339 time (aware result); return ``None`` if it is invalid."""
    if not RFC3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def read_user_id_type(tenant: Tenant, call: Call) -> str | None:
    """Return the kind of id that the caller uses, ``None`` if it is unknown. ``user_id`` requires a scope."""
    id_type = call.query.get("user_id_type", "open_id")
    if id_type == "user_id":
        require_scope(tenant, USER_ID_SCOPES)
    return id_type if id_type in USER_ID_TYPES else None
