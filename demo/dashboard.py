"""A dashboard of built-in cards: one tile a room, by floor."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .home_assistant import HomeAssistant

URL_PATH: Final = "meeting-rooms"
_TITLES: Final = {"en": "Meeting rooms", "zh-Hans": "会议室"}


def build(states: Iterable[Mapping[str, Any]], title: str) -> dict[str, Any]:
    """Return the dashboard's configuration for the rooms with these states."""
    floors: defaultdict[str, list[str]] = defaultdict(list)
    for state in states:
        place = (state["attributes"].get("building"), state["attributes"].get("floor"))
        floors[" / ".join(part for part in place if part)].append(state["entity_id"])
    return {
        "views": [
            {
                "title": title,
                "path": "rooms",
                "icon": "mdi:door",
                "type": "sections",
                "max_columns": 3,
                "sections": [_section(floor, rooms) for floor, rooms in sorted(floors.items())],
            }
        ]
    }


def _section(floor: str, rooms: Iterable[str]) -> dict[str, Any]:
    cards = [
        {
            "type": "tile",
            "entity": room,
            "state_content": ["state", "busy_until", "next_busy_time"],
            "grid_options": {"columns": 12},
        }
        for room in rooms
    ]
    return {"type": "grid", "cards": [{"type": "heading", "heading": floor}, *cards]}


async def add_dashboard(home: HomeAssistant, states: Iterable[Mapping[str, Any]]) -> str:
    """Create the dashboard and return its address."""
    title = _TITLES.get(home.language, _TITLES["en"])
    new = {"url_path": URL_PATH, "title": title, "icon": "mdi:door", "mode": "storage", "show_in_sidebar": True}
    await home.command({"type": "lovelace/dashboards/create", **new, "require_admin": False})
    await home.command({"type": "lovelace/config/save", "url_path": URL_PATH, "config": build(states, title)})
    return f"{home.url}/{URL_PATH}"
