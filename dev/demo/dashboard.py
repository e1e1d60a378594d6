"""Two dashboards: one that our own cards make by themselves, and one of Home Assistant's cards alone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .connect import DOMAIN
from .home_assistant import HomeAssistant

URL_PATH: Final = "meeting-rooms"
BUILT_IN_URL_PATH: Final = "built-in-cards"

_STRATEGY: Final = "custom:feishu-rooms"
_SENSORS: Final = ("next_change", "next_free", "next_busy", "free_rooms", "calls", "projected_calls", "interval")
_MOST_CALENDARS: Final = 8  # more don't fit into a day
_WORDS: Final = {
    "en": {
        "title": "Meeting rooms",
        "built_in": "Built-in cards",
        "free": "Free now",
        "until": "until",
        "none": "No room is free.",
        "today": "Today",
        "people": "People",
    },
    "zh-Hans": {
        "title": "会议室",
        "built_in": "内置卡片",
        "free": "现在空闲",
        "until": "至",
        "none": "没有空闲的会议室。",
        "today": "今天",
        "people": "人员",
    },
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


@dataclass(frozen=True, slots=True)
class Device:
    """A room, a person or the account: the ids of its entities, by what they are."""

    entities: Mapping[str, str]
    place: str

    @property
    def is_room(self) -> bool:
        """Return whether it is one; only rooms have a place."""
        return "busy" in self.entities and bool(self.place)


async def _devices(home: HomeAssistant) -> list[Device]:
    """Return what the integration has set up, by name."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in await home.command({"type": "config/entity_registry/list"}):
        if row["platform"] == DOMAIN and not row["disabled_by"]:
            found[row["device_id"]][_kind(row["entity_id"], row["unique_id"])] = row["entity_id"]
    devices = await home.command({"type": "config/device_registry/list"})
    return [
        Device(found[device["id"]], device["model"] or "")
        for device in sorted(devices, key=lambda device: str(device["name"]))
        if device["id"] in found
    ]


def _kind(entity_id: str, unique_id: str) -> str:
    domain = entity_id.partition(".")[0]
    kinds = {"binary_sensor": "busy", "calendar": "calendar"}
    return kinds.get(domain) or next(key for key in _SENSORS if unique_id.endswith(f"_{key}"))


def build(devices: Iterable[Device], language: str) -> dict[str, Any]:
    """Return the configuration of the dashboard of built-in cards."""
    words = _WORDS[language]
    floors: defaultdict[str, list[Device]] = defaultdict(list)
    people: list[Device] = []
    account: Mapping[str, str] = {}
    for device in devices:
        if device.is_room:
            floors[device.place].append(device)
        elif "busy" in device.entities:
            people.append(device)
        else:
            account = device.entities
    rooms = [device.entities for floor in sorted(floors) for device in floors[floor]]
    sections = [_floor(floor, floors[floor]) for floor in sorted(floors)]
    sections += [_floor(words["people"], people, "mdi:account-clock")] if people else []
    view = {"title": words["built_in"], "path": "rooms", "icon": "mdi:door", "type": "sections", "max_columns": 3}
    return {"views": [{**view, "sections": [_free(rooms, account, words), _today(rooms, words), *sections]}]}


def _floor(heading: str, devices: Iterable[Device], icon: str = "mdi:floor-plan") -> dict[str, Any]:
    """Show each with how long it stays as it is, which counts down by itself."""
    half = {"type": "tile", "grid_options": {"columns": 6}}
    tiles = ({**half, "entity": device.entities[kind]} for device in devices for kind in ("busy", "next_change"))
    return {"type": "grid", "cards": [_heading(heading, icon), *tiles]}


def _free(rooms: Iterable[Mapping[str, str]], account: Mapping[str, str], words: Mapping[str, str]) -> dict[str, Any]:
    ids = repr([room["busy"] for room in rooms])
    text = _FREE_ROOMS.replace("ENTITIES", ids).replace("UNTIL", words["until"]).replace("NONE", words["none"])
    count = {"type": "tile", "entity": account["free_rooms"], "grid_options": {"columns": 12}}
    return {"type": "grid", "cards": [_heading(words["free"], "mdi:door-open"), count, _markdown(text)]}


def _today(rooms: Iterable[Mapping[str, str]], words: Mapping[str, str]) -> dict[str, Any]:
    calendars = [room["calendar"] for room in rooms][:_MOST_CALENDARS]
    card = {"type": "calendar", "initial_view": "dayGridDay", "entities": calendars, "grid_options": {"columns": 12}}
    return {"type": "grid", "cards": [_heading(words["today"], "mdi:calendar-today"), card]}


def _heading(text: str, icon: str) -> dict[str, Any]:
    return {"type": "heading", "heading": text, "icon": icon}


def _markdown(text: str) -> dict[str, Any]:
    return {"type": "markdown", "content": text}


async def add_dashboards(home: HomeAssistant) -> str:
    """Create both dashboards and return the address of the first."""
    words = _WORDS[home.language]
    await _add(home, URL_PATH, words["title"], {"strategy": {"type": _STRATEGY}})
    await _add(home, BUILT_IN_URL_PATH, words["built_in"], build(await _devices(home), home.language))
    return f"{home.url}/{URL_PATH}"


async def _add(home: HomeAssistant, url_path: str, title: str, config: Mapping[str, Any]) -> None:
    new = {"url_path": url_path, "title": title, "icon": "mdi:door", "mode": "storage", "show_in_sidebar": True}
    await home.command({"type": "lovelace/dashboards/create", **new, "require_admin": False})
    await home.command({"type": "lovelace/config/save", "url_path": url_path, "config": config})
