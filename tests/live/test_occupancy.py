"""Occupancy sensors are chosen in a browser, and the room shows how it is used."""

import os

import pytest

from demo.browser import logged_in
from demo.connect import Credentials, add_integration
from demo.home_assistant import HomeAssistant
from tests.live.test_browser import TIMEOUT_MS, Flow
from tests.live.test_home_assistant import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

STEP = ("options", "step")
PEOPLE = "binary_sensor.people"


@pytest.mark.family
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_a_room_with_sensors_shows_its_use(home: HomeAssistant, credentials: Credentials, language: str) -> None:
    async def sense(state: str) -> None:
        attributes = {"device_class": "occupancy", "friendly_name": "People"}
        await home.post(f"/api/states/{PEOPLE}", {"state": state, "attributes": attributes})

    entry = await add_integration(home, credentials, plan="paid", max_rooms=2)
    await sense("off")
    flows = "/api/config/config_entries/options/flow"
    flow_id = (await home.post(flows, {"handler": entry}))["flow_id"]
    await home.post(f"{flows}/{flow_id}", {"next_step_id": "occupancy"})
    form = await home.post(f"{flows}/{flow_id}", {"next_step_id": "occupancy_room"})
    room_id = form["data_schema"][0]["selector"]["select"]["options"][0]["value"]
    await home.post(f"{flows}/{flow_id}", {"room": room_id})
    await home.post(f"{flows}/{flow_id}", {"sensors": [PEOPLE]})
    await home.post(f"{flows}/{flow_id}", {"next_step_id": "save"})

    async def uses() -> list[str]:
        options = ["free", "booked", "in_use", "no_show", "ad_hoc", "out_of_service"]
        states = await home.get("/api/states")
        return [state["state"] for state in states if state["attributes"].get("options") == options]

    await until(uses, lambda found: found == ["free"], within=60)
    await sense("on")
    await until(uses, lambda found: found == ["ad_hoc"], within=60)

    view = {"width": 1000, "height": 900}
    async with logged_in(home, os.environ["LIVE_CHROMIUM"], language, viewport=view) as page:
        page.set_default_timeout(TIMEOUT_MS)
        flow = Flow(page, language)
        await flow.open_options(home.url, "occupancy")
        await flow.sees(*STEP, "occupancy", "menu_options", "occupancy_no_shows")
        await flow.choose(*STEP, "occupancy", "menu_options", "occupancy_no_shows")
        await flow.sees(*STEP, "occupancy_no_shows", "title")
