"""Ids of people by e-mail address or mobile number: ``contact/v3/users/batch_get_id``."""

from typing import Final

from simulator.answers import Answer, ApiError, JsonObject, success
from simulator.model import Call, User
from simulator.tenant import Tenant

from .endpoint import Endpoint, read_user_id_type, require_body

SCOPES: Final = ("contact:user.id:readonly",)
MAX_IDS: Final = 50
BAD_FIELD: Final = 99992402
MAINLAND: Final = "+86"


def batch_get_id(tenant: Tenant, call: Call, _: str) -> Answer:
    """Return one row for each address and each number; an unknown one gets a row without an id."""
    id_type = read_user_id_type(tenant, call)
    if id_type is None:
        raise _bad_field("user_id_type")
    body = require_body(call, BAD_FIELD)
    emails, mobiles = _contacts(body, "emails"), _contacts(body, "mobiles")
    if not isinstance(body.get("include_resigned", False), bool):
        raise _bad_field("include_resigned")
    if not emails and not mobiles:
        raise _bad_field("emails")
    by_email = {user.email.casefold(): user for user in tenant.users.values() if user.email}
    by_mobile = {user.mobile: user for user in tenant.users.values() if user.mobile}
    rows = [_row(tenant, id_type, "email", email, by_email.get(email.casefold())) for email in emails]
    rows += [_row(tenant, id_type, "mobile", mobile, by_mobile.get(_international(mobile))) for mobile in mobiles]
    return success({"user_list": rows})


def _contacts(body: JsonObject, name: str) -> list[str]:
    values = body.get(name, [])
    if not isinstance(values, list) or len(values) > MAX_IDS or not all(isinstance(value, str) for value in values):
        raise _bad_field(name)
    return values


def _international(mobile: str) -> str:
    return mobile if mobile.startswith("+") else MAINLAND + mobile


def _row(tenant: Tenant, id_type: str, kind: str, value: str, user: User | None) -> JsonObject:
    if user is None:
        return {kind: value}
    if kind == "email" and tenant.variants.email_echo == "as_registered":
        value = user.email
    return {"user_id": getattr(user, id_type), kind: value}


def _bad_field(name: str) -> ApiError:
    violation = {"field": name, "value": "", "description": "the value is not valid"}
    return ApiError(BAD_FIELD, error={"field_violations": [violation]})


ENDPOINTS: Final = (Endpoint("POST", "contact/v3/users/batch_get_id", batch_get_id, SCOPES, counted=False),)
