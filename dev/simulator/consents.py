"""The consents of people, and the tokens they give: codes, device codes, access tokens, chains of refresh tokens."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
import secrets
from typing import TYPE_CHECKING, Final

from .answers import JsonObject
from .model import Caller
from .push.messages import TOKEN_REVOKED

if TYPE_CHECKING:
    from .tenant import Tenant

OFFLINE: Final = "offline_access"
USER_SCOPES: Final = (
    OFFLINE,
    "calendar:calendar:read",
    "calendar:calendar.event:create",
    "calendar:calendar.event:update",
    "calendar:calendar.event:read",
    "calendar:calendar.event:delete",
    "calendar:calendar.free_busy:read",
    "vc:room:readonly",
)
LEFT_OUT: Final = "vc:room:readonly"  # by the variant in which one scope is missing
MOST_SCOPES: Final = 50
VERIFIER_LENGTHS: Final = range(43, 129)
GRACE: Final = timedelta(seconds=30)

# The name of OAuth 2.0 for each code; the others are `invalid_grant`
ERRORS: Final = {
    **dict.fromkeys((20001, 20063, 20070), "invalid_request"),
    20036: "unsupported_grant_type",
    **dict.fromkeys((20067, 20068), "invalid_scope"),
    **dict.fromkeys((20002, 20048), "invalid_client"),
    **dict.fromkeys((20009, 20069, 20074), "unauthorized_client"),
    **dict.fromkeys((21000, 21001), "access_denied"),
    20050: "server_error",
    20072: "temporarily_unavailable",
}
MESSAGES: Final = {
    20001: "The request is missing a required parameter.",
    20002: "The client secret is invalid.",
    20003: "The authorization code is not found.",
    20004: "The authorization code has expired.",
    20008: "The user does not exist.",
    20010: "The user does not have permission to use the app.",
    20024: "The code or the refresh token does not match the app.",
    20026: "The refresh token passed is invalid.",
    20036: "The grant_type is not supported.",
    20037: "The refresh token passed has expired.",
    20048: "The app does not exist.",
    20049: "PKCE code challenge failed.",
    20050: "An unexpected server error occurred.",
    20063: "The request body is malformed.",
    20064: "The refresh token has been revoked.",
    20065: "The authorization code has been used.",
    20066: "The user status is invalid.",
    20067: "The scope list contains a duplicate.",
    20068: "The scope list contains a scope that was not granted.",
    20069: "The app is not enabled.",
    20070: "Multiple authentication methods were provided.",
    20071: "The redirect_uri does not match.",
    20072: "The server is temporarily unavailable.",
    20073: "The refresh token has been used.",
    20074: "The app is not allowed to refresh tokens.",
    21000: "A challenge of the access policy is required.",
    21001: "The access policy denies access.",
}


class RefusedError(Exception):
    """A refusal of the accounts server: Feishu's ``code``, or only the ``error`` of OAuth 2.0."""

    def __init__(self, code: int = 0, error: str = "", status: int = 400) -> None:
        """Default the name of the error to that of the code."""
        self.code = code
        self.error = error or ERRORS.get(code, "invalid_grant")
        self.msg = MESSAGES.get(code, self.error)
        self.status = status
        super().__init__(f"{code} {self.error}")


@dataclass(frozen=True, slots=True)
class Code:
    """The code of a consent: what the browser brings back."""

    open_id: str
    scopes: frozenset[str]
    redirect_uri: str
    challenge: str
    method: str
    ends: datetime


@dataclass(eq=False, slots=True)
class Chain:
    """One consent and everything that follows from it. ``used``: when each refresh token was used, and for what."""

    open_id: str
    scopes: frozenset[str]
    granted_at: datetime
    refresh_token: str = field(default="", repr=False)
    refresh_ends: datetime | None = None
    used: dict[str, tuple[datetime, JsonObject]] = field(default_factory=dict, repr=False)
    revoked: bool = False


@dataclass(eq=False, slots=True)
class Device:
    """A device code that waits for its person. ``answer``: what they decided, by the name of the error."""

    device_code: str = field(repr=False)
    user_code: str
    scopes: frozenset[str]
    ends: datetime
    open_id: str = ""
    error: str = "authorization_pending"
    polls: int = 0


@dataclass(eq=False, slots=True)
class Consents:
    """What people allow the app, and the console's settings for it.

    Lifetimes are in seconds. ``user_scopes``: the app's scopes for the identity of a user. ``redirect_urls``: those in
    the app's list (``None``: any). ``may_refresh``: the app may refresh tokens. ``unavailable`` and ``suspended``:
    people (open_ids) outside the availability range, and people with frozen accounts. ``late``: seconds of a late
    answer.
    """

    tenant: Tenant = field(repr=False)
    code_lifetime: float = 300.0
    access_lifetime: float = 7200.0
    refresh_lifetime: float = 604800.0
    grant_lifetime: float = 365 * 86400.0
    device_lifetime: float = 600.0
    device_interval: int = 5
    late: float = 20.0
    user_scopes: set[str] = field(default_factory=lambda: set(USER_SCOPES))
    redirect_urls: set[str] | None = None
    may_refresh: bool = True
    unavailable: set[str] = field(default_factory=set)
    suspended: set[str] = field(default_factory=set)
    chains: list[Chain] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    _codes: dict[str, Code] = field(default_factory=dict, repr=False)
    _used_codes: set[str] = field(default_factory=set, repr=False)
    _tokens: dict[str, tuple[Chain, datetime]] = field(default_factory=dict, repr=False)

    # --- In the browser -----------------------------------------------------------------------------------------------

    def page_error(self, redirect_uri: str, scopes: Iterable[str]) -> int:
        """Return the code that the page of the consent shows instead of asking, 0 if it asks."""
        wanted = list(scopes)
        if self.redirect_urls is not None and _path_of(redirect_uri) not in self.redirect_urls:
            return 20029
        if len(wanted) > MOST_SCOPES or not set(wanted) <= self.user_scopes:
            return 20027
        return 0

    def new_code(self, open_id: str, scopes: Iterable[str], redirect_uri: str, challenge: str, method: str) -> str:
        """Return the code for the consent of a person."""
        value = secrets.token_urlsafe(48)
        ends = self.tenant.now() + timedelta(seconds=self.code_lifetime)
        self._codes[value] = Code(open_id, frozenset(scopes), redirect_uri, challenge, method, ends)
        return value

    def begin_device(self, scopes: Iterable[str]) -> Device:
        """Begin a consent by device code."""
        wanted = frozenset(scopes)
        if not wanted <= self.user_scopes:
            raise RefusedError(error="invalid_scope")
        ends = self.tenant.now() + timedelta(seconds=self.device_lifetime)
        device = Device(secrets.token_urlsafe(32), _user_code(), wanted, ends)
        self.devices.append(device)
        return device

    def decide_device(self, user_code: str, open_id: str, *, allow: bool) -> None:
        """Let a person allow or deny a device code. Raises ``KeyError`` for an unknown one."""
        device = next((each for each in self.devices if each.user_code == user_code), None)
        if device is None:
            raise KeyError(f"there is no device code {user_code}")
        device.open_id, device.error = open_id, "" if allow else "access_denied"

    def expire_devices(self) -> None:
        """Let all device codes expire now."""
        for device in self.devices:
            device.ends = self.tenant.now()

    # --- Tokens -------------------------------------------------------------------------------------------------------

    def exchange(self, value: str, redirect_uri: str, verifier: str | None, *, checks_pkce: bool) -> JsonObject:
        """Return the tokens for a code. ``checks_pkce``: refuse a verifier without a challenge, as v3 does."""
        code = self._codes.get(value)
        variant = self.tenant.variants.consent_code
        if code is None:
            raise RefusedError(20003)
        if code.ends <= self.tenant.now() or variant == "20004":
            raise RefusedError(20004)
        if value in self._used_codes or variant == "20065":
            raise RefusedError(20065)
        if redirect_uri != code.redirect_uri:
            raise RefusedError(20071)
        self._check_verifier(code, verifier, checks_pkce=checks_pkce)
        self._check_person(code.open_id)
        self._used_codes.add(value)
        return self._begin_chain(code.open_id, code.scopes)

    def poll(self, device_code: str) -> JsonObject:
        """Return the tokens for a device code, once the person has allowed it."""
        device = next((each for each in self.devices if each.device_code == device_code), None)
        if device is None:
            raise RefusedError(error="invalid_grant")
        if device.ends <= self.tenant.now():
            raise RefusedError(error="expired_token")
        device.polls += 1
        if self.tenant.variants.device_polls == "slow_down" and device.polls == 1:
            raise RefusedError(error="slow_down")
        if device.error:
            raise RefusedError(error=device.error)
        self._check_person(device.open_id)
        self.devices.remove(device)
        return self._begin_chain(device.open_id, device.scopes)

    def refresh(self, value: str, scopes: Iterable[str] | None = None) -> JsonObject:
        """Return the next tokens of a chain. The refresh token is used up, if no variant says otherwise."""
        now, variants = self.tenant.now(), self.tenant.variants
        chain = next((each for each in self.chains if value in {each.refresh_token, *each.used}), None)
        if chain is None:
            raise RefusedError(20026)
        if not self.may_refresh:
            raise RefusedError(20074)
        self._check_person(chain.open_id)
        if chain.revoked:
            raise RefusedError(20064)
        if value in chain.used:
            used_at, answer = chain.used[value]
            if variants.refresh_grace == "30s" and now - used_at <= GRACE:
                return answer
            raise RefusedError(int(variants.used_refresh_token))
        grant_ends = chain.granted_at + timedelta(seconds=self.grant_lifetime)
        if grant_ends <= now or chain.refresh_ends is None or chain.refresh_ends <= now:
            raise RefusedError(20037)
        narrowed = None if scopes is None else list(scopes)
        if narrowed is not None and len(set(narrowed)) < len(narrowed):
            raise RefusedError(20067)
        if narrowed is not None and not set(narrowed) <= chain.scopes:
            raise RefusedError(20068)
        answer = self._issue(chain, frozenset(narrowed or chain.scopes))
        if chain.refresh_token != value:
            chain.used[value] = (now, answer)
        return answer

    def revoke(self, value: str) -> None:
        """End the chain of a refresh or an access token. An unknown one changes nothing."""
        for chain in self.chains:
            tokens = {token for token, (of, _) in self._tokens.items() if of is chain}
            if value in {chain.refresh_token, *chain.used, *tokens}:
                chain.revoked = True

    def revoke_person(self, open_id: str, reason: str = "revoked by user") -> None:
        """End all chains of a person, as they or an administrator can, and send the event."""
        for chain in self.chains:
            chain.revoked |= chain.open_id == open_id
        user = self.tenant.users.get(open_id)
        if self.tenant.variants.event_on_revoke == "sent":
            event: dict[str, object] = {
                "revoke_token_type": "user_access_token refresh_token",
                "revoke_reason": reason,
                "open_id": open_id,
                "union_id": user.union_id if user else "",
            }
            self.tenant.push.send(TOKEN_REVOKED, event)

    def expire_access_tokens(self) -> None:
        """Let all access tokens expire now."""
        self._tokens = {token: (chain, self.tenant.now()) for token, (chain, _) in self._tokens.items()}

    def caller(self, token: str) -> Caller | int:
        """Return whose access token this is, or the code of the open platform that refuses it."""
        chain, ends = self._tokens.get(token, (None, None))
        if chain is None or ends is None or chain.revoked:
            return 99991668
        if ends <= self.tenant.now():
            return 99991677
        return Caller(chain.open_id, chain.scopes)

    def refusal_of_person(self, open_id: str) -> int:
        """Return the code that refuses a person, 0 if none does."""
        if open_id not in self.tenant.users:
            return 20008
        if open_id in self.suspended:
            return 20066
        return 20010 if open_id in self.unavailable else 0

    # --- Internals ----------------------------------------------------------------------------------------------------

    def _check_person(self, open_id: str) -> None:
        if code := self.refusal_of_person(open_id):
            raise RefusedError(code)

    def _check_verifier(self, code: Code, verifier: str | None, *, checks_pkce: bool) -> None:
        if self.tenant.variants.pkce == "off":
            return
        if not code.challenge:
            if verifier is not None and checks_pkce:
                raise RefusedError(20049)
            return
        if (
            verifier is None
            or len(verifier) not in VERIFIER_LENGTHS
            or _challenge(verifier, code.method) != (code.challenge)
        ):
            raise RefusedError(20049)

    def _begin_chain(self, open_id: str, scopes: frozenset[str]) -> JsonObject:
        if self.tenant.variants.granted_scopes == "one_missing":
            scopes -= {LEFT_OUT}
        before: list[Chain] = [chain for chain in self.chains if chain.open_id == open_id]
        if self.tenant.variants.second_consent == "revokes":
            for chain in before:
                chain.revoked = True
        chain = Chain(open_id, scopes.union(*(chain.scopes for chain in before)), self.tenant.now())
        self.chains.append(chain)
        return self._issue(chain, chain.scopes)

    def _issue(self, chain: Chain, scopes: frozenset[str]) -> JsonObject:
        """Return new tokens, in the shape of the variants."""
        now, variants = self.tenant.now(), self.tenant.variants
        access = _token()
        self._tokens[access] = (chain, now + timedelta(seconds=self.access_lifetime))
        answer: JsonObject = {
            "code": 0,
            "access_token": access,
            "expires_in": self.access_lifetime,
            "scope": " ".join(sorted(scopes)),
            "token_type": variants.token_type,
        }
        first = not chain.refresh_token
        if (
            OFFLINE in chain.scopes
            and variants.refresh_tokens != "left_out"
            and (first or variants.refresh_tokens == "sent")
        ):
            chain.refresh_token = _token()
            chain.refresh_ends = now + timedelta(seconds=self.refresh_lifetime)
            answer |= {"refresh_token": chain.refresh_token, "refresh_token_expires_in": self.refresh_lifetime}
        shown = _LIFETIMES[variants.lifetimes]
        for name in ("expires_in", "refresh_token_expires_in"):
            if name in answer and shown is None:
                del answer[name]
            elif name in answer and shown is not None:
                answer[name] = shown(answer[name])
        return answer


_LIFETIMES: Final[dict[str, Callable[[object], object] | None]] = {
    "number": lambda seconds: int(seconds) if isinstance(seconds, float) else seconds,
    "text": lambda seconds: str(int(seconds)) if isinstance(seconds, float) else seconds,
    "zero": lambda _: 0,
    "missing": None,
}


def _token() -> str:
    return f"eyJ{secrets.token_urlsafe(900)}"


def _user_code() -> str:
    signs = "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(8))
    return f"{signs[:4]}-{signs[4:]}"


def _path_of(url: str) -> str:
    """Return a URL as the app's list compares it: without query and fragment."""
    return url.partition("#")[0].partition("?")[0]


def _challenge(verifier: str, method: str) -> str:
    if method != "S256":
        return verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")
