"""The READMEs and the pages for users in docs/ are true in both languages, and their examples work unchanged."""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from html import unescape
from itertools import chain
import json
import os
from pathlib import Path
import re
import subprocess
import sys
from typing import Any
from unittest.mock import MagicMock
from urllib.parse import urlencode, urlsplit

from homeassistant.const import ATTR_FRIENDLY_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, entity_registry as er, label_registry
from homeassistant.helpers.condition import async_validate_conditions_config
from homeassistant.helpers.template import Template
from homeassistant.helpers.trigger import async_validate_trigger_config
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from PIL import Image, ImageSequence
import pytest
from pytest_homeassistant_custom_component.common import async_fire_mqtt_message
import yaml

from custom_components.feishu_freebusy.cards import BUNDLE
from custom_components.feishu_freebusy.const import CONF_PEOPLE, CONF_ROOMS, DOMAIN
from custom_components.feishu_freebusy.feishu.address import FEISHU_URL, LARK_URL
from custom_components.feishu_freebusy.feishu.client import SCOPES_FREE_BUSY, SCOPES_ROOM_BATCH, SCOPES_ROOMS
from custom_components.feishu_freebusy.feishu.console import console_url, scopes_json
from custom_components.feishu_freebusy.feishu.errors import (
    _BY_CODE,
    _CREDENTIAL_CODES,
    AppUnavailableError,
    BotDisabledError,
    CredentialsError,
    EndpointRetiredError,
    IpDeniedError,
    QuotaExceededError,
    RateLimitedError,
    ScopeMissingError,
    ServerError,
    StaleTokenError,
    SubjectError,
    error_of,
    token_error_of,
)
from custom_components.feishu_freebusy.feishu.events import TO_BOOK, TO_RELEASE, TO_SHOW_TITLES
from custom_components.feishu_freebusy.feishu.grants import USER_SCOPES
from custom_components.feishu_freebusy.model.options import (
    DEFAULTS,
    WEEKDAYS,
    Options,
)
from custom_components.feishu_freebusy.sync.reader import forecast
from demo.__main__ import _parser as demo_parser
from demo.console import drawing
from simulator import BookingRules, Fault, Room, Tenant
from simulator.tenant import BOOKING_SCOPES
from tests.blueprints.office import FOLDER
from tests.clock import Clock, SetUp, shown
from tests.conftest import at
from tests.person import link_person
from tests.test_translations import TEXTS
from tests.voice import OpenOffice, response_to

pytest_plugins = ["tests.voice"]

ROOT = Path(__file__).parents[1]
COMPONENT = ROOT / "custom_components" / DOMAIN
NOVEMBER = datetime(2026, 11, 15, tzinfo=UTC)

type Table = list[list[str]]


@dataclass(frozen=True)
class Page:
    """The parts of a page."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[tuple[str, str]]:
        """Return the fenced blocks: their language and content."""
        return re.findall(r"^```(\w*)\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)

    @cached_property
    def prose(self) -> str:
        """Return everything except the fenced blocks."""
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.MULTILINE | re.DOTALL)

    @cached_property
    def tables(self) -> list[Table]:
        """Return the tables, each with its header but without the separator line."""
        found = re.findall(r"(?:^\|.*\|\n)+", self.prose, re.MULTILINE)
        lines = ([line.strip("|").split("|") for line in table.splitlines()] for table in found)
        return [[[cell.strip() for cell in row] for row in (head, *rows)] for head, _, *rows in lines]

    @property
    def headings(self) -> list[tuple[str, str]]:
        """Return the marks and texts of the headings."""
        return re.findall(r"^(#+) (.*)$", self.prose, re.MULTILINE)

    @property
    def anchors(self) -> set[str]:
        """Return the anchors that GitHub makes of the headings."""
        return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for _, text in self.headings}

    @property
    def links(self) -> list[str]:
        """Return the targets of links and pictures."""
        return [*re.findall(r"\]\((.+?)\)", self.prose), *re.findall(r'src="(.+?)"', self.prose)]

    @property
    def code(self) -> list[str]:
        """Return the inline code."""
        return re.findall(r"`([^`]+)`", self.prose)

    def block(self, kind: str, having: str = "") -> str:
        """Return the only block of this language that contains `having`."""
        (found,) = (block for name, block in self.blocks if name == kind and having in block)
        return found


@dataclass(frozen=True)
class Docs:
    """The README and the pages in docs/ of a language."""

    language: str

    @property
    def readme(self) -> Page:
        return self.page("README")

    @cached_property
    def pages(self) -> list[Page]:
        return [self.page(name) for name in BLOCKS]

    def page(self, name: str) -> Page:
        folder = ROOT if name == "README" else ROOT / "docs"
        return Page(folder / f"{name}{'' if self.language == 'en' else f'.{self.language}'}.md")

    def table(self, name: str, index: int = 0) -> Table:
        return self.page(name).tables[index]


LANGUAGES = [Docs("en"), Docs("zh-Hans")]
BLOCKS = {  # of each page that exists in both languages
    "README": ["bash", "json", "bash"],
    "actions": ["yaml", "yaml", "yaml", "python", "yaml"],
    "automations": ["yaml"],
    "blueprints": [],
    "booking": ["yaml"],
    "calls": [],
    "cards": ["yaml", "yaml", "yaml", "yaml", "yaml"],
    "compared": [],
    "entities": [],
    "limits": [],
    "live-updates": [],
    "occupancy": [],
    "options": [],
    "person": [],
    "privacy": [],
    "recipes": ["yaml", "jinja", "yaml", "yaml"],
    "removing": [],
    "tablet": ["yaml"],
    "titles": [],
    "troubleshooting": [],
    "voice": [],
}
TABLES = {
    "README": 2,  # console, fields
    "actions": 2,  # numbers, changes
    "automations": 2,  # triggers, conditions
    "blueprints": 1,
    "calls": 1,
    "cards": 4,  # room card, board, map, all
    "compared": 4,  # points, cases, promises, missed targets
    "entities": 2,  # entities, attributes
    "options": 1,
    "person": 1,
    "tablet": 2,  # tablets, faults
    "troubleshooting": 1,
}
ENGLISH_ONLY = {"architecture", "benchmarks", "faults"}


@pytest.fixture(params=LANGUAGES, ids=lambda docs: docs.language)
def docs(request: pytest.FixtureRequest) -> Docs:
    found: Docs = request.param
    return found


@pytest.fixture
def orion(tenant: Tenant) -> Room:
    return tenant.add_room("Orion")


def first_column(table: Table) -> list[str]:
    return [row[0] for row in table[1:]]


def number(text: str) -> int:
    """Return the number in a cell, without its unit."""
    return int(re.sub(r"\D", "", text))


# Both languages agree


def shape(page: Page) -> list[object]:
    """Return the structure, which does not depend on the language."""
    return [
        [mark for mark, _ in page.headings],
        [[len(row) for row in table] for table in page.tables],
        [kind for kind, _ in page.blocks],
        len(re.findall(r"^- ", page.prose, re.MULTILINE)),
        len(re.findall(r"^\d\. ", page.prose, re.MULTILINE)),
        len(re.findall(r"!\[|<img", page.prose)),
    ]


@pytest.mark.parametrize("name", BLOCKS)
def test_the_languages_have_the_same_headings_tables_lists_and_blocks(name: str) -> None:
    english, chinese = (shape(docs.page(name)) for docs in LANGUAGES)

    assert english == chinese


def without_words(kind: str, block: str) -> object:
    """Return the part of a block that is not translated."""
    match kind:
        case "bash":
            return [line.partition("#")[0].strip() for line in block.splitlines()]
        case "jinja":
            return re.findall(r"{.*}", block)
        case "yaml":
            return yaml.safe_load(re.sub(r"(alias: ).*", r"\1any", block))
    return block


@pytest.mark.parametrize("name", BLOCKS)
def test_the_languages_have_the_same_code(name: str) -> None:
    english, chinese = ([without_words(*block) for block in docs.page(name).blocks] for docs in LANGUAGES)

    assert english == chinese


def test_every_page_block_and_table_is_known(docs: Docs) -> None:
    found = {path.name.partition(".")[0] for path in (ROOT / "docs").glob("*.md")}

    assert found | {"README"} == BLOCKS.keys() | ENGLISH_ONLY
    assert {name: [kind for kind, _ in docs.page(name).blocks] for name in BLOCKS} == BLOCKS
    assert {name: len(docs.page(name).tables) for name in BLOCKS if docs.page(name).tables} == TABLES


def test_the_readme_is_short_and_links_every_page(docs: Docs) -> None:
    linked = {(ROOT / link).resolve() for link in docs.readme.links if not urlsplit(link).scheme}

    assert len(docs.readme.text.splitlines()) < 180
    assert [page.path.name for page in docs.pages if page != docs.readme and page.path not in linked] == []


# Links, commands and files


ALL_PAGES = sorted(
    path for folder in (ROOT, ROOT / "docs", ROOT / ".github", ROOT / "frontend") for path in folder.glob("*.md")
)


@pytest.mark.parametrize("path", ALL_PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_pictures_and_anchors_exist(path: Path) -> None:
    dead = []
    for link in Page(path).links:
        target = urlsplit(link)
        if target.scheme:
            continue
        file = path.parent / target.path if target.path else path
        if not file.is_file() or (target.fragment and target.fragment not in Page(file).anchors):
            dead.append(link)

    assert dead == []


def test_pages_link_the_other_language_and_otherwise_stay_in_theirs(docs: Docs) -> None:
    own = {page.path.name for page in docs.pages}
    others = {page.path.name: page for other in LANGUAGES if other != docs for page in other.pages}

    for page in docs.pages:
        linked = {urlsplit(link).path.rpartition("/")[2] for link in page.links}
        (other,) = linked & others.keys()
        assert other.partition(".")[0] == page.path.name.partition(".")[0]
        assert linked & own


def test_each_language_has_its_own_pictures(docs: Docs) -> None:
    pictures = {
        Path(link).name for page in docs.pages for link in page.links if Path(link).suffix in {".png", ".gif", ".svg"}
    }
    names = ("app", "assist", "dashboard", "door", "live", "add-integration", "open-in-hacs")

    assert {name for name in pictures if "-" in name} - {"home-assistant.svg"} == {
        f"{name}-{docs.language}{'.gif' if name == 'live' else '.png' if name in names[1:4] else '.svg'}"
        for name in names
    }


def test_the_animation_is_small_and_takes_eight_seconds(docs: Docs) -> None:
    path = ROOT / "docs" / f"live-{docs.language}.gif"
    assert path.stat().st_size < 1_500_000

    with Image.open(path) as animation:
        frames = list(ImageSequence.all_frames(animation))
        durations = [frame.info["duration"] for frame in ImageSequence.Iterator(animation)]
    assert len(frames) == 4
    assert sum(durations) == 8_000


def test_the_drawing_of_the_console_has_its_words(docs: Docs) -> None:
    shown_words = re.sub(r"<[^>]*>|\s+", " ", drawing(docs.language))
    steps = [row[2 if docs.language == "en" else 1] for row in docs.table("README")[2:]]
    words = [word for step in steps for word in re.split(" → ", step)]

    assert (ROOT / "docs" / f"app-{docs.language}.svg").read_text(encoding="utf-8") == drawing(docs.language)
    plain = re.sub(r"\s+", " ", unescape(shown_words))
    assert [word for word in words if word not in plain] == []


def test_the_links_of_the_issue_forms_lead_to_pages() -> None:
    forms = (ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml").read_text(encoding="utf-8")
    manifest = json.loads((COMPONENT / "manifest.json").read_text(encoding="utf-8"))
    linked = re.findall(rf"{re.escape(manifest['documentation'])}/blob/main/(\S+)", forms)

    assert linked
    assert [path for path in linked if not (ROOT / path).is_file()] == []


def test_the_buttons_open_this_project(docs: Docs) -> None:
    manifest = json.loads((COMPONENT / "manifest.json").read_text(encoding="utf-8"))
    owner, repository = manifest["documentation"].split("/")[-2:]
    hacs = urlencode({"owner": owner, "repository": repository, "category": "integration"})

    assert {link for link in docs.readme.links if urlsplit(link).scheme} == {
        "https://hacs.xyz",
        f"https://my.home-assistant.io/redirect/hacs_repository/?{hacs}",
        f"https://my.home-assistant.io/redirect/config_flow_start/?{urlencode({'domain': DOMAIN})}",
    }


def test_scripts_are_executable(docs: Docs) -> None:
    commands = set(re.findall(r"\bscripts/\w+", docs.readme.text))

    assert {"scripts/demo", "scripts/test"} <= commands
    assert [command for command in commands if not os.access(ROOT / command, os.X_OK)] == []


def test_options_of_the_demo_exist(docs: Docs) -> None:
    options = set(re.findall(r"scripts/demo (--\w+)", docs.readme.text))

    assert "--help" in options
    assert [option for option in options if option not in demo_parser().format_help()] == []


def test_the_cloned_repository_is_this_project(docs: Docs) -> None:
    clone, enter, _ = docs.readme.block("bash", "git clone").splitlines()
    manifest = json.loads((COMPONENT / "manifest.json").read_text(encoding="utf-8"))
    address = clone.removeprefix("git clone ")

    assert address == manifest["documentation"]
    assert enter == f"cd {address.rpartition('/')[2]}"
    others = {url for page in docs.pages for url in {*re.findall(r"https?://[^`\s)]+", page.text)} - {*page.links}}
    assert others == {address}


def test_no_absolute_path_is_named(docs: Docs) -> None:
    # Home Assistant serves the folder `www` as /local/, which is an address
    path = re.compile(r"(?<![\w.…:/])(?:/(?!local/)|~/|[A-Z]:\\)\w[\w/\\.-]*")

    assert [found for page in docs.pages for found in path.findall(page.text)] == []


def test_named_files_exist(docs: Docs) -> None:
    words = (word.removeprefix("…/") for page in docs.pages for code in page.code for word in code.split())
    names = [word for word in words if re.fullmatch(r"[\w/]+(\.py|/)|tests/\w+", word)]

    assert names
    assert [name for name in names if not ((ROOT / name).exists() or (COMPONENT / name).exists())] == []


def test_each_promise_names_tests_that_exist(docs: Docs) -> None:
    named = [re.findall(r"`(\S+?)::(.+?)`", tests) for _, tests in docs.table("compared", 2)[1:]]
    declarations = {".py": r"^(?:async )?def {}\(", ".ts": r'^test\("{}",'}

    assert named
    assert all(named)
    assert sum(map(len, named)) == docs.page("compared").text.count("::")
    for file, name in chain.from_iterable(named):
        path = ROOT / file
        declaration = declarations[path.suffix].format(re.escape(name))
        assert re.search(declaration, path.read_text(encoding="utf-8"), re.MULTILINE), f"{file} has no test {name}"


def test_the_languages_name_the_same_tests() -> None:
    english, chinese = ([code for code in docs.page("compared").code if "::" in code] for docs in LANGUAGES)

    assert english == chinese


def test_the_minimum_home_assistant_is_that_of_hacs_json(docs: Docs) -> None:
    floor = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))["homeassistant"].removesuffix(".0")
    badge = "docs/badges/home-assistant.svg"

    assert f"Home Assistant {floor} " in docs.readme.text
    assert badge in docs.readme.links
    assert f">{floor}+<" in (ROOT / badge).read_text(encoding="utf-8")


# Set up


def test_the_permissions_match_the_checklist(docs: Docs) -> None:
    assert docs.readme.block("json").strip() == scopes_json(
        (SCOPES_FREE_BUSY[0], SCOPES_ROOMS[0], SCOPES_ROOM_BATCH[0])
    )


def test_the_console_addresses_match_the_services(docs: Docs) -> None:
    addresses = [cell.strip("`") for cell in docs.table("README")[1][1:]]

    assert [f"https://{address}" for address in addresses] == [console_url(FEISHU_URL), console_url(LARK_URL)]


def test_the_integration_and_its_fields_have_the_names_of_the_ui(docs: Docs) -> None:
    texts = TEXTS[docs.language]
    labels = [label for cell in first_column(docs.table("README", 1)) for label in re.split(", |、", cell)]

    assert texts["title"] in docs.readme.text
    assert [label.casefold() for label in labels] == [
        label.casefold() for label in texts["config"]["step"]["user"]["data"].values()
    ]


def test_the_options_have_the_names_of_the_ui_and_the_real_defaults(docs: Docs) -> None:
    texts = TEXTS[docs.language]["options"]["step"]["polling"]
    labels = list(texts["data"].values())
    labels.insert(4, texts["sections"]["off_hours"]["name"])
    options = {label: default for label, default, _ in docs.table("options")[1:]}
    words = {"on": True, "off": False, "开": True, "关": False}
    defaults = Options.of({CONF_ROOMS: {}})

    assert list(options) == labels
    _, budget, source, interval, off_hours, office_day, *others = options.values()  # that of the plan is a phrase
    assert (number(budget), number(interval)) == (DEFAULTS["monthly_budget"], DEFAULTS["scan_interval"])
    assert source == TEXTS[docs.language]["selector"]["source"]["options"][defaults.source]
    assert (office_day in {"none", "无"}, defaults.office_day) == (True, None)
    night = defaults.off_hours
    assert night is not None
    assert re.findall(r"\d\d:\d\d", off_hours) == [f"{night.start:%H:%M}", f"{night.end:%H:%M}"]
    weekdays = TEXTS[docs.language]["selector"]["weekday"]["options"]
    assert {WEEKDAYS.index(day) for day, name in weekdays.items() if name in off_hours} == night.days
    assert [words[text] if text in words else number(text) for text in others] == [
        DEFAULTS["horizon_days"],
        DEFAULTS["min_free_minutes"],
        defaults.count_pending_as_busy,
        defaults.include_external_calendar,
        defaults.dashboard_cards,
        defaults.voice_sentences,
    ]


# Entities, cards and actions


async def test_the_attributes_match_those_of_a_room(
    hass: HomeAssistant, set_up: SetUp, orion: Room, docs: Docs
) -> None:
    await set_up(orion)

    names = re.findall(r"`(\w+)`", " ".join(first_column(docs.table("entities", 1))))
    assert len(names) == len(set(names))
    assert set(names) == shown(hass, orion).attributes.keys() - {ATTR_FRIENDLY_NAME}


@pytest.mark.parametrize(("table", "part"), [(0, "triggers"), (1, "conditions")])
def test_triggers_and_conditions_have_the_names_of_the_ui(docs: Docs, table: int, part: str) -> None:
    names = [texts["name"] for texts in TEXTS[docs.language][part].values()]

    assert first_column(docs.table("automations", table)) == names


async def test_the_trigger_and_the_condition_are_valid(
    hass: HomeAssistant, set_up: SetUp, orion: Room, docs: Docs
) -> None:
    await set_up(orion)
    example = yaml.safe_load(docs.page("automations").block("yaml"))

    triggers = await async_validate_trigger_config(hass, cv.TRIGGER_SCHEMA(example["triggers"]))
    conditions = await async_validate_conditions_config(hass, cv.CONDITIONS_SCHEMA(example["conditions"]))

    assert (len(triggers), len(conditions)) == (1, 1)


async def test_the_tile_shows_attributes_that_exist(
    hass: HomeAssistant, set_up: SetUp, orion: Room, docs: Docs
) -> None:
    await set_up(orion)

    tile = yaml.safe_load(docs.page("recipes").block("yaml", "type: tile"))
    room = hass.states.get(tile["entity"])
    assert room is not None
    assert set(tile["state_content"]) <= {"state", *room.attributes}


def test_the_cards_are_in_the_bundle(docs: Docs) -> None:
    shown_cards = [
        block["type"]
        for kind, text in docs.page("cards").blocks
        if kind == "yaml" and "custom:" in text
        for block in [yaml.safe_load(text)]
    ]
    bundle = BUNDLE.read_text(encoding="utf-8")

    assert shown_cards == [
        f"custom:feishu-{card}"
        for card in ("room-card", "rooms-board-card", "rooms-map-card", "rooms-badge", "room-card")
    ]
    assert all(card.removeprefix("custom:") in bundle for card in shown_cards)


def test_the_options_of_the_cards_match_their_configuration(docs: Docs) -> None:
    source = (ROOT / "frontend" / "src" / "cards" / "config.ts").read_text(encoding="utf-8")

    def options(name: str) -> list[str]:
        (declared,) = re.findall(rf"^const {name}: .*?^}};", source, re.MULTILINE | re.DOTALL)
        return re.findall(r'^  (\w+): "', declared, re.MULTILINE)

    room, board, plan, common = (
        [cell.strip("`") for cell in first_column(table)] for table in docs.page("cards").tables
    )
    assert (room, board) == (["entity", *options("ROOM")], options("BOARD"))
    assert (plan, common) == (options("MAP"), options("COMMON"))
    defaults = {name.strip("`"): default.strip("`") for name, default, _ in docs.table("cards", 3)[1:]}
    for name in ("soon", "day_start", "day_end"):
        assert f"export const {name.upper()} = {defaults[name]};" in source


def test_the_colors_of_the_cards_match_their_palette(docs: Docs) -> None:
    palette = (ROOT / "frontend" / "src" / "view" / "palette.ts").read_text(encoding="utf-8")

    named = [code for code in docs.page("cards").code if code.endswith("-color")]
    assert named == re.findall(r"var\(--(feishu-freebusy-\w+-color)", palette)


async def test_the_actions_work_unchanged(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, docs: Docs
) -> None:
    level = tenant.add_level("3F", tenant.add_level("Tower A"))
    orion = tenant.add_room("Orion", level=level, capacity=8, equipment=("TV",))
    tenant.add_room("Lyra", level=level, capacity=4, equipment=("TV",))
    tenant.book(orion.room_id, datetime(2026, 12, 1, 18, tzinfo=UTC), datetime(2026, 12, 1, 19, tzinfo=UTC))
    await set_up(*tenant.rooms.values())

    async def act(name: str) -> Any:
        action = yaml.safe_load(docs.page("actions").block("yaml", name))
        domain, service = action["action"].split(".")
        return await clock.run(
            hass.services.async_call(domain, service, action["data"], blocking=True, return_response=True)
        )

    found, answer = await act("find_rooms"), await act("get_free_busy")
    assert [room["name"] for room in found["rooms"]] == ["Orion"]
    assert [(row["name"], len(row["busy"]), row["busy"][0]["rsvp_status"]) for row in answer["subjects"]] == [
        ("Orion", 1, "accept")
    ]


def test_the_permissions_to_book_match_the_client(docs: Docs) -> None:
    chapter = docs.page("booking").prose

    assert re.findall(r"`(calendar:[\w:.]+)`", chapter) == [scopes[0] for scopes in TO_BOOK]
    assert TO_BOOK[-1:] == TO_RELEASE
    actions = TEXTS[docs.language]["options"]["step"]["actions"]
    assert all(actions["data"][switch] in chapter for switch in ("book", "release"))


def test_the_permissions_of_a_person_match_the_client_and_the_words_those_of_the_ui(docs: Docs) -> None:
    chapter = docs.page("person").prose
    steps = TEXTS[docs.language]["config"]["step"]

    assert set(re.findall(r"`([\w:.]+)`", chapter)) == {*USER_SCOPES, ".storage"}
    labels = [steps["reconfigure"]["menu_options"][option] for option in ("link", "relink", "unlink")]
    labels += steps["link"]["menu_options"].values()
    assert [label for label in labels if label.removesuffix(" {person}") not in chapter] == []


def test_the_permissions_for_titles_match_the_client_and_the_words_those_of_the_ui(docs: Docs) -> None:
    texts = TEXTS[docs.language]
    step = texts["options"]["step"]["titles"]
    chapter = docs.page("titles").prose

    assert set(re.findall(r"`(calendar:[\w:.]+)`", chapter)) == {scopes[0] for scopes in TO_SHOW_TITLES}
    labels = [*texts["selector"]["titles"]["options"].values(), step["data"]["titles_for_assistants"]]
    assert [label for label in labels if re.sub(r" ?[(（].*", "", label) not in chapter] == []


async def test_the_numbers_become_a_csv_file_in_three_lines(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, docs: Docs
) -> None:
    await set_up(orion)
    action = yaml.safe_load(docs.page("actions").block("yaml", "get_utilization"))
    domain, service = action["action"].split(".")

    async def act(data: Any, target: Any) -> Any:
        work = hass.services.async_call(domain, service, data, blocking=True, return_response=True, target=target)
        return await clock.run(work)

    response = await act(action["data"], action["target"])
    assert [room["name"] for room in response["rooms"]] == ["Orion"]
    fields = {field for cell in first_column(docs.table("actions")) for field in re.findall(r"`(\w+)`", cell)}
    assert response["rooms"][0].keys() - fields == {"name", "entity_id", "room_id"}
    assert fields <= response["rooms"][0].keys()
    response = await act({**action["data"], "by_hour": False}, None)
    recipe = docs.page("actions").block("python")
    assert len([line for line in recipe.splitlines() if line]) == 3

    ran = await hass.async_add_executor_job(
        partial(
            subprocess.run,
            [sys.executable, "-c", recipe],
            input=json.dumps({"service_response": response}),
            capture_output=True,
            text=True,
            check=True,
        )
    )

    head, *rows = csv.reader(ran.stdout.splitlines())
    assert head == list(response["rooms"][0])
    assert [dict(zip(head, row, strict=True))["name"] for row in rows] == ["Orion"]


async def test_the_booking_action_works_unchanged(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, docs: Docs
) -> None:
    tenant.grant(*BOOKING_SCOPES)
    await set_up(orion, book=True)
    action = yaml.safe_load(docs.page("actions").block("yaml", "book_room"))
    domain, service = action["action"].split(".")

    booked: Any = await clock.run(
        hass.services.async_call(domain, service, action["data"], blocking=True, return_response=True)
    )

    assert {"start", "end", "status", "identity", "event_id", "app_link"} <= booked.keys()
    assert shown(hass, orion).state == "on"


async def test_the_request_for_an_approval_works_unchanged(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, docs: Docs
) -> None:
    tenant.grant(*BOOKING_SCOPES)
    tenant.agenda.rules[orion.room_id] = BookingRules(approval=True)
    entry = await set_up(orion, book=True)
    await link_person(hass, clock, tenant, entry, tenant.add_user("Li Na"))
    action = yaml.safe_load(docs.page("booking").block("yaml"))
    domain, service = action["action"].split(".")

    booked: Any = await clock.run(
        hass.services.async_call(domain, service, action["data"], blocking=True, return_response=True)
    )

    assert booked["status"] == "waiting_for_approval"
    assert f"`{booked['status']}`" in docs.page("booking").prose


# Assist


async def test_assist_understands_the_example_questions(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, open_office: OpenOffice, docs: Docs
) -> None:
    tenant.add_level("3F")
    rooms = [tenant.add_room(name, level=next(iter(tenant.levels.values())), capacity=8)
             for name in ("A301", "Orion", "Boardroom")]  # fmt: skip
    people = {tenant.add_user(name).open_id: name for name in ("Ada", "王芳")}
    tenant.grant(*BOOKING_SCOPES)
    tenant.book(rooms[0].room_id, at(9), at(11))
    await open_office(*rooms, **{CONF_PEOPLE: people}, book=True, release=True)
    examples = [line for line in docs.page("voice").prose.splitlines() if line.startswith("- ")]

    questions = re.findall('["“](.+?)["”]', " ".join(examples))
    assert len(questions) >= 16
    for question in questions:
        response = await response_to(hass, clock, question, "en" if docs.language == "en" else "zh-CN")
        assert response.error_code is None, question


def test_the_path_to_the_voice_option_matches_the_ui(docs: Docs) -> None:
    steps = TEXTS[docs.language]["options"]["step"]
    menu = steps["init"]["menu_options"]["polling"]

    assert f"{menu} → {steps['polling']['data']['voice_sentences']}" in docs.page("voice").prose


# The blueprints


def test_the_import_links_match_the_blueprints(docs: Docs) -> None:
    suffix = "" if docs.language == "en" else f".{docs.language}"
    paths = [path for path in FOLDER.iterdir() if path.suffixes == [*([suffix] if suffix else []), ".yaml"]]
    importable = {}
    for path in paths:
        blueprint = load_yaml_dict(str(path))["blueprint"]
        query = urlencode({"blueprint_url": blueprint["source_url"]})
        title = re.split("[:：] ?", blueprint["name"])[1]
        importable[title.casefold()] = f"https://my.home-assistant.io/redirect/blueprint_import/?{query}"

    rows = {title.casefold(): re.findall(r"\]\((.*?)\)", cell) for title, _, cell in docs.table("blueprints")[1:]}
    assert len(rows) == 7
    assert rows == {title: [link] for title, link in importable.items()}
    assert {link for link in docs.page("blueprints").links if urlsplit(link).scheme} == {*importable.values()}


# The template


SENTENCES = {
    "en": ["Busy until 19:00", "Busy", "Free until 19:00", "Free", "Not known"],
    "zh-Hans": ["占用至 19:00", "占用", "空闲至 19:00", "空闲", "情况不明"],
}


@pytest.mark.parametrize(
    ("which", "start", "end", "broken"),
    [
        pytest.param(0, at(9), at(11), False, id="busy"),
        pytest.param(1, at(9), at(9, day=30), False, id="busy beyond the range read"),
        pytest.param(2, at(11), at(12), False, id="free until then"),
        pytest.param(3, at(8), at(9), False, id="free"),
        pytest.param(4, at(9), at(11), True, id="unavailable"),
    ],
)
async def test_the_template_describes_the_state_of_the_room(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    docs: Docs,
    which: int,
    start: datetime,
    end: datetime,
    broken: bool,
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    tenant.book(orion.room_id, start, end)
    await set_up(orion)
    if broken:
        tenant.inject(Fault.status(503), times=None)
        await clock.forward(minutes=15)

    template = Template(docs.page("recipes").block("jinja"), hass)
    assert template.async_render(parse_result=False).strip() == SENTENCES[docs.language][which]


# Recipes


async def test_the_sign_has_the_letters_of_each_sentence(docs: Docs) -> None:
    sign = yaml.safe_load(docs.page("recipes").block("yaml", "display:"))

    glyphs = sign["font"][0]["glyphs"]
    assert set("Orion".join(SENTENCES["en"] + SENTENCES["zh-Hans"])) | set("0123456789") <= set(glyphs)
    assert len(glyphs) == len(set(glyphs)), "ESPHome refuses a letter that is listed twice"
    (display,), (font,), (sentence,) = sign["display"], sign["font"], sign["text_sensor"]
    assert sentence["on_value"] == [{"component.update": display["id"]}]
    assert {f"id({part['id']})" for part in (font, sentence)} <= set(re.findall(r"id\(\w+\)", display["lambda"]))


async def test_rooms_are_shared_by_mqtt(
    hass: HomeAssistant,
    mqtt_mock: MagicMock,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    docs: Docs,
) -> None:
    tenant.book(orion.room_id, at(10, 2), at(11))
    await set_up(orion)
    label = label_registry.async_get(hass).async_create("shared")
    er.async_get(hass).async_update_entity("binary_sensor.orion", labels={label.label_id})
    automation = yaml.safe_load(docs.page("recipes").block("yaml", "mqtt.publish"))
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    mqtt_mock.async_publish.reset_mock()

    await clock.forward(minutes=2)
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)
    sent = {call.args[0]: call.args[1] for call in mqtt_mock.async_publish.mock_calls}
    assert all(call.args[3] for call in mqtt_mock.async_publish.mock_calls), "a late subscriber gets retained messages"
    for topic, payload in sorted(sent.items()):  # the configuration first
        async_fire_mqtt_message(hass, topic, payload)
        await hass.async_block_till_done()

    found = er.async_get(hass).async_get_entity_id("binary_sensor", "mqtt", "shared_binary_sensor.orion")
    assert found is not None
    shared, room = hass.states.get(found), hass.states.get("binary_sensor.orion")
    assert shared is not None
    assert room is not None
    assert (shared.state, room.state) == ("on", "on")
    assert shared.attributes["busy_until"] == room.attributes["busy_until"]

    async_fire_mqtt_message(hass, "rooms/binary_sensor.orion", '{"state": "unavailable", "attributes": {}}')
    await hass.async_block_till_done()
    assert hass.states.is_state(found, "unavailable")

    async_fire_mqtt_message(hass, "homeassistant/binary_sensor/orion/config", "")
    await hass.async_block_till_done()
    assert hass.states.get(found) is None


# Calls and failures


def test_the_intervals_match_the_budget(docs: Docs) -> None:
    (_, head, _), *rows = docs.table("calls")

    assert number(re.findall(r"[\d,]{4,}", head)[0]) == DEFAULTS["monthly_budget"]
    for rooms, *intervals in rows:
        exact = [
            forecast(Options.of({}), int(rooms), batch_granted=granted, now=NOVEMBER, time_zone=UTC).plan.office
            for granted in (True, False)
        ]
        assert [number(interval) for interval in intervals] == [
            round(interval.total_seconds() / 60) for interval in exact
        ], f"{rooms} rooms"


def test_the_error_codes_match_the_advice(docs: Docs) -> None:
    rows = [re.findall(r"\b\d{4,}\b", cell) for cell in first_column(docs.table("troubleshooting"))]
    codes = [[int(code) for code in row] for row in rows if row]
    credentials, *others = [
        {type(explain({"code": code, "msg": ""}, 400, {})) for code in row}
        for row, explain in zip(codes, [token_error_of, *[error_of] * len(codes)], strict=False)
    ]

    assert credentials == {CredentialsError}
    assert others == [
        {ScopeMissingError},
        {BotDisabledError},
        {AppUnavailableError},
        {IpDeniedError},
        {RateLimitedError},
        {QuotaExceededError},
        {SubjectError},
        {StaleTokenError},
        {ServerError},
        {EndpointRetiredError},
    ]
    assert sorted(code for row in codes for code in row) == sorted(_BY_CODE.keys() | _CREDENTIAL_CODES)


def test_the_quoted_messages_exist_in_the_ui(docs: Docs) -> None:
    quoted = re.findall('["“](.+?)["”]', " ".join(first_column(docs.table("troubleshooting"))))
    texts = TEXTS[docs.language]["config"]["error"].values()

    assert quoted
    assert [words for words in quoted if not any(words in text for text in texts)] == []
