"""Enables Home Assistant's Assist for the rooms, and asks it questions."""

from collections.abc import Mapping
from typing import Any, Final

from .connect import DOMAIN, OPTIONS
from .home_assistant import HomeAssistant

_ASSISTANT: Final = "conversation"


async def enable_assist(home: HomeAssistant, entry_id: str) -> None:
    """Turn on the integration's sentences, and expose all rooms and people to Assist."""
    flow = (await home.post(OPTIONS, {"handler": entry_id}))["flow_id"]
    form = await home.post(f"{OPTIONS}/{flow}", {"next_step_id": "polling"})
    await home.post(f"{OPTIONS}/{flow}", {**form_values(form["data_schema"]), "voice_sentences": True})
    await home.post(f"{OPTIONS}/{flow}", {"next_step_id": "save"})
    registry = await home.command({"type": "config/entity_registry/list"})
    ours = [row["entity_id"] for row in registry if row["platform"] == DOMAIN and row["unique_id"].endswith("_busy")]
    sensors = [entity_id for entity_id in ours if entity_id.startswith("binary_sensor.")]
    await home.command(
        {
            "type": "homeassistant/expose_entity",
            "assistants": [_ASSISTANT],
            "entity_ids": sensors,
            "should_expose": True,
        }
    )


def form_values(fields: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the values that a form shows, including those in sections. An empty field has none."""
    shown = {
        field["name"]: form_values(field["schema"])
        if field.get("type") == "expandable"
        else field.get("description", {}).get("suggested_value", field.get("default"))
        for field in fields
    }
    return {name: value for name, value in shown.items() if value is not None}


async def ask(home: HomeAssistant, question: str, language: str) -> str:
    """Ask Assist a question and return the spoken answer."""
    answer = await home.post("/api/conversation/process", {"text": question, "language": language})
    return str(answer["response"]["speech"]["plain"]["speech"])
