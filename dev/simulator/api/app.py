"""Tokens, and information about the app itself."""

import re
from typing import Final

from simulator.answers import Answer, ApiError, JsonObject, success
from simulator.model import Call
from simulator.tenant import Tenant

from .endpoint import Endpoint

APP_ID: Final = re.compile(r"cli_[0-9A-Za-z]{8,32}")
GRANTED, NOT_GRANTED = 1, 2
VERSION_SCOPES: Final = ("application:application:self_manage", "application:application.app_version:readonly")
MAX_SCOPE_REQUESTS: Final = 10
ONLY_SENSITIVE, NONE_MISSING, TOO_OFTEN, DUPLICATE = 212001, 212002, 212003, 212004


def issue_token(tenant: Tenant, call: Call, _: str) -> Answer:
    """Issue a tenant access token. Answers have no ``data`` envelope, and errors have status 200 (by default)."""
    body = call.body if isinstance(call.body, dict) else {}
    app_id, secret = body.get("app_id"), body.get("app_secret")
    if not isinstance(app_id, str) or not APP_ID.fullmatch(app_id) or not isinstance(secret, str) or not secret:
        return Answer.json(200, {"code": 10003, "data": {}, "msg": "invalid param"})
    if app_id != tenant.app_id:
        return Answer.json(200, {"code": 10014, "msg": "app id not exists"})
    if secret != tenant.app_secret:
        return Answer.json(tenant.variants.wrong_secret_status, {"code": 10014, "msg": "app secret invalid"})
    if not tenant.app_enabled:
        return Answer.json(200, {"code": 10014, "msg": "app is disabled"})
    token, expire = tenant.tokens.issue(stuck=tenant.stuck_token)
    return Answer.json(200, {"code": 0, "msg": "ok", "tenant_access_token": token, "expire": expire})


def list_scopes(tenant: Tenant, _call: Call, _: str) -> Answer:
    """List the scopes that the app requested, and whether each was granted."""
    scopes = [
        {"scope_name": name, "grant_status": GRANTED if granted else NOT_GRANTED}
        for name, granted in tenant.scopes.items()
    ]
    return success({"scopes": scopes})


def apply_for_scopes(tenant: Tenant, _call: Call, _: str) -> Answer:
    """Ask the tenant's administrators for the scopes that are not granted; record them in ``scope_requests``."""
    missing = frozenset(name for name, granted in tenant.scopes.items() if not granted)
    if not missing:
        raise ApiError(NONE_MISSING)
    missing -= tenant.sensitive_scopes
    if not missing:
        raise ApiError(ONLY_SENSITIVE)
    if missing in tenant.scope_requests:
        raise ApiError(DUPLICATE)
    if len(tenant.scope_requests) >= MAX_SCOPE_REQUESTS:
        raise ApiError(TOO_OFTEN)
    tenant.scope_requests.append(missing)
    return success({})


def bot_info(tenant: Tenant, _call: Call, _: str) -> Answer:
    """Describe the app's bot, without a ``data`` envelope; 11205 if there is no bot."""
    if not tenant.bot_enabled:
        return Answer.json(400, {"code": 11205, "msg": "app do not have bot"})
    bot = {
        "activate_status": tenant.bot_status,
        "app_name": tenant.app_name,
        "avatar_url": "",
        "ip_white_list": [],
        "open_id": tenant.bot_id,
    }
    return Answer.json(200, {"code": 0, "msg": "ok", "bot": bot})


def list_versions(tenant: Tenant, call: Call, app_id: str) -> Answer:
    """List the newest versions of the app, with the events to which each subscribes."""
    if app_id not in {"me", tenant.app_id} or call.query.get("lang") not in {"zh_cn", "en_us", "ja_jp"}:
        raise ApiError(99992402)
    events = sorted(tenant.push.subscribed)
    version: JsonObject = {
        "app_id": tenant.app_id,
        "version": "1.0.0",
        "version_id": "oav_1",
        "status": 1 if tenant.variants.app_version == "published" else 3,  # 3: under review
        "publish_time": "1790000000",
        "events": events,
        "event_infos": [{"event_type": event} for event in events],
        "scopes": [{"scope": name, "token_types": ["tenant"]} for name in tenant.scopes],
    }
    return success({"items": [version], "has_more": False})


ENDPOINTS: Final = (
    Endpoint("POST", "auth/v3/tenant_access_token/internal", issue_token, limited=False, counted=False, guarded=False),
    Endpoint("POST", "auth/v3/tenant_access_token/internal/", issue_token, limited=False, counted=False, guarded=False),
    Endpoint("GET", "application/v6/scopes", list_scopes, limited=False, counted=False),
    Endpoint("POST", "application/v6/scopes/apply", apply_for_scopes, limited=False, counted=False),
    Endpoint(
        "GET",
        "application/v6/applications/:id/app_versions",
        list_versions,
        scopes=VERSION_SCOPES,
        counted=False,
        windows=((100, 60.0),),
    ),
    Endpoint("GET", "bot/v3/info", bot_info, limited=False),
)
