"""Make an app by scanning a code: a person opens a page, and the app's id and secret come back by polling.

Feishu does not document this; its SDK has it. So every failure must lead to the manual way, and what the app was really
granted has to be checked afterwards.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
import gzip
from typing import Any

import aiohttp
import orjson
from yarl import URL

from . import parse
from .accounts import Answer, ask
from .address import FEISHU_URL, LARK_URL, accounts_url_of
from .client import SCOPES_FREE_BUSY, SCOPES_ROOM_BATCH, SCOPES_ROOMS, SCOPES_VERSIONS
from .errors import UnreadableAnswerError
from .events import TO_BOOK
from .grants import USER_SCOPES, DeviceCode, GrantError, GrantProblem, device_code_of, refusal_of
from .hints import STATUS_CHANGED, TOKEN_REVOKED

# What the app is made with: of each row, the narrowest scope. Titles of bookings of others need a scope of their own,
# which an administrator has to grant knowingly
APP_SCOPES = tuple(
    dict.fromkeys(
        (
            *(scopes[0] for scopes in (SCOPES_FREE_BUSY, SCOPES_ROOMS, SCOPES_ROOM_BATCH, SCOPES_VERSIONS, *TO_BOOK)),
            "auth:user_access_token:read",  # for the event of a revoked token
        )
    )
)
APP_EVENTS = (STATUS_CHANGED, TOKEN_REVOKED)

_PATH = "/oauth/v1/app/registration"
_METHOD = "client_secret"


@dataclass(frozen=True, slots=True)
class RegisteredApp:
    """An app that a person has made. `is_lark`: it is one of Lark's, not of Feishu's."""

    app_id: str
    app_secret: str = field(repr=False)
    is_lark: bool


class Registration:
    """Makes one app. Each call is one or two requests. It raises what the calls of `Grants` raise."""

    def __init__(self, session: aiohttp.ClientSession, *, accounts_url: str, name: str) -> None:
        """Use the caller's session, which must be made with `session_options`. `name` is what the page suggests."""
        self._session = session
        self._server = accounts_url
        self._name = name
        # A person of Lark may scan the code of Feishu's page: then the answer comes from Lark's server
        is_feishu = accounts_url == accounts_url_of(FEISHU_URL)
        self._lark = (accounts_url_of(LARK_URL) or accounts_url) if is_feishu else accounts_url
        self._is_lark = False

    async def begin(self) -> DeviceCode:
        """Return the page that a person opens or scans. `poll` waits for them."""
        answer = await self._ask({"action": "init"})
        methods = answer.body.get("supported_auth_methods")
        if answer.failed:
            raise self._refusal(answer, ())
        if not isinstance(methods, list) or _METHOD not in methods:
            raise GrantError(GrantProblem.REQUEST)
        begin = {"archetype": "PersonalAgent", "auth_method": _METHOD, "request_user_info": "open_id"}
        answer = await self._ask({"action": "begin", **begin})
        if answer.failed:
            raise self._refusal(answer, ())
        device = device_code_of(answer.body, self._server)
        device.url = self._with_wishes(device.url)
        return device

    async def poll(self, device: DeviceCode) -> RegisteredApp | None:
        """Return the app, None while the person has not decided. Ask again after `device.interval` seconds.

        As with `Grants.poll_device`, Feishu may ask for slower polls: then this raises `device.interval`.
        """
        known = (device.device_code, device.user_code)
        request = {"action": "poll", "device_code": device.device_code}
        answer = await self._ask(request, known)
        if _brand(answer.body) == "lark" and not self._is_lark:
            self._is_lark = True
            self._server = self._lark
            if "client_id" not in answer.body:
                answer = await self._ask(request, known)
        if not answer.failed:
            return self._app(answer.body)
        if answer.error == "authorization_pending":
            return None
        if answer.error == "slow_down":
            device.slow_down()
            return None
        raise self._refusal(answer, known)

    async def _ask(self, form: Mapping[str, str], known: tuple[str, ...] = ()) -> Answer:
        return await ask(self._session, "POST", f"{self._server}{_PATH}", form=form, known=known)

    def _refusal(self, answer: Answer, known: tuple[str, ...]) -> Exception:
        return refusal_of(answer, known, GrantProblem.EXPIRED, server=self._server)

    def _app(self, body: Mapping[str, Any]) -> RegisteredApp:
        app_id, secret = body.get("client_id"), body.get("client_secret")
        if not parse.is_token(app_id) or not parse.is_token(secret):
            raise UnreadableAnswerError("the answer has no app")
        return RegisteredApp(app_id, secret, is_lark=self._is_lark)

    def _with_wishes(self, url: str) -> str:
        """Return the page with what the app should be made with."""
        addons = {
            "preset": False,  # no scopes and events that we do not name
            "scopes": {"tenant": APP_SCOPES, "user": USER_SCOPES},
            "events": {"items": {"tenant": APP_EVENTS, "user": ()}},
        }
        query = {"from": "sdk", "tp": "sdk", "name": self._name, "createOnly": "true", "addons": _encoded(addons)}
        return str(URL(url, encoded=True).update_query(query))


def _encoded(addons: Mapping[str, object]) -> str:
    return urlsafe_b64encode(gzip.compress(orjson.dumps(addons), mtime=0)).decode().rstrip("=")


def _brand(body: Mapping[str, Any]) -> object:
    user = body.get("user_info")
    return user.get("tenant_brand") if isinstance(user, dict) else None
