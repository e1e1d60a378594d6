"""Adds the integration through its config flow, over Home Assistant's API."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .home_assistant import HomeAssistant, HomeAssistantError

DOMAIN: Final = "feishu_freebusy"
KNOWN: Final = {"on", "off"}
_FLOW: Final = "/api/config/config_entries/flow"
OPTIONS: Final = "/api/config/config_entries/options/flow"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a Feishu app, and the address of its tenant."""

    base_url: str
    app_id: str
    app_secret: str = field(repr=False)

    def as_input(self, plan: str) -> dict[str, str]:
        """Return the input for the first form."""
        return {"base_url": self.base_url, "app_id": self.app_id, "app_secret": self.app_secret, "plan": plan}


async def add_integration(home: HomeAssistant, credentials: Credentials, *, plan: str, max_rooms: int) -> str:
    """Set up the first `max_rooms` rooms that the flow offers, and return the id of the config entry.

    Raises `HomeAssistantError` with the error that the flow shows.
    """
    step = await home.post(_FLOW, {"handler": DOMAIN})
    step = await home.post(f"{_FLOW}/{step['flow_id']}", credentials.as_input(plan))
    if step.get("step_id") == "access":
        step = await home.post(f"{_FLOW}/{step['flow_id']}")
    if step.get("step_id") != "rooms":
        raise HomeAssistantError(f"the app cannot be used: {_problem(step)}")
    rooms = [option["value"] for option in step["data_schema"][0]["selector"]["select"]["options"]]
    step = await home.post(f"{_FLOW}/{step['flow_id']}", {"rooms": rooms[:max_rooms]})
    while step["type"] in {"progress", "progress_done"}:
        await asyncio.sleep(0.3)
        step = await home.get(f"{_FLOW}/{step['flow_id']}")
    if step["type"] != "create_entry":
        raise HomeAssistantError(f"the rooms cannot be read: {_problem(step)}")
    entry_id: str = step["result"]["entry_id"]
    return entry_id


async def add_people(home: HomeAssistant, entry_id: str, people: Mapping[str, str]) -> None:
    """Add people, by id and name, in the options flow."""
    flow = (await home.post(OPTIONS, {"handler": entry_id}))["flow_id"]
    await home.post(f"{OPTIONS}/{flow}", {"next_step_id": "people"})
    step = await home.post(f"{OPTIONS}/{flow}", {"people": list(people)})
    if step.get("step_id") != "person_names":
        raise HomeAssistantError(f"the people cannot be read: {_problem(step)}")
    fields = [field["name"] for field in step["data_schema"]]
    await home.post(f"{OPTIONS}/{flow}", dict(zip(fields, people.values(), strict=True)))
    await home.post(f"{OPTIONS}/{flow}", {"next_step_id": "save"})


def _problem(step: Mapping[str, Any]) -> str:
    words = step.get("description_placeholders") or {}
    errors = ", ".join((step.get("errors") or {}).values()) or step.get("reason") or step.get("step_id")
    return f"{errors} {words.get('details', '')}".strip()


async def room_states(home: HomeAssistant) -> list[dict[str, Any]]:
    """Return the states of all rooms, including unavailable ones, sorted by name."""
    registry = await home.command({"type": "config/entity_registry/list"})
    ours = {
        row["entity_id"]
        for row in registry
        if row["platform"] == DOMAIN and row["unique_id"].endswith("_busy") and "_omm_" in row["unique_id"]
    }
    states = [state for state in await home.get("/api/states") if state["entity_id"] in ours]
    return sorted(states, key=lambda state: str(state["attributes"].get("friendly_name", state["entity_id"])))


async def known_states(home: HomeAssistant) -> list[dict[str, Any]]:
    """Wait up to 20 s until every room is on or off, then return all states."""
    states: list[dict[str, Any]] = []
    for _ in range(80):
        states = await room_states(home)
        if states and all(state["state"] in KNOWN for state in states):
            break
        await asyncio.sleep(0.25)
    return states
