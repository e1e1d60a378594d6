"""A temporary Home Assistant on 127.0.0.1: configure, start, onboard, call its API, stop."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
import fcntl
import json
import os
from pathlib import Path
import socket
import sys
from typing import Any, Final, Self

import aiohttp

HOST: Final = "127.0.0.1"
USER: Final = "demo"
_INTEGRATION: Final = Path(__file__).resolve().parents[2] / "custom_components" / "feishu_freebusy"
_START_TIMEOUT: Final = 180.0
_STOP_TIMEOUT: Final = 30.0
_LOCK: Final = ".ha_run.lock"

# Not default_config: a demo needs no Bluetooth, discovery, streaming or cloud
_CONFIGURATION: Final = """\
homeassistant:
  name: Office
  time_zone: {time_zone}
  language: {language}
  country: CN
frontend:
config:
history:
logbook:
automation: !include automations.yaml
input_boolean:
script:
template:
conversation:
logger:
  default: warning
  logs:
    custom_components.feishu_freebusy: info
    # Hide messages about images and speech, which the demo does not use
    haffmpeg: critical
    homeassistant.components.camera.img_util: critical
"""

_HTTP: Final = {
    "cors_allowed_origins": [],
    "login_attempts_threshold": -1,
    "ip_ban_enabled": True,
    "ssl_profile": "intermediate_v6",
    "use_x_frame_options": True,
    "created_at": "2026-01-01T00:00:00+00:00",
    "error": None,
    "error_message": None,
}


class HomeAssistantError(Exception):
    """Home Assistant failed or refused a request; the message is one line."""


@dataclass(slots=True)
class HomeAssistant:
    """One instance in its own folder. Start it, onboard, then use its API as the owner."""

    folder: Path
    port: int
    language: str = "en"
    time_zone: str = "UTC"
    python: str = sys.executable
    _process: asyncio.subprocess.Process | None = None
    _session: aiohttp.ClientSession | None = field(default=None, repr=False)
    _token: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """The log file."""
        return self.folder / "home-assistant.log"

    def prepare(self) -> None:
        """Write a configuration that needs no internet. Keep existing storage and automations."""
        (self.folder / "custom_components").mkdir(parents=True, exist_ok=True)
        link = self.folder / "custom_components" / _INTEGRATION.name
        if not link.is_symlink():
            link.symlink_to(_INTEGRATION, target_is_directory=True)
        (self.folder / "configuration.yaml").write_text(
            _CONFIGURATION.format(time_zone=self.time_zone, language=self.language)
        )
        (self.folder / "automations.yaml").touch()  # the UI saves automations here
        # As if the address was set in the UI: one from YAML needs a confirmation, or Home Assistant returns to 8123
        stable = {**_HTTP, "server_port": self.port, "server_host": [HOST]}
        self.store("http", version=3, data={"stable": stable, "pending": None, "yaml_migration_done": True})
        # Skip the onboarding steps that install integrations from the internet; keep the one that creates the user
        self.store("onboarding", version=4, data={"done": ["core_config", "analytics", "integration"]})

    def store(self, key: str, *, version: int, data: Mapping[str, Any]) -> None:
        """Write a file of Home Assistant's storage unless there is one."""
        path = self.folder / ".storage" / key
        if path.exists():
            return
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"version": version, "minor_version": 1, "key": key, "data": data}))

    async def start(self) -> None:
        """Start Home Assistant and wait until it answers. Raise `HomeAssistantError` if it does not."""
        with socket.socket() as probe:
            # Home Assistant only logs that the port is taken
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                raise HomeAssistantError(f"port {self.port} cannot be used: {os.strerror(error.errno or 0)}") from error
        with (self.folder / "output.txt").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                self.python,
                *("-m", "homeassistant", "--skip-pip", "--config", str(self.folder)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # so that Ctrl-C reaches only us; stop() ends Home Assistant cleanly
            )
        self._session = self._session or aiohttp.ClientSession()
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                while not await self._answers():
                    if self._process.returncode is not None:
                        raise HomeAssistantError(f"Home Assistant exited during start; its output is in {output.name}")
                    await asyncio.sleep(0.25)
        except TimeoutError:
            raise HomeAssistantError("Home Assistant did not answer in time") from None

    async def _answers(self) -> bool:
        try:
            async with self._http.get(f"{self.url}/manifest.json") as response:
                return response.ok
        except aiohttp.ClientError:
            return False

    async def stop(self) -> None:
        """Stop Home Assistant, and kill it if it does not stop in time. Keep its folder."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        exited = asyncio.create_task(process.wait())
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_TIMEOUT):
                while process.returncode is None and not self._has_written_all():
                    await asyncio.wait([exited], timeout=0.1)
        if process.returncode is None:
            process.kill()  # Python needs seconds to free its memory
        await exited

    def _has_written_all(self) -> bool:
        """Return whether Home Assistant has released its lock, which is the last thing it does."""
        with suppress(OSError), (self.folder / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    async def kill(self) -> None:
        """Kill Home Assistant, as a power cut does."""
        if self._process:
            self._process.kill()
            await self._process.wait()

    async def __aenter__(self) -> Self:
        """Prepare and start Home Assistant."""
        self.prepare()
        try:
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop Home Assistant."""
        await self.stop()
        if self._session:
            await self._session.close()

    @property
    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise HomeAssistantError("Home Assistant was not started")
        return self._session

    # API calls as the owner

    async def onboard(self) -> None:
        """Create the owner; user name and password are `demo`."""
        client_id = f"{self.url}/"
        user = {"client_id": client_id, "name": "Demo", "username": USER, "password": USER, "language": self.language}
        created = await self._request("POST", "/api/onboarding/users", json=user)
        await self._get_token(grant_type="authorization_code", code=created["auth_code"])

    async def _get_token(self, **form: str) -> None:
        answer = await self._request("POST", "/auth/token", data={"client_id": f"{self.url}/", **form})
        self._token = answer["access_token"]
        # The first token expires after 30 minutes; a demo may run longer
        made = await self.command(
            {"type": "auth/long_lived_access_token", "client_name": os.urandom(4).hex(), "lifespan": 30}
        )
        self._token = str(made)

    @property
    def token(self) -> str:
        """The owner's access token."""
        return self._token

    async def add_user(self, name: str) -> tuple[str, str]:
        """Create a user who is not an administrator; return their id and an access token for 30 minutes."""
        created = await self.command({"type": "config/auth/create", "name": name, "group_ids": ["system-users"]})
        user_id: str = created["user"]["id"]
        login = {"username": name.lower(), "password": name}
        await self.command({"type": "config/auth_provider/homeassistant/create", "user_id": user_id, **login})
        client = {"client_id": f"{self.url}/"}
        flow = {**client, "handler": ["homeassistant", None], "redirect_uri": f"{self.url}/"}
        begun = await self.post("/auth/login_flow", flow)
        done = await self.post(f"/auth/login_flow/{begun['flow_id']}", {**client, **login})
        form = {**client, "grant_type": "authorization_code", "code": done["result"]}
        answer = await self._request("POST", "/auth/token", data=form)
        return user_id, answer["access_token"]

    async def get(self, path: str) -> Any:
        """Return the answer of the REST API to a GET."""
        return await self._request("GET", path)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the answer of the REST API to a POST."""
        return await self._request("POST", path, json=body or {})

    async def delete(self, path: str) -> Any:
        """Return the answer of the REST API to a DELETE."""
        return await self._request("DELETE", path)

    async def _request(self, method: str, path: str, **kwargs: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._http.request(method, self.url + path, headers=headers, **kwargs) as response:
            text = await response.text()
            if not response.ok:
                raise HomeAssistantError(f"{method} {path}: HTTP {response.status} {text[:200]}")
            return json.loads(text) if text else None

    async def command(self, message: Mapping[str, Any]) -> Any:
        """Return the result of one WebSocket command."""
        return (await self.commands([message]))[0]

    async def commands(self, messages: Iterable[Mapping[str, Any]]) -> list[Any]:
        """Return the results of WebSocket commands, which are run one after the other on one connection."""
        async with self._socket() as connection:
            return [await _ask(connection, number, message) for number, message in enumerate(messages, 1)]

    async def events(self, event_type: str) -> AsyncGenerator[dict[str, Any]]:
        """Yield the events of a type as they are fired."""
        async with self._socket() as connection:
            await _ask(connection, 1, {"type": "subscribe_events", "event_type": event_type})
            async for message in connection:
                yield json.loads(message.data)["event"]

    @asynccontextmanager
    async def _socket(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self._http.ws_connect(f"{self.url}/api/websocket") as connection:
            await connection.receive_json()
            await connection.send_json({"type": "auth", "access_token": self._token})
            if (await connection.receive_json())["type"] != "auth_ok":
                raise HomeAssistantError("Home Assistant refused the token")
            yield connection


async def _ask(connection: aiohttp.ClientWebSocketResponse, number: int, message: Mapping[str, Any]) -> Any:
    await connection.send_json({"id": number, **message})
    while True:
        answer = await connection.receive_json()
        if answer.get("id") == number and answer["type"] == "result":
            break
    if not answer["success"]:
        raise HomeAssistantError(f"{message['type']}: {answer['error']['message']}")
    return answer["result"]
