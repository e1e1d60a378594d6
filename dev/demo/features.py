"""Switches on what is off by default: live updates, titles, and booking."""

import asyncio
from pathlib import Path
import shutil
from typing import Any, Final

from .assist import form_values
from .connect import DOMAIN, OPTIONS
from .home_assistant import HomeAssistant, HomeAssistantError

_BLUEPRINTS: Final = Path(__file__).resolve().parents[2] / "blueprints" / "automation" / DOMAIN
_LOOKS: Final = 80  # the reload after booking is switched on takes some seconds
_PAUSE: Final = 0.25  # seconds


async def switch_on(home: HomeAssistant, entry_id: str) -> None:
    """Switch on live updates, titles and booking in the options flow, and wait for the buttons of the rooms.

    Raises `HomeAssistantError` if a form does not accept it, as when the app lacks a permission.
    """
    await _submit(home, entry_id, "titles", titles="title_and_organizer", titles_for_assistants=True)
    flow = await _open(home, entry_id, "live_updates")
    await home.post(f"{OPTIONS}/{flow['flow_id']}", {"next_step_id": "live_on"})
    _done(await home.post(f"{OPTIONS}/{flow['flow_id']}", {"next_step_id": "live_done"}))
    await _submit(home, entry_id, "actions", book=True)  # last: it reloads the entry
    for _ in range(_LOOKS):
        if await buttons(home):
            return
        await asyncio.sleep(_PAUSE)
    raise HomeAssistantError("the rooms have no buttons")


def add_blueprints(home: HomeAssistant) -> None:
    """Copy the blueprints of the user's language into the configuration."""
    folder = home.folder / "blueprints" / "automation" / _BLUEPRINTS.name
    folder.mkdir(parents=True, exist_ok=True)
    for blueprint in _BLUEPRINTS.glob("*.yaml"):
        if blueprint.stem.endswith(".zh-Hans") == (home.language == "zh-Hans"):
            shutil.copy(blueprint, folder)


async def ignore_other_issues(home: HomeAssistant) -> None:
    """Ignore the repair issues that are not about this integration, so that the settings show no foreign warning."""
    for issue in (await home.command({"type": "repairs/list_issues"}))["issues"]:
        if issue["domain"] != DOMAIN and not issue["ignored"]:
            named = {key: issue[key] for key in ("domain", "issue_id")}
            await home.command({"type": "repairs/ignore_issue", **named, "ignore": True})


async def buttons(home: HomeAssistant) -> list[str]:
    """Return the ids of the buttons that book a room."""
    registry = await home.command({"type": "config/entity_registry/list"})
    return [row["entity_id"] for row in registry if row["platform"] == DOMAIN and row["unique_id"].endswith("_book")]


async def _submit(home: HomeAssistant, entry_id: str, page: str, **values: Any) -> None:
    form = await _open(home, entry_id, page)
    values = {**form_values(form["data_schema"]), **values}
    _done(await home.post(f"{OPTIONS}/{form['flow_id']}", values))


async def _open(home: HomeAssistant, entry_id: str, page: str) -> Any:
    flow = (await home.post(OPTIONS, {"handler": entry_id}))["flow_id"]
    return await home.post(f"{OPTIONS}/{flow}", {"next_step_id": page})


def _done(step: dict[str, Any]) -> None:
    if step["type"] != "create_entry":
        raise HomeAssistantError(f"an option cannot be saved: {step.get('step_id')} {step.get('errors') or ''}")
