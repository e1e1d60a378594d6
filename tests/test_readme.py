"""The READMEs in both languages are true, and their examples work unchanged."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
import json
import os
from pathlib import Path
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from homeassistant.const import ATTR_FRIENDLY_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import async_validate_conditions_config
from homeassistant.helpers.template import Template
from homeassistant.helpers.trigger import async_validate_trigger_config
from homeassistant.util.yaml import load_yaml_dict
import pytest
import yaml

from custom_components.feishu_freebusy.cards import BUNDLE
from custom_components.feishu_freebusy.const import CONF_PEOPLE, CONF_ROOMS, DOMAIN
from custom_components.feishu_freebusy.feishu.address import FEISHU_URL, LARK_URL
from custom_components.feishu_freebusy.feishu.client import SCOPES_FREE_BUSY, SCOPES_ROOM_BATCH, SCOPES_ROOMS
from custom_components.feishu_freebusy.feishu.console import console_url, scopes_json
from custom_components.feishu_freebusy.feishu.errors import (
    AppUnavailableError,
    BotDisabledError,
    CredentialsError,
    IpDeniedError,
    QuotaExceededError,
    RateLimitedError,
    ScopeMissingError,
    SubjectError,
    error_of,
    token_error_of,
)
from custom_components.feishu_freebusy.feishu.events import TO_BOOK, TO_RELEASE, TO_SHOW_TITLES
from custom_components.feishu_freebusy.model.options import (
    DEFAULTS,
    WEEKDAYS,
    Options,
)
from custom_components.feishu_freebusy.sync.reader import forecast
from demo.__main__ import _parser as demo_parser
from simulator import Fault, Room, Tenant
from simulator.tenant import BOOKING_SCOPES
from tests.blueprints.office import FOLDER
from tests.clock import Clock, SetUp, shown
from tests.conftest import at
from tests.test_translations import TEXTS
from tests.voice import OpenOffice, response_to

pytest_plugins = ["tests.voice"]

ROOT = Path(__file__).parents[1]
COMPONENT = ROOT / "custom_components" / DOMAIN
NOVEMBER = datetime(2026, 11, 15, tzinfo=UTC)

type Table = list[list[str]]


@dataclass(frozen=True)
class Readme:
    """The parts of a README."""

    language: str
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
    def headings(self) -> list[str]:
        return re.findall(r"^(#+) ", self.prose, re.MULTILINE)

    @property
    def links(self) -> list[str]:
        return re.findall(r"\]\(([^#].*?)\)", self.prose)

    @property
    def code(self) -> list[str]:
        """Return the inline code."""
        return re.findall(r"`([^`]+)`", self.prose)

    def block(self, kind: str, having: str = "") -> str:
        """Return the only block of this language that contains `having`."""
        (found,) = (block for name, block in self.blocks if name == kind and having in block)
        return found


READMES = [Readme("en", ROOT / "README.md"), Readme("zh-Hans", ROOT / "README.zh-Hans.md")]
CONSOLE, FIELDS, OPTIONS, ENTITIES, ATTRIBUTES, TRIGGERS, CONDITIONS, BLUEPRINTS, INTERVALS, PROBLEMS = range(10)


@pytest.fixture(params=READMES, ids=lambda readme: readme.language)
def readme(request: pytest.FixtureRequest) -> Readme:
    found: Readme = request.param
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


def shape(readme: Readme) -> list[object]:
    """Return the structure, which does not depend on the language."""
    return [
        readme.headings,
        [[len(row) for row in table] for table in readme.tables],
        [kind for kind, _ in readme.blocks],
        len(re.findall(r"^- ", readme.prose, re.MULTILINE)),
        len(re.findall(r"^!\[", readme.prose, re.MULTILINE)),
    ]


def test_the_languages_have_the_same_headings_tables_lists_and_blocks() -> None:
    english, chinese = map(shape, READMES)

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


def test_the_languages_have_the_same_code() -> None:
    english, chinese = ([without_words(*block) for block in readme.blocks] for readme in READMES)

    assert english == chinese


def test_every_block_and_table_is_known(readme: Readme) -> None:
    assert [kind for kind, _ in readme.blocks] == [
        *("bash", "json"),
        *("yaml", "yaml", "yaml", "yaml", "yaml", "jinja", "yaml", "yaml", "yaml"),
        "bash",
    ]
    assert len(readme.tables) == PROBLEMS + 1


# Links, commands and files


def test_relative_links_and_pictures_exist(readme: Readme) -> None:
    inside = [link for link in readme.links if not urlsplit(link).scheme]

    assert inside
    assert [link for link in inside if not (ROOT / link).is_file()] == []


def test_each_language_links_the_other_and_has_its_own_pictures(readme: Readme) -> None:
    pictures = [link for link in readme.links if link.endswith(".png")]
    (other,) = (other for other in READMES if other is not readme)

    assert other.path.name in readme.links
    assert pictures
    assert all(picture.endswith(f"-{readme.language}.png") for picture in pictures)


def test_scripts_are_executable(readme: Readme) -> None:
    commands = set(re.findall(r"\bscripts/\w+", readme.text))

    assert {"scripts/demo", "scripts/test"} <= commands
    assert [command for command in commands if not os.access(ROOT / command, os.X_OK)] == []


def test_options_of_the_demo_exist(readme: Readme) -> None:
    options = set(re.findall(r"scripts/demo (--\w+)", readme.text))

    assert "--help" in options
    assert [option for option in options if option not in demo_parser().format_help()] == []


def test_the_cloned_repository_is_this_project(readme: Readme) -> None:
    clone, enter, _ = readme.block("bash", "git clone").splitlines()
    manifest = json.loads((COMPONENT / "manifest.json").read_text(encoding="utf-8"))
    address = clone.removeprefix("git clone ")

    assert address == manifest["documentation"]
    assert enter == f"cd {address.rpartition('/')[2]}"
    others = set(re.findall(r"https?://[^`\s)]+", readme.text)) - {*readme.links}
    assert others == {address}


def test_no_absolute_path_is_named(readme: Readme) -> None:
    assert re.findall(r"(?<![\w.…:/])(?:/|~/|[A-Z]:\\)\w[\w/\\.-]*", readme.text) == []


def test_named_files_exist(readme: Readme) -> None:
    words = (word.removeprefix("…/") for code in readme.code for word in code.split())
    names = [word for word in words if re.fullmatch(r"[\w/]+(\.py|/)|tests/\w+", word)]

    assert names
    assert [name for name in names if not ((ROOT / name).exists() or (COMPONENT / name).exists())] == []


def test_the_minimum_home_assistant_is_that_of_hacs_json(readme: Readme) -> None:
    floor = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))["homeassistant"]

    assert f"Home Assistant {floor.removesuffix('.0')} " in readme.text


# Set up


def test_the_permissions_match_the_checklist(readme: Readme) -> None:
    assert readme.block("json").strip() == scopes_json((SCOPES_FREE_BUSY[0], SCOPES_ROOMS[0], SCOPES_ROOM_BATCH[0]))


def test_the_console_addresses_match_the_services(readme: Readme) -> None:
    addresses = [cell.strip("`") for cell in readme.tables[CONSOLE][1][1:]]

    assert [f"https://{address}" for address in addresses] == [console_url(FEISHU_URL), console_url(LARK_URL)]


def test_the_integration_and_its_fields_have_the_names_of_the_ui(readme: Readme) -> None:
    texts = TEXTS[readme.language]
    labels = [label for cell in first_column(readme.tables[FIELDS]) for label in re.split(", |、", cell)]

    assert texts["title"] in readme.text
    assert [label.casefold() for label in labels] == [
        label.casefold() for label in texts["config"]["step"]["user"]["data"].values()
    ]


def test_the_options_have_the_names_of_the_ui_and_the_real_defaults(readme: Readme) -> None:
    texts = TEXTS[readme.language]["options"]["step"]["polling"]
    labels = list(texts["data"].values())
    labels.insert(4, texts["sections"]["off_hours"]["name"])
    options = {label: default for label, default, _ in readme.tables[OPTIONS][1:]}
    words = {"on": True, "off": False, "开": True, "关": False}
    defaults = Options.of({CONF_ROOMS: {}})

    assert list(options) == labels
    _, budget, source, interval, off_hours, office_day, *others = options.values()  # that of the plan is a phrase
    assert (number(budget), number(interval)) == (DEFAULTS["monthly_budget"], DEFAULTS["scan_interval"])
    assert source == TEXTS[readme.language]["selector"]["source"]["options"][defaults.source]
    assert (office_day in {"none", "无"}, defaults.office_day) == (True, None)
    night = defaults.off_hours
    assert night is not None
    assert re.findall(r"\d\d:\d\d", off_hours) == [f"{night.start:%H:%M}", f"{night.end:%H:%M}"]
    weekdays = TEXTS[readme.language]["selector"]["weekday"]["options"]
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
    hass: HomeAssistant, set_up: SetUp, orion: Room, readme: Readme
) -> None:
    await set_up(orion)

    names = re.findall(r"`(\w+)`", " ".join(first_column(readme.tables[ATTRIBUTES])))
    assert len(names) == len(set(names))
    assert set(names) == shown(hass, orion).attributes.keys() - {ATTR_FRIENDLY_NAME}


@pytest.mark.parametrize(("table", "part"), [(TRIGGERS, "triggers"), (CONDITIONS, "conditions")])
def test_triggers_and_conditions_have_the_names_of_the_ui(readme: Readme, table: int, part: str) -> None:
    names = [texts["name"] for texts in TEXTS[readme.language][part].values()]

    assert first_column(readme.tables[table]) == names


async def test_the_trigger_and_the_condition_are_valid(
    hass: HomeAssistant, set_up: SetUp, orion: Room, readme: Readme
) -> None:
    await set_up(orion)
    example = yaml.safe_load(readme.block("yaml", "triggers:"))

    triggers = await async_validate_trigger_config(hass, cv.TRIGGER_SCHEMA(example["triggers"]))
    conditions = await async_validate_conditions_config(hass, cv.CONDITIONS_SCHEMA(example["conditions"]))

    assert (len(triggers), len(conditions)) == (1, 1)


async def test_the_tile_shows_attributes_that_exist(
    hass: HomeAssistant, set_up: SetUp, orion: Room, readme: Readme
) -> None:
    await set_up(orion)

    tile = yaml.safe_load(readme.block("yaml", "type: tile"))
    room = hass.states.get(tile["entity"])
    assert room is not None
    assert set(tile["state_content"]) <= {"state", *room.attributes}


def test_the_cards_are_in_the_bundle(readme: Readme) -> None:
    shown_cards = [
        block["type"]
        for kind, text in readme.blocks
        if kind == "yaml" and "custom:" in text
        for block in [yaml.safe_load(text)]
    ]
    bundle = BUNDLE.read_text(encoding="utf-8")

    assert shown_cards == ["custom:feishu-room-card", "custom:feishu-rooms-board-card", "custom:feishu-room-card"]
    assert all(card.removeprefix("custom:") in bundle for card in shown_cards)


async def test_the_actions_work_unchanged(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, readme: Readme
) -> None:
    level = tenant.add_level("3F", tenant.add_level("Tower A"))
    orion = tenant.add_room("Orion", level=level, capacity=8, equipment=("TV",))
    tenant.add_room("Lyra", level=level, capacity=4, equipment=("TV",))
    tenant.book(orion.room_id, datetime(2026, 12, 1, 18, tzinfo=UTC), datetime(2026, 12, 1, 19, tzinfo=UTC))
    await set_up(*tenant.rooms.values())

    async def act(name: str) -> Any:
        action = yaml.safe_load(readme.block("yaml", name))
        domain, service = action["action"].split(".")
        return await clock.run(
            hass.services.async_call(domain, service, action["data"], blocking=True, return_response=True)
        )

    found, answer = await act("find_rooms"), await act("get_free_busy")
    assert [room["name"] for room in found["rooms"]] == ["Orion"]
    assert [(row["name"], len(row["busy"]), row["busy"][0]["rsvp_status"]) for row in answer["subjects"]] == [
        ("Orion", 1, "accept")
    ]


def test_the_permissions_to_book_match_the_client(readme: Readme) -> None:
    heading = {"en": "Book rooms", "zh-Hans": "预订会议室"}[readme.language]
    chapter = next(part for part in readme.prose.split("\n## ") if part.startswith(heading))

    assert re.findall(r"`(calendar:[\w:.]+)`", chapter) == [scopes[0] for scopes in TO_BOOK]
    assert TO_BOOK[-1:] == TO_RELEASE
    actions = TEXTS[readme.language]["options"]["step"]["actions"]
    assert all(actions["data"][switch] in chapter for switch in ("book", "release"))


def test_the_permissions_for_titles_match_the_client_and_the_words_those_of_the_ui(readme: Readme) -> None:
    texts = TEXTS[readme.language]
    step = texts["options"]["step"]["titles"]
    chapter = next(part for part in readme.prose.split("\n## ") if part.startswith(step["title"]))

    assert set(re.findall(r"`(calendar:[\w:.]+)`", chapter)) == {scopes[0] for scopes in TO_SHOW_TITLES}
    labels = [*texts["selector"]["titles"]["options"].values(), step["data"]["titles_for_assistants"]]
    assert [label for label in labels if re.sub(r" ?[(（].*", "", label) not in chapter] == []


async def test_the_booking_action_works_unchanged(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, readme: Readme
) -> None:
    tenant.grant(*BOOKING_SCOPES)
    await set_up(orion, book=True)
    action = yaml.safe_load(readme.block("yaml", "book_room"))
    domain, service = action["action"].split(".")

    booked: Any = await clock.run(
        hass.services.async_call(domain, service, action["data"], blocking=True, return_response=True)
    )

    assert {"start", "end", "event_id"} <= booked.keys()
    assert shown(hass, orion).state == "on"


# Assist


async def test_assist_understands_the_example_questions(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, open_office: OpenOffice, readme: Readme
) -> None:
    tenant.add_level("3F")
    rooms = [tenant.add_room(name, level=next(iter(tenant.levels.values())), capacity=8)
             for name in ("A301", "Orion", "Boardroom")]  # fmt: skip
    people = {tenant.add_user(name).open_id: name for name in ("Ada", "王芳")}
    tenant.grant(*BOOKING_SCOPES)
    tenant.book(rooms[0].room_id, at(9), at(11))
    await open_office(*rooms, **{CONF_PEOPLE: people}, book=True, release=True)
    section = next(part for part in readme.prose.split("\n## ") if "conversation.reload" in part)
    examples = [line for line in section.splitlines() if line.startswith("- ")]

    questions = re.findall('["“](.+?)["”]', " ".join(examples))
    assert len(questions) >= 16
    for question in questions:
        response = await response_to(hass, clock, question, "en" if readme.language == "en" else "zh-CN")
        assert response.error_code is None, question


def test_the_path_to_the_voice_option_matches_the_ui(readme: Readme) -> None:
    steps = TEXTS[readme.language]["options"]["step"]
    menu = steps["init"]["menu_options"]["polling"]

    assert f"{menu} → {steps['polling']['data']['voice_sentences']}" in readme.prose


# The blueprints


def test_the_import_links_match_the_blueprints(readme: Readme) -> None:
    suffix = "" if readme.language == "en" else f".{readme.language}"
    paths = [path for path in FOLDER.iterdir() if path.suffixes == [*([suffix] if suffix else []), ".yaml"]]
    importable = {}
    for path in paths:
        blueprint = load_yaml_dict(str(path))["blueprint"]
        query = urlencode({"blueprint_url": blueprint["source_url"]})
        title = re.split("[:：] ?", blueprint["name"])[1]
        importable[title.casefold()] = f"https://my.home-assistant.io/redirect/blueprint_import/?{query}"

    rows = {title.casefold(): re.findall(r"\]\((.*?)\)", cell) for title, _, cell in readme.tables[BLUEPRINTS][1:]}
    assert len(rows) == 7
    assert rows == {title: [link] for title, link in importable.items()}
    assert {link for link in readme.links if urlsplit(link).scheme} == {*importable.values()}


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
    readme: Readme,
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

    template = Template(readme.block("jinja"), hass)
    assert template.async_render(parse_result=False).strip() == SENTENCES[readme.language][which]


# Calls and failures


def test_the_intervals_match_the_budget(readme: Readme) -> None:
    (_, head, _), *rows = readme.tables[INTERVALS]

    assert number(re.findall(r"[\d,]{4,}", head)[0]) == DEFAULTS["monthly_budget"]
    for rooms, *intervals in rows:
        exact = [
            forecast(Options.of({}), int(rooms), batch_granted=granted, now=NOVEMBER, time_zone=UTC).plan.office
            for granted in (True, False)
        ]
        assert [number(interval) for interval in intervals] == [
            round(interval.total_seconds() / 60) for interval in exact
        ], f"{rooms} rooms"


def test_the_error_codes_match_the_advice(readme: Readme) -> None:
    rows = [re.findall(r"\b\d{5,}\b", cell) for cell in first_column(readme.tables[PROBLEMS])]
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
    ]


def test_the_quoted_messages_exist_in_the_ui(readme: Readme) -> None:
    quoted = re.findall('["“](.+?)["”]', " ".join(first_column(readme.tables[PROBLEMS])))
    texts = TEXTS[readme.language]["config"]["error"].values()

    assert quoted
    assert [words for words in quoted if not any(words in text for text in texts)] == []
