"""The accounts server: the pages on which people consent, and the endpoints that give and revoke their tokens.

It answers on the address of the open platform, so the same base URL serves both.
"""

from base64 import b64decode
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Final
from urllib.parse import urlencode, urlsplit

from .answers import HTML_TYPE, Answer, JsonObject
from .consents import RefusedError
from .faults import HTML
from .model import Call
from .registrations import LAUNCHER, decide_registration, launcher, register
from .tenant import Tenant

AUTHORIZE: Final = "/open-apis/authen/v1/authorize"
TOKEN_V2: Final = "/open-apis/authen/v2/oauth/token"
TOKEN_V3: Final = "/oauth/v3/token"
DEVICE: Final = "/oauth/v1/device_authorization"
VERIFY: Final = "/oauth/v1/device/verify"
REVOKE: Final = "/oauth/v1/revoke"
REGISTER: Final = "/oauth/v1/app/registration"
USER_INFO: Final = "/open-apis/authen/v1/user_info"
DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
ON_THE_PAGE: Final = {
    20001: "Invalid request.",
    20010: "You do not have permission to use this app.",
    20027: "A permission that the app asks for is not enabled.",
    20029: "The redirect URL is not in the list of the app.",
    20048: "The app does not exist.",
    20069: "The app is not enabled.",
}
PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto; padding: 0 1rem; color: #1f2329 }}
button, select {{ font: inherit; display: block; width: 100%; margin: .5rem 0; padding: .6rem; border-radius: .4rem;
border: 1px solid #bbbfc4; background: #fff; color: inherit }}
button[value=allow] {{ background: #3370ff; border-color: #3370ff; color: #fff }}
code {{ overflow-wrap: anywhere }}
</style></head><body><h1>{title}</h1>{body}</body></html>
"""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to the accounts server. ``basic``: the id and the secret of a Basic header."""

    call: Call
    authorization: str

    @property
    def fields(self) -> dict[str, str]:
        """The texts of the body, JSON or form."""
        body = self.call.body if isinstance(self.call.body, dict) else {}
        return {name: value for name, value in body.items() if isinstance(value, str)}

    @property
    def basic(self) -> tuple[str, str] | None:
        """The id and the secret of a Basic header."""
        scheme, _, encoded = self.authorization.partition(" ")
        if scheme != "Basic":
            return None
        try:
            app_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
        except binascii.Error, UnicodeDecodeError:
            return None
        return app_id, secret


def serves(path: str) -> bool:
    """Return whether a path belongs to the accounts server."""
    return path in _PATHS


def answer(tenant: Tenant, call: Call, authorization: str) -> Answer | None:
    """Answer a call to the accounts server; ``None`` if it is for the open platform."""
    handler = _ROUTES.get((call.method, call.path))
    if handler is None:
        return Answer.text(404, "404 page not found") if serves(call.path) else None
    try:
        return handler(tenant, Request(call, authorization))
    except RefusedError as refusal:
        return _refuse(tenant, refusal)


def _refuse(tenant: Tenant, refusal: RefusedError) -> Answer:
    body: JsonObject = {"error": refusal.error, "error_description": refusal.msg}
    if refusal.code and tenant.variants.grant_errors == "code":
        body = {"code": refusal.code, **body}
    if refusal.code == 21000 and tenant.variants.challenge != "missing":
        host = tenant.accounts_url if tenant.variants.challenge == "own" else "https://feishu.example.com"
        body |= {"challenge_url": f"{host}/challenge", "cli_hint": "Open the page and try again."}
    status = tenant.variants.grant_error_status if refusal.status == 400 else refusal.status
    return Answer.json(status, body)


# --- Pages ------------------------------------------------------------------------------------------------------------


def _authorize(tenant: Tenant, request: Request) -> Answer:
    """Ask a person for their consent, or show an error that never goes back to the app."""
    query = request.call.query
    if error := _error_of_page(tenant, query):
        return _error_page(error)
    scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in query.get("scope", "").split())
    buttons = (("allow", "Allow"), ("deny", "Deny"), ("20027", "Error 20027"), ("20029", "Error 20029"))
    body = f"<p>{escape(tenant.app_name)} asks for:</p><ul>{scopes}</ul>{_form(tenant, query, buttons)}"
    return _page("Sign in with Feishu", body)


def _decide(tenant: Tenant, request: Request) -> Answer:
    """Carry out what a person chose on the page of the consent."""
    fields = request.fields
    if error := _error_of_page(tenant, fields):
        return _error_page(error)
    decision, target = fields.get("decision", ""), fields.get("redirect_uri", "")
    if decision.isdecimal():
        return _error_page(int(decision))
    state = {"state": fields["state"]} if "state" in fields else {}
    if decision != "allow":
        return _redirect(target, {"error": "access_denied", **state})
    open_id = fields.get("open_id", "")
    if tenant.consents.refusal_of_person(open_id):
        return _error_page(20010)
    code = tenant.consents.new_code(
        open_id,
        fields.get("scope", "").split(),
        target,
        fields.get("code_challenge", ""),
        fields.get("code_challenge_method", "plain"),
    )
    return _redirect(target, {"code": code, **state})


def _error_of_page(tenant: Tenant, query: Mapping[str, str]) -> int:
    target = urlsplit(query.get("redirect_uri", ""))
    if query.get("response_type") != "code" or not target.scheme or not target.netloc:
        return 20001
    if query.get("client_id") != tenant.app_id:
        return 20048
    if not tenant.app_enabled:
        return 20069
    return tenant.consents.page_error(query["redirect_uri"], query.get("scope", "").split())


def _verify(tenant: Tenant, request: Request) -> Answer:
    """Ask a person whether a device code is theirs."""
    user_code = request.call.query.get("user_code", "")
    devices = [device for device in tenant.consents.devices if device.user_code == user_code]
    if tenant.variants.device_page == "20001" or (user_code and not devices):
        return _error_page(20001)
    if not devices:
        field = '<form><input name="user_code" placeholder="Code"><button value="allow">Next</button></form>'
        return _page("Connect a device", field)
    buttons = (("allow", "Allow"), ("deny", "Deny"), ("20001", "Error 20001"))
    body = f"<p>{escape(tenant.app_name)}: <b>{escape(user_code)}</b></p>"
    return _page("Connect a device", body + _form(tenant, {"user_code": user_code}, buttons))


def _decide_device(tenant: Tenant, request: Request) -> Answer:
    fields = request.fields
    decision, open_id = fields.get("decision", ""), fields.get("open_id", "")
    if decision.isdecimal():
        return _error_page(int(decision))
    try:
        tenant.consents.decide_device(fields.get("user_code", ""), open_id, allow=decision == "allow")
    except KeyError:
        return _error_page(20001)
    return _page("Connect a device", "<p>Done. You can close this page.</p>")


def _launcher(tenant: Tenant, request: Request) -> Answer:
    """Show the page that creates an app."""
    shown = launcher(tenant, request.call.query)
    if isinstance(shown, int):
        return _error_page(shown)
    scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in shown.scopes)
    buttons = (("allow", "Create"), ("deny", "Cancel"), ("20001", "Error 20001"))
    body = f"<p><b>{escape(shown.name)}</b></p><ul>{scopes}</ul>"
    return _page("Create an app", body + _form(tenant, request.call.query, buttons))


def _decide_launcher(tenant: Tenant, request: Request) -> Answer:
    fields = request.fields
    decision = fields.get("decision", "")
    if decision.isdecimal():
        return _error_page(int(decision))
    if not decide_registration(tenant, fields, allow=decision == "allow"):
        return _error_page(20001)
    return _page("Create an app", "<p>Done. You can close this page.</p>")


def _form(tenant: Tenant, query: Mapping[str, str], buttons: tuple[tuple[str, str], ...]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in query.items()
    )
    people = "".join(
        f'<option value="{escape(user.open_id)}">{escape(user.name)}</option>' for user in tenant.users.values()
    )
    shown = "".join(
        f'<button name="decision" value="{value}" id="{value}">{escape(label)}</button>' for value, label in buttons
    )
    return f'<form method="post">{hidden}<label>As <select name="open_id">{people}</select></label>{shown}</form>'


def _page(title: str, body: str) -> Answer:
    return Answer.text(200, PAGE.format(title=escape(title), body=body), HTML_TYPE)


def _error_page(code: int) -> Answer:
    return _page("Request failed", f'<p id="error">{escape(ON_THE_PAGE.get(code, "Error"))}</p><p>Code: {code}</p>')


def _redirect(target: str, query: Mapping[str, str]) -> Answer:
    joint = "&" if urlsplit(target).query else "?"
    return Answer(302, b"", headers={"Location": f"{target}{joint}{urlencode(query)}"})


# --- Tokens -----------------------------------------------------------------------------------------------------------


def _token(tenant: Tenant, request: Request) -> Answer:
    """Give tokens for a code, a device code or a refresh token."""
    fields, variants = request.fields, tenant.variants
    if trouble := _trouble(tenant):
        return trouble
    if not isinstance(request.call.body, dict):
        raise RefusedError(20063)
    _check_app(tenant, request)
    match fields.get("grant_type"):
        case "authorization_code":
            return Answer.json(200, _exchange(tenant, request))
        case "refresh_token":
            scopes = fields["scope"].split() if "scope" in fields else None
            tokens = tenant.consents.refresh(_required(fields, "refresh_token"), scopes)
            late = tenant.consents.late if variants.refresh_answer == "late" else 0.0
            return replace(Answer.json(200, tokens), delay=late, lost=variants.refresh_answer == "lost")
        case "urn:ietf:params:oauth:grant-type:device_code":
            return Answer.json(200, tenant.consents.poll(_required(fields, "device_code")))
    raise RefusedError(20036)


def _exchange(tenant: Tenant, request: Request) -> JsonObject:
    fields = request.fields
    return tenant.consents.exchange(
        _required(fields, "code"),
        fields.get("redirect_uri", ""),
        fields.get("code_verifier"),
        checks_pkce=request.call.path == TOKEN_V3,
    )


def _required(fields: Mapping[str, str], name: str) -> str:
    if not fields.get(name):
        raise RefusedError(20001)
    return fields[name]


def _check_app(tenant: Tenant, request: Request) -> None:
    """Check the id and the secret, which come in the header or in the body, but not in both."""
    fields, basic = request.fields, request.basic
    if basic is not None and "client_secret" in fields:
        raise RefusedError(20070)
    app_id, secret = basic or (fields.get("client_id", ""), fields.get("client_secret", ""))
    if not app_id or not secret:
        raise RefusedError(20001)
    if app_id != tenant.app_id:
        raise RefusedError(20048)
    if secret != tenant.app_secret:
        raise RefusedError(20002)
    if not tenant.app_enabled:
        raise RefusedError(20069)


def _trouble(tenant: Tenant) -> Answer | None:
    """Answer with the trouble of the variant, instead of looking at the request."""
    match tenant.variants.token_trouble:
        case "none":
            return None
        case "html":
            return Answer.text(502, HTML.format("502 Bad Gateway"), HTML_TYPE)
        case "99991400":
            body = {"code": 99991400, "msg": "request trigger frequency limit"}
            return Answer.json(400, body, {"x-ogw-ratelimit-reset": "1"})
        case code:
            statuses = {"20050": 500, "20072": 503}
            raise RefusedError(int(code), status=statuses.get(code, 400))


def _begin_device(tenant: Tenant, request: Request) -> Answer:
    """Begin a consent without a redirect."""
    _check_app(tenant, request)
    device = tenant.consents.begin_device(request.fields.get("scope", "").split())
    page = f"{tenant.accounts_url}{VERIFY}"
    query = urlencode({"flow_id": device.user_code.lower(), "user_code": device.user_code})
    return Answer.json(
        200,
        {
            "device_code": device.device_code,
            "user_code": device.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{query}",
            "expires_in": int(tenant.consents.device_lifetime),
            "interval": tenant.consents.device_interval,
        },
    )


def _revoke(tenant: Tenant, request: Request) -> Answer:
    """End the chain of a token."""
    if tenant.variants.revocation == "500":
        raise RefusedError(20050, status=500)
    _check_app(tenant, request)
    tenant.consents.revoke(_required(request.fields, "token"))
    return Answer(200, b"") if tenant.variants.revocation == "empty" else Answer.json(200, {"code": 0})


def _user_info(tenant: Tenant, request: Request) -> Answer:
    """Describe the owner of an access token. Errors have HTTP status 200."""
    scheme, _, token = request.authorization.partition(" ")
    caller = tenant.consents.caller(token)
    if scheme != "Bearer" or isinstance(caller, int):
        return Answer.json(200, {"code": 20005, "msg": "The user access token passed is invalid."})
    user = tenant.users.get(caller.open_id)
    if user is None or caller.open_id in tenant.consents.suspended:
        code, msg = (20021, "User resigned") if user is None else (20022, "User frozen")
        return Answer.json(200, {"code": code, "msg": msg})
    shown = {
        "open_id": user.open_id,
        "union_id": user.union_id,
        "tenant_key": tenant.root.level_id.removeprefix("omb_")[:16],
        "name": user.name,
        "en_name": user.name,
        "avatar_url": "",
    }
    return Answer.json(200, {"code": 0, "msg": "success", "data": shown})


def _register(tenant: Tenant, request: Request) -> Answer:
    return register(tenant, request.fields)


_ROUTES: Final[Mapping[tuple[str, str], Callable[[Tenant, Request], Answer]]] = {
    ("GET", AUTHORIZE): _authorize,
    ("POST", AUTHORIZE): _decide,
    ("POST", TOKEN_V2): _token,
    ("POST", TOKEN_V3): _token,
    ("POST", DEVICE): _begin_device,
    ("GET", VERIFY): _verify,
    ("POST", VERIFY): _decide_device,
    ("POST", REVOKE): _revoke,
    ("GET", USER_INFO): _user_info,
    ("POST", REGISTER): _register,
    ("GET", LAUNCHER): _launcher,
    ("POST", LAUNCHER): _decide_launcher,
}
_PATHS: Final = frozenset(path for _, path in _ROUTES)
