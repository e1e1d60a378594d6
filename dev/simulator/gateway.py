"""The gateway: finds the endpoint of a request and makes all checks that come before the endpoint.

Order of the checks: path and method; token; state of the app; IP; rate limit; quota; scope; bot; then the parameters
of the endpoint. Rate limits count every call to a known endpoint. The quota counts only successful calls to calendar,
vc and meeting_room.
"""

from dataclasses import replace
import re
import secrets
from typing import Final

from . import accounts
from .answers import MISSING, Answer, ApiError, JsonObject
from .api.app import ENDPOINTS as APP
from .api.contact import ENDPOINTS as CONTACT
from .api.endpoint import Endpoint
from .api.event import ENDPOINTS as EVENT
from .api.events import ENDPOINTS as EVENTS
from .api.freebusy import ENDPOINTS as FREEBUSY
from .api.freebusy_batch import ENDPOINTS as FREEBUSY_BATCH
from .api.instances import ENDPOINTS as INSTANCES
from .api.room_batch import ENDPOINTS as ROOM_BATCH
from .api.room_check import ENDPOINTS as ROOM_CHECK
from .api.rooms import ENDPOINTS as ROOMS
from .limits import Excess
from .model import Call, Caller, LimitViolation
from .push.hub import BOOTSTRAP_PATH
from .tenant import Tenant

PREFIX: Final = "/open-apis/"
ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *(*APP, *CONTACT, *EVENT, *EVENTS, *ROOMS, *FREEBUSY, *FREEBUSY_BATCH, *ROOM_CHECK),
    *(*ROOM_BATCH, *INSTANCES),
)
RATE_LIMITED: Final = 99991400
NOT_FOUND: Final = Answer.text(404, "404 page not found")
_ROUTES: Final = tuple(
    (endpoint, re.compile(re.escape(PREFIX + endpoint.path).replace(":id", "([^/]+)"))) for endpoint in ENDPOINTS
)


def find(call: Call) -> tuple[Endpoint, str] | None:
    """Return the endpoint of a call and the ids in its path, joined by "/"; ``None`` if there is no endpoint."""
    for endpoint, pattern in _ROUTES:
        match = pattern.fullmatch(call.path)
        if match and call.method == endpoint.method:
            return endpoint, "/".join(match.groups())
    return None


def count(tenant: Tenant, call: Call) -> Excess | None:
    """Count a call against its rate limit. If it exceeds the limit, return the excess and log it as a violation."""
    found = find(call)
    if found is None or not found[0].limited or not tenant.limits_enabled:
        return None
    api = found[0].name
    excess = tenant.limits.admit(api, found[0].windows)
    if excess is not None:
        tenant.limit_violations.append(LimitViolation(api, excess.limit, excess.window, call.at))
    return excess


def answer(tenant: Tenant, call: Call, authorization: str, excess: Excess | None) -> Answer:
    """Answer a call. ``authorization`` is the value of that header, ``excess`` the result of :func:`count`."""
    if (call.method, call.path) == ("POST", BOOTSTRAP_PATH):
        return tenant.push.bootstrap(call)
    if (reply := accounts.answer(tenant, call, authorization)) is not None:
        return reply
    found = find(call)
    if found is None or _is_offline(tenant, found[0]):
        return NOT_FOUND
    endpoint, path_id = found
    tenant.agenda.settle()
    try:
        if endpoint.guarded:
            call = replace(call, caller=_check_caller(tenant, endpoint, authorization))
            _check_volume(tenant, endpoint, excess)
            _check_rights(tenant, endpoint, call.caller)
        reply = endpoint.handler(tenant, call, path_id)
    except ApiError as refusal:
        return _refuse(tenant, refusal)
    if endpoint.counted and tenant.quota_left is not None:
        tenant.quota_left -= 1
    return reply


def _is_offline(tenant: Tenant, endpoint: Endpoint) -> bool:
    if endpoint.path.endswith("room_availability_check"):
        return tenant.variants.room_check == "404"
    return endpoint.old and tenant.variants.room_batch == "404"


def caller_of(tenant: Tenant, authorization: str) -> Caller | None:
    """Return the person whose token a request has, ``None`` for any other token."""
    caller = tenant.consents.caller(authorization.removeprefix("Bearer "))
    return caller if isinstance(caller, Caller) else None


def _check_caller(tenant: Tenant, endpoint: Endpoint, authorization: str) -> Caller | None:
    scheme, _, token = authorization.partition(" ")
    if scheme != "Bearer" or not token:
        raise ApiError(99991661)
    caller = None
    if token.startswith(("u-", "eyJ")):
        found = tenant.consents.caller(token) if endpoint.identity != "app" else 99991668
        if isinstance(found, int):
            raise ApiError(found)
        caller = found
    elif not token.startswith("t-"):
        raise ApiError(99991671)
    elif endpoint.identity == "person" or not tenant.tokens.valid(token):
        raise ApiError(99991663)
    if not tenant.app_enabled:
        raise ApiError(99991662)
    if not tenant.ip_allowed:
        raise ApiError(99991401, status=tenant.variants.denied_ip_status)
    return caller


def _check_volume(tenant: Tenant, endpoint: Endpoint, excess: Excess | None) -> None:
    if excess is not None:
        raise _too_many(tenant, endpoint, excess)
    if endpoint.counted and tenant.quota_left is not None and tenant.quota_left <= 0:
        raise ApiError(99991403)


def _too_many(tenant: Tenant, endpoint: Endpoint, excess: Excess) -> ApiError:
    headers = {"x-ogw-ratelimit-limit": str(excess.limit), "x-ogw-ratelimit-reset": str(excess.reset)}
    if endpoint.old:
        return ApiError(RATE_LIMITED, status=tenant.variants.room_batch_limit_status, headers=headers)
    code = int(tenant.variants.rate_limit)
    return ApiError(code, headers=headers if code == RATE_LIMITED else {})


def _check_rights(tenant: Tenant, endpoint: Endpoint, caller: Caller | None) -> None:
    endpoint.require_scope(tenant, caller)
    if caller is None and endpoint.needs_bot and not tenant.bot_works:
        raise ApiError(190007)


def _refuse(tenant: Tenant, refusal: ApiError) -> Answer:
    log_id = secrets.token_hex(16)
    error = refusal.error
    if error is None or isinstance(error, dict):
        trace: JsonObject = {
            tenant.variants.log_id_key: log_id,
            "troubleshooter": f"Troubleshooting suggestions: https://open.feishu.cn/search?log_id={log_id}",
        }
        error = {**(error or {}), **trace}
    payload = {"code": refusal.code, "msg": refusal.msg, "error": error}
    if error is MISSING:
        del payload["error"]
    return Answer.json(refusal.status, payload, {**refusal.headers, "X-Tt-Logid": log_id})
