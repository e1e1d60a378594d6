"""Apps that are made by scanning a code: a person opens a page, and the app's id and secret come back by polling.

The tenant has one app, so the app that is made is this one: it gets the scopes and the events of the page.
"""

from base64 import urlsafe_b64decode
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import gzip
import json
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from .answers import Answer, JsonObject

if TYPE_CHECKING:
    from .tenant import Tenant

LAUNCHER: Final = "/page/launcher"
BEGIN: Final = {"archetype": "PersonalAgent", "auth_method": "client_secret", "request_user_info": "open_id"}
LIFETIME: Final = timedelta(seconds=600)


@dataclass(eq=False, slots=True)
class Registration:
    """An app that a person may make. ``error`` is the answer to a poll, empty once the app is made."""

    device_code: str = field(repr=False)
    user_code: str
    ends: datetime
    open_id: str = ""
    error: str = "authorization_pending"
    polls: int = 0
    told_brand: bool = False


@dataclass(slots=True)
class Registrations:
    """The apps that are being made. ``interval``: seconds between two polls."""

    open: list[Registration] = field(default_factory=list)
    interval: int = 5

    def find(self, user_code: str) -> Registration | None:
        """Return the registration with this code."""
        return next((each for each in self.open if each.user_code == user_code), None)

    def expire(self) -> None:
        """Let all registrations expire now."""
        for each in self.open:
            each.ends = datetime.min.replace(tzinfo=each.ends.tzinfo)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the page creates: the app's name, and what ``addons`` asks for."""

    name: str
    scopes: tuple[str, ...]
    user_scopes: tuple[str, ...]
    events: tuple[str, ...]


def register(tenant: Tenant, fields: Mapping[str, str]) -> Answer:
    """Answer the three actions of the endpoint: ``init``, ``begin``, ``poll``."""
    match fields.get("action"):
        case "init":
            methods = ["client_secret"] if tenant.variants.registration_methods == "client_secret" else []
            return Answer.json(200, {"nonce": secrets.token_hex(8), "supported_auth_methods": methods})
        case "begin" if {name: fields.get(name) for name in BEGIN} == BEGIN:
            return _begin(tenant)
        case "poll":
            return _poll(tenant, fields.get("device_code", ""))
    return _refuse("invalid_request")


def launcher(tenant: Tenant, query: Mapping[str, str]) -> Wish | int:
    """Return what the page shows: the app to be made, or an error code."""
    found = tenant.registrations.find(query.get("user_code", ""))
    if tenant.variants.registration_page == "20001" or found is None or found.ends <= tenant.now():
        return 20001
    return _wish(query) or 20001


def decide_registration(tenant: Tenant, fields: Mapping[str, str], *, allow: bool) -> bool:
    """Make the app, or refuse to. Return whether there is such a registration."""
    found = tenant.registrations.find(fields.get("user_code", ""))
    wish = _wish(fields)
    if found is None or wish is None:
        return False
    found.open_id, found.error = fields.get("open_id", ""), "" if allow else "access_denied"
    if allow:
        # Not the first one, without which nothing works
        left_out = wish.scopes[1:3] if tenant.variants.registration_scopes == "two_missing" else ()
        tenant.scopes = {scope: scope not in left_out for scope in wish.scopes}
        tenant.consents.user_scopes = set(wish.user_scopes)
        tenant.push.subscribed = set(wish.events)
        tenant.app_name = wish.name
    return True


def _begin(tenant: Tenant) -> Answer:
    found = Registration(secrets.token_urlsafe(32), secrets.token_hex(4).upper(), tenant.now() + LIFETIME)
    tenant.registrations.open.append(found)
    page = f"{tenant.accounts_url}{LAUNCHER}"
    return Answer.json(
        200,
        {
            "device_code": found.device_code,
            "user_code": found.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{urlencode({'user_code': found.user_code})}",
            "expires_in": int(LIFETIME.total_seconds()),
            "interval": tenant.registrations.interval,
        },
    )


def _poll(tenant: Tenant, device_code: str) -> Answer:
    found = next((each for each in tenant.registrations.open if each.device_code == device_code), None)
    if found is None:
        return _refuse("invalid_grant")
    if found.ends <= tenant.now():
        return _refuse("expired_token")
    found.polls += 1
    if tenant.variants.registration_polls == "slow_down" and found.polls == 1:
        return _refuse("slow_down")
    if found.error:
        return _refuse(found.error)
    brand = tenant.variants.registration_brand
    user_info: JsonObject = {"open_id": found.open_id, "tenant_brand": brand}
    if brand == "lark" and not found.told_brand:
        found.told_brand = True  # the id and the secret come from the other server
        return Answer.json(400, {"error": "authorization_pending", "user_info": user_info})
    return Answer.json(200, {"client_id": tenant.app_id, "client_secret": tenant.app_secret, "user_info": user_info})


def _refuse(error: str) -> Answer:
    return Answer.json(400, {"error": error, "error_description": error.replace("_", " ")})


def _wish(query: Mapping[str, str]) -> Wish | None:
    """Return what the query of the page asks for, ``None`` if it is malformed."""
    addons: object = {}
    if encoded := query.get("addons"):
        try:
            addons = json.loads(gzip.decompress(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))
        except binascii.Error, OSError, ValueError, EOFError:
            return None
    name = query.get("name") or "My app"
    return Wish(
        name,
        _texts(addons, "scopes", "tenant"),
        _texts(addons, "scopes", "user"),
        _texts(addons, "events", "items", "tenant"),
    )


def _texts(addons: object, *path: str) -> tuple[str, ...]:
    for key in path:
        addons = addons.get(key) if isinstance(addons, dict) else None
    return tuple(text for text in addons if isinstance(text, str)) if isinstance(addons, list) else ()
