"""A dashboard of built-in cards: one tile a room, by floor."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .home_assistant import HomeAssistant

URL_PATH: Final = "meeting-rooms"

_WORDS: Final = {
    "en": {"title": "Meeting rooms", "free": "Free now", "until": "until", "none": "No room is free."},
    "zh-Hans": {"title": "会议室", "free": "现在空闲", "until": "至", "none": "没有空闲的会议室。"},
}
# Those that stay free longest come first
_FREE_ROOMS: Final = """\
{%- set free = expand(ENTITIES) | selectattr('state', 'eq', 'off') | list %}
{%- set endless = free | selectattr('attributes.next_busy_time', 'none') | list %}
{%- set ending = free | rejectattr('attributes.next_busy_time', 'none') | list %}
{%- for room in endless + ending | sort(attribute='attributes.next_busy_time', reverse=true) %}
{%- set end = room.attributes.next_busy_time %}
- **{{ room.name }}** {{ 'UNTIL ' ~ end | as_timestamp | timestamp_custom('%m-%d %H:%M') if end }}
{%- else %}
NONE
{%- endfor %}
"""


def build(states: Iterable[Mapping[str, Any]], language: str) -> dict[str, Any]:
    """Return the dashboard's configuration for the rooms with these states."""
    words = _WORDS[language]
    floors: defaultdict[str, list[str]] = defaultdict(list)
    for state in states:
        place = (state["attributes"].get("building"), state["attributes"].get("floor"))
        floors[" / ".join(part for part in place if part)].append(state["entity_id"])
    sections = [_floor(floor, rooms) for floor, rooms in sorted(floors.items())]
    everywhere = [room for rooms in floors.values() for room in rooms]
    view = {"title": words["title"], "path": "rooms", "icon": "mdi:door", "type": "sections", "max_columns": 3}
    return {"views": [{**view, "sections": [*sections, _free(everywhere, words)]}]}


def _floor(floor: str, rooms: Iterable[str]) -> dict[str, Any]:
    tile = {"type": "tile", "state_content": ["state", "busy_until"], "grid_options": {"columns": 12}}
    return {"type": "grid", "cards": [_heading(floor, "mdi:floor-plan"), *({**tile, "entity": room} for room in rooms)]}


def _free(rooms: list[str], words: Mapping[str, str]) -> dict[str, Any]:
    text = _FREE_ROOMS.replace("ENTITIES", repr(rooms)).replace("UNTIL", words["until"]).replace("NONE", words["none"])
    return {"type": "grid", "cards": [_heading(words["free"], "mdi:door-open"), {"type": "markdown", "content": text}]}


def _heading(text: str, icon: str) -> dict[str, Any]:
    return {"type": "heading", "heading": text, "icon": icon}


async def add_dashboard(home: HomeAssistant, states: Iterable[Mapping[str, Any]]) -> str:
    """Create the dashboard and return its address."""
    title = _WORDS[home.language]["title"]
    new = {"url_path": URL_PATH, "title": title, "icon": "mdi:door", "mode": "storage", "show_in_sidebar": True}
    await home.command({"type": "lovelace/dashboards/create", **new, "require_admin": False})
    await home.command({"type": "lovelace/config/save", "url_path": URL_PATH, "config": build(states, home.language)})
    return f"{home.url}/{URL_PATH}"
