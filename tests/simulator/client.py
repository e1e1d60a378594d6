"""A minimal HTTP client for the simulator: it sends exactly what a test says and returns the whole answer."""

from dataclasses import dataclass
import json
from typing import Any

import aiohttp
from yarl import URL

from simulator import Tenant

TOKEN_PATH = "auth/v3/tenant_access_token/internal"
FREEBUSY = "calendar/v4/freebusy/list"
DAY = {"time_min": "2026-11-23T00:00:00+08:00", "time_max": "2026-11-24T00:00:00+08:00"}


type Json = Any  # any JSON value


@dataclass(frozen=True)
class Reply:
    """An answer; ``body`` is parsed if it was sent as JSON."""

    status: int
    headers: dict[str, str]
    body: Json

    @property
    def outcome(self) -> tuple[int, int]:
        """HTTP status and code."""
        return self.status, self.body["code"]

    @property
    def data(self) -> Json:
        """The ``data`` of a successful answer; fails the test if the answer is an error."""
        assert self.outcome == (200, 0), self.body
        return self.body["data"]


@dataclass
class Client:
    """Sends requests to one simulator. It gets a token at the first call that needs one."""

    session: aiohttp.ClientSession
    tenant: Tenant
    token: str = ""

    async def send(self, method: str, path: str | URL, **options: Json) -> Reply:
        """Send the request unchanged."""
        async with self.session.request(method, path, allow_redirects=False, **options) as response:
            text = await response.text()
            is_json = response.content_type == "application/json" and text
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status, headers, json.loads(text) if is_json else text)

    async def ask_token(self, **changes: Json) -> Reply:
        """Request a token with the correct credentials, overridden by ``changes``."""
        credentials = {"app_id": self.tenant.app_id, "app_secret": self.tenant.app_secret, **changes}
        return await self.send("POST", f"/open-apis/{TOKEN_PATH}", json=credentials)

    async def call(self, method: str, path: str, body: Json = None, authorization: str = "", **query: Json) -> Reply:
        """Call an endpoint of the open platform; get a token first unless ``authorization`` is given."""
        if not authorization:
            self.token = self.token or (await self.ask_token()).body["tenant_access_token"]
            authorization = f"Bearer {self.token}"
        headers = {"Authorization": authorization}
        return await self.send(method, f"/open-apis/{path}", json=body, params=query, headers=headers)

    async def get(self, path: str, **query: Json) -> Reply:
        """Call an endpoint with GET."""
        return await self.call("GET", path, **query)

    async def freebusy(self, user_id_type: str = "open_id", **body: Json) -> Reply:
        """Request free/busy of 2026-11-23 in Shanghai, overridden by ``body``."""
        return await self.call("POST", FREEBUSY, {**DAY, **body}, user_id_type=user_id_type)

    async def rows(self, **body: Json) -> list[dict[str, str]]:
        """Return the rows of the answer to :meth:`freebusy`."""
        rows: list[dict[str, str]] = (await self.freebusy(**body)).data["freebusy_list"]
        return rows

    async def control(self, command: str, /, **body: Json) -> Reply:
        """Send a control request with POST."""
        return await self.send("POST", f"/simulator/{command}", json=body)
