"""The blueprints in a real Home Assistant: imported, configured, run, and opened in a browser."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import re
from typing import Any

from aiohttp import web
from playwright.async_api import expect
import pytest
import pytest_asyncio

from demo.browser import logged_in
from demo.connect import DOMAIN, Credentials, add_integration
from demo.home_assistant import HOST, HomeAssistant
from simulator import Room, Simulator, Tenant

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

FOLDER = Path(__file__).parents[2] / "blueprints/automation" / DOMAIN
SOURCE = f"https://github.com/feishu-freebusy/feishu-freebusy/blob/main/blueprints/automation/{DOMAIN}"
NAMES = sorted(path.stem for path in FOLDER.iterdir())
SHOTS = os.environ.get("LIVE_SCREENSHOTS")
CONFIG = "/api/config/automation/config"
FLOW = "/api/config/config_entries/flow"
TIMEOUT = 200  # seconds; the shortest delay of a blueprint is a minute
GREEN, RED = [0, 255, 0], [255, 0, 0]
NOBODY, SOMEBODY = "binary_sensor.nobody", "binary_sensor.somebody"


class Blueprints:
    """A Home Assistant with one automation for each blueprint in each language."""

    def __init__(self, home: HomeAssistant, tenant: Tenant) -> None:
        """Use `home`, with the rooms of `tenant`."""
        self.home = home
        self.tenant = tenant
        self.rooms = list(tenant.rooms.values())
        self.log_start = 0  # length of the log before the test, in characters
        self.entries: list[str] = []

    async def set_up(self, simulator: Simulator) -> None:
        """Add the rooms, a lamp, two occupancy sensors and two toggles."""
        self.log_start = len(self.home.log.read_text())
        credentials = Credentials(simulator.base_url, self.tenant.app_id, self.tenant.app_secret)
        self.entries.append(await add_integration(self.home, credentials, plan="paid", max_rooms=5))
        flow = (await self.home.post(FLOW, {"handler": "template"}))["flow_id"]
        await self.home.post(f"{FLOW}/{flow}", {"next_step_id": "light"})
        lamp = await self.home.post(f"{FLOW}/{flow}", {"name": "Door", "turn_on": [], "turn_off": []})
        self.entries.append(lamp["result"]["entry_id"])
        for sensor, state in ((NOBODY, "off"), (SOMEBODY, "on")):
            sensor_state = {"state": state, "attributes": {"device_class": "occupancy"}}
            await self.home.post(f"/api/states/{sensor}", sensor_state)
        for name in NAMES:
            if name.startswith("room_frees_up"):
                await self.home.command({"type": "input_boolean/create", "name": self._wish(name).split(".")[1]})

    async def tear_down(self) -> None:
        """Remove everything that these tests created."""
        for name in NAMES:
            await self.home.delete(f"{CONFIG}/{self._id(name)}")
            await self.home.command({"type": "blueprint/delete", "domain": "automation", "path": self._path(name)})
        for row in await self.home.command({"type": "input_boolean/list"}):
            await self.home.command({"type": "input_boolean/delete", "input_boolean_id": row["id"]})
        for sensor in (NOBODY, SOMEBODY):
            await self.home.delete(f"/api/states/{sensor}")
        for booking in list(self.tenant.bookings.values()):
            self.tenant.cancel(booking.booking_id)
        for entry in self.entries:
            await self.home.delete(f"/api/config/config_entries/entry/{entry}")

    def logged_warnings(self) -> list[str]:
        """Return the log lines at WARNING or above since `set_up`."""
        lines = self.home.log.read_text()[self.log_start :].splitlines()
        return [line for line in lines if re.search(r" (WARNING|ERROR|CRITICAL) ", line)]

    @staticmethod
    def _path(name: str) -> str:
        return f"feishu-freebusy/{name}.yaml"

    @staticmethod
    def _id(name: str) -> str:
        return re.sub(r"\W", "_", name.lower())

    def _wish(self, name: str) -> str:
        return f"input_boolean.{self._id(name)}"

    async def entity(self, room: Room, key: str = "busy") -> str:
        """Return the id of an entity of a room."""
        rows = await self.home.command({"type": "config/entity_registry/list"})
        ours = (row["entity_id"] for row in rows if row["unique_id"].endswith(f"_{room.room_id}_{key}"))
        return str(next(ours))

    async def import_blueprint(self, address: str, name: str) -> None:
        """Import a blueprint as the user interface does: preview, then save."""
        seen = await self.home.command({"type": "blueprint/import", "url": f"{address}/{name}.yaml"})
        assert seen["validation_errors"] is None
        assert not seen["exists"]
        assert seen["blueprint"]["metadata"]["domain"] == "automation"
        save = {"type": "blueprint/save", "domain": "automation", "path": self._path(name)}
        await self.home.command({**save, "yaml": seen["raw_data"], "source_url": f"{SOURCE}/{name}.yaml"})

    async def automate(self, name: str, **inputs: Any) -> None:
        """Create an automation from a blueprint, as the user interface does."""
        config = {"alias": name, "use_blueprint": {"path": self._path(name), "input": inputs}}
        await self.home.post(f"{CONFIG}/{self._id(name)}", config)

    async def automate_all(self) -> None:
        """Create an automation from each blueprint, with the shortest delays possible."""
        booked, free, ahead, used, _ = self.rooms[:5]
        for name in NAMES:
            actions = [{"event": "acted", "event_data": {"by": name}}]
            match name.split(".")[0]:
                case "door_light":
                    await self.automate(name, room=await self.entity(booked), lights=["light.door"])
                case "time_is_up":
                    room = await self.entity(booked)
                    await self.automate(name, room=room, before="00:30:00", when="always", actions=actions)
                case "booked_but_empty":
                    room = await self.entity(booked)
                    await self.automate(name, room=room, occupancy=NOBODY, minutes=1, actions=actions)
                case "room_frees_up":
                    await self.automate(name, room=await self.entity(free), wish=self._wish(name), actions=actions)
                case "prepare_room":
                    await self.automate(name, room=await self.entity(ahead), lead_minutes=240, prepare_actions=actions)
                case "book_by_button":
                    pressed = [{"trigger": "event", "event_type": "pressed"}]
                    await self.automate(name, room=await self.entity(free), triggers=pressed, booked_actions=actions)
                case "used_but_not_booked":
                    room = await self.entity(used)
                    await self.automate(name, room=room, occupancy=SOMEBODY, minutes=1, actions=actions)

    async def trigger_all(self) -> None:
        """Trigger all automations: book rooms, request one, and occupy one."""
        booked, _, ahead, *_ = self.rooms
        now = datetime.now(UTC).replace(microsecond=0)
        self.tenant.book(booked.room_id, now - timedelta(minutes=15), now + timedelta(minutes=20))
        self.tenant.book(ahead.room_id, now + timedelta(minutes=100), now + timedelta(minutes=160))
        rooms = [await self.entity(booked), await self.entity(ahead)]
        await self.home.post("/api/services/homeassistant/update_entity", {"entity_id": rooms})
        for state in ("off", "on"):
            sensor_state = {"state": state, "attributes": {"device_class": "occupancy"}}
            await self.home.post(f"/api/states/{SOMEBODY}", sensor_state)
        wishes = [self._wish(name) for name in NAMES if name.startswith("room_frees_up")]
        await self.home.post("/api/services/input_boolean/turn_on", {"entity_id": wishes})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def address() -> AsyncIterator[str]:
    """Serve the blueprint files."""
    app = web.Application()
    app.router.add_static("/", FOLDER)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    yield f"http://{HOST}:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def blueprints(
    home: HomeAssistant, live_simulator: Simulator, live_tenant: Tenant, address: str
) -> AsyncIterator[Blueprints]:
    """Import all blueprints and create an automation from each."""
    blueprints = Blueprints(home, live_tenant)
    await blueprints.set_up(live_simulator)
    for name in NAMES:
        await blueprints.import_blueprint(address, name)
    await blueprints.automate_all()
    yield blueprints
    await blueprints.tear_down()


async def test_all_blueprints_import_and_run_without_log_warnings(blueprints: Blueprints) -> None:
    listed = await blueprints.home.command({"type": "blueprint/list", "domain": "automation"})
    sources = {row["metadata"]["source_url"] for row in listed.values() if "metadata" in row}
    assert sources >= {f"{SOURCE}/{name}.yaml" for name in NAMES}

    acted: list[str] = []
    colors: list[list[int]] = []
    idle = ("door_light", "book_by_button")
    expected = [name for name in NAMES if not name.startswith(idle)]

    async def record_actions() -> None:
        async for event in blueprints.home.events("acted"):
            acted.append(event["data"]["by"])  # noqa: PERF401  # as they arrive

    async def record_colors() -> None:
        async for event in blueprints.home.events("call_service"):
            if event["data"]["domain"] == "light":
                colors.append(event["data"]["service_data"]["rgb_color"])  # noqa: PERF401  # as they arrive

    async with asyncio.TaskGroup() as tasks:
        recording = [tasks.create_task(record_actions()), tasks.create_task(record_colors())]
        await asyncio.sleep(1)
        await blueprints.trigger_all()
        async with asyncio.timeout(TIMEOUT):
            while len(acted) < len(expected) or colors.count(RED) < 2:  # noqa: ASYNC110  # there is no event to wait for
                await asyncio.sleep(0.2)
        await asyncio.sleep(2)  # time for unexpected actions
        for task in recording:
            task.cancel()

    assert sorted(acted) == expected
    # Earlier calls may show green: creating an automation reloads the others, which set the lamp again
    assert [color for color in colors if color != GREEN] == colors[-2:] == [RED] * 2
    assert blueprints.logged_warnings() == []


@pytest.mark.family
@pytest.mark.parametrize(
    ("language", "name", "words"),
    [
        ("en", "door_light", ["A lamp beside the door shows", "Color when busy", "Brightness when ending soon"]),
        ("zh-Hans", "door_light.zh-Hans", ["用门口的灯显示", "占用时的颜色", "即将结束时的亮度"]),
        ("en", "time_is_up", ["Time before the end", "Only if the room is booked again soon after"]),
        ("zh-Hans", "prepare_room.zh-Hans", ["哪些会议之前", "多久之内没有下一场"]),
    ],
)
async def test_the_editor_shows_the_texts_of_the_blueprint(
    blueprints: Blueprints, language: str, name: str, words: list[str]
) -> None:
    async with logged_in(
        blueprints.home, os.environ["LIVE_CHROMIUM"], language, viewport={"width": 1100, "height": 2600}
    ) as page:
        await page.goto(f"{blueprints.home.url}/config/automation/edit/{blueprints._id(name)}")
        form = page.locator("blueprint-automation-editor")
        for text in words:
            await expect(form.get_by_text(text).first).to_be_visible(timeout=60_000)
        if SHOTS:
            await page.screenshot(path=f"{SHOTS}/blueprint-{name}.png", animations="disabled")
