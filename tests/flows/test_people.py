"""The options flow for people: find them by address, number or id, try to read them, name them, drop them."""

from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import CONF_PEOPLE, CONF_PERSON
from custom_components.feishu_freebusy.feishu import transport
from custom_components.feishu_freebusy.flows.people import _split, _suggested_name
from simulator import Fault, Tenant, User
from tests.test_config_flow import FREE_BUSY, FREE_BUSY_SCOPE, Trouble, answers_at, troubles_at
from tests.test_translations import TEXTS, checked, fields_of, placeholders, start_options, submit, suggested

IDS = "contact/v3/users/batch_get_id"
TEN = "calendar/v4/freebusy/batch"
CONTACT_SCOPE = "contact:user.id:readonly"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry failed calls without a delay."""
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)


@pytest.fixture
def li_na(tenant: Tenant) -> User:
    """Return a person."""
    return tenant.add_user("Li Na", user_id="3e3cf96b", email="li.na@example.com", mobile="+8613800000001")


@pytest.fixture
def maria(tenant: Tenant) -> User:
    """Return a person from abroad."""
    return tenant.add_user("Maria", user_id="7f1bcd13", email="Maria_Rossi@example.com", mobile="+12025550101")


@pytest.fixture
def room_id(tenant: Tenant) -> str:
    """Return the id of a followed room."""
    return tenant.add_room("Mira").room_id


@pytest.fixture
def set_up(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], tenant: Tenant, room_id: str
) -> Callable[..., Any]:
    """Return a function that sets up an entry with a room and these people."""

    async def set_up(**options: Any) -> MockConfigEntry:
        entry = entry_of(room_id, **options)
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        tenant.requests.clear()
        return entry

    return set_up


@pytest.fixture
async def entry(set_up: Callable[..., Any]) -> MockConfigEntry:
    """Return a running entry that follows nobody yet."""
    entry: MockConfigEntry = await set_up()
    return entry


async def choose(hass: HomeAssistant, entry: MockConfigEntry, *people: str) -> ConfigFlowResult:
    """Open the form, fill it with these people and submit it."""
    return await submit(hass, await start_options(hass, entry, "people"), people=list(people))


async def save(hass: HomeAssistant, result: ConfigFlowResult) -> None:
    """Save on the form that shows the effect."""
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "people_effect")
    result = await submit(hass, result, next_step_id="save")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


def followed(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the names of the people that have an entity."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    states = [
        hass.states.get(entity.entity_id)
        for entity in entities
        if entity.unique_id.endswith("_busy") and "_omm_" not in entity.unique_id and entity.domain == "binary_sensor"
    ]
    return {state.name for state in states if state}


def read(tenant: Tenant) -> set[str]:
    """Return the ids of the people that were read."""
    bodies = [call.body for call in (*tenant.calls(FREE_BUSY), *tenant.calls(TEN)) if isinstance(call.body, dict)]
    return {person for body in bodies for person in body.get("user_ids") or [body.get("user_id")] if person}


def error_texts(result: ConfigFlowResult) -> list[str]:
    """Return the error text of the form in each language."""
    (key,) = (result["errors"] or {}).values()
    return [texts["options"]["error"][key].format(**placeholders(result)) for texts in TEXTS.values()]


# How people can be entered


async def test_the_menu_offers_people(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = checked(await hass.config_entries.options.async_init(entry.entry_id))

    assert result["menu_options"] == [
        "rooms",
        "places",
        "people",
        "polling",
        "live_updates",
        "actions",
        "titles",
        "occupancy",
    ]


@pytest.mark.parametrize(
    ("typed", "kind", "name"),
    [
        ("li.na@example.com", "open_id", "Li Na"),
        ("LI.NA@example.com", "open_id", "Li Na"),
        ("13800000001", "open_id", ""),
        ("+8613800000001", "open_id", ""),
        ("{open_id}", "open_id", ""),
        ("{union_id}", "union_id", ""),
        ("{user_id}", "user_id", ""),
    ],
)
async def test_a_person_is_found_and_named(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, li_na: User, typed: str, kind: str, name: str
) -> None:
    text = typed.format(open_id=li_na.open_id, union_id=li_na.union_id, user_id=li_na.user_id)
    options_before = dict(entry.options)

    result = await start_options(hass, entry, "people")
    assert (result["errors"], suggested(result)) == ({}, {CONF_PEOPLE: []})
    assert CONTACT_SCOPE in placeholders(result)["scopes_url"]
    assert tenant.requests == []
    result = await submit(hass, result, people=[text])

    assert (result["step_id"], result["errors"]) == ("person_names", {})
    assert suggested(result) == {text: name}
    person_id = getattr(li_na, kind)
    assert read(tenant) == {person_id}
    result = await submit(hass, result, **{text: " Na "})
    assert entry.options == options_before
    await save(hass, result)

    assert entry.options == {**options_before, CONF_PEOPLE: {person_id: "Na"}}
    assert followed(hass, entry) == {"Na"}


@pytest.mark.parametrize(
    "pasted",
    [
        ["li.na@example.com, +1 (202) 555-0101"],
        ["li.na@example.com；\n+12025550101"],
        [" li.na@example.com 、+1 202 555 0101 ，"],
        ["li.na@example.com\t+12025550101\tli.na@example.com"],
        ["138 0000 0001", "Maria_Rossi@example.com"],
        ["13800000001 +12025550101"],
        ["li.na@example.com", "13800000001", "+12025550101", "maria_rossi@example.com"],  # each of them twice
    ],
)
async def test_several_people_are_pasted_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, li_na: User, maria: User, pasted: list[str]
) -> None:
    result = await choose(hass, entry, *pasted)

    assert result["step_id"] == "person_names"
    assert len(tenant.calls(IDS)) == 1
    assert read(tenant) == {li_na.open_id, maria.open_id}
    first, second = fields_of(result)
    await save(hass, await submit(hass, result, **{first: "Na", second: "Maria"}))
    assert entry.options[CONF_PEOPLE] == {li_na.open_id: "Na", maria.open_id: "Maria"}
    assert followed(hass, entry) == {"Na", "Maria"}


def test_only_phone_numbers_may_contain_blanks() -> None:
    assert list(_split(["a@example.com b@example.com", "+49 171 / 1234567", "+49 (171) 123-4567"])) == [
        "a@example.com",
        "b@example.com",
        *("+49", "171", "/", "1234567"),
        "+491711234567",
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("li.na@example.com", "Li Na"),
        ("maria_rossi-bianchi@example.com", "Maria Rossi Bianchi"),
        ("LINA@example.com", "Lina"),
        ("王芳@example.com", "王芳"),
        ("13800000001", ""),
        ("ou_7d8a6e6d", ""),
    ],
)
def test_a_name_is_suggested_from_an_address(text: str, name: str) -> None:
    assert _suggested_name(text) == name


# People who are not found or can't be read


@pytest.mark.parametrize(
    ("people", "named"),
    [
        (["nobody@example.com", "{li_na}"], "nobody@example.com"),
        (["13900000009"], "13900000009"),
        (["+4917100000009", "{li_na}", "nobody@example.com"], "+4917100000009, nobody@example.com"),
    ],
)
async def test_people_who_are_not_found_are_named(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, li_na: User, people: list[str], named: str
) -> None:
    typed = [text.format(li_na=li_na.email) for text in people]

    result = await choose(hass, entry, *typed)

    assert result["errors"] == {CONF_PEOPLE: "person_not_found"}
    assert placeholders(result)["people"] == named
    assert suggested(result) == {CONF_PEOPLE: typed}
    assert read(tenant) == set()
    result = await submit(hass, result, people=[li_na.email])
    assert result["step_id"] == "person_names"


@pytest.mark.parametrize("text", ["Li/Na", "@", "li.na@", "@example.com", "omm_1", "李娜", "+12", "x" * 65])
async def test_an_invalid_id_is_named_before_any_call(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, li_na: User, text: str
) -> None:
    result = await choose(hass, entry, text, li_na.email)

    assert result["errors"] == {CONF_PEOPLE: "invalid_person"}
    assert placeholders(result)["people"] == text
    assert tenant.requests == []


@pytest.mark.parametrize("how", ["195100", "left_out"])
async def test_an_unreadable_person_is_named_as_typed(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, li_na: User, maria: User, how: str
) -> None:
    tenant.variants.update({"unknown_person": how})
    tenant.inject(
        Fault.error(404, 195100),
        times=None,
        when=lambda call: (
            isinstance(call.body, dict) and maria.open_id in (call.body.get("user_id"), *call.body.get("user_ids", ()))
        ),
    )

    result = await choose(hass, entry, li_na.email, maria.email, "ou_gone")

    assert result["errors"] == {CONF_PEOPLE: "person_unreadable"}
    assert set(placeholders(result)["people"].split(", ")) == {maria.email, "ou_gone"}
    assert all("195100" in text for text in error_texts(result))
    result = await submit(hass, result, people=[li_na.email])
    assert result["step_id"] == "person_names"


async def test_the_missing_contact_scope_is_named_and_not_needed_for_ids(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, li_na: User
) -> None:
    tenant.revoke(CONTACT_SCOPE)

    result = await choose(hass, entry, li_na.email)
    assert result["errors"] == {"base": "scope_missing"}
    assert all(CONTACT_SCOPE in text for text in error_texts(result))
    assert suggested(result) == {CONF_PEOPLE: [li_na.email]}

    result = await submit(hass, result, people=[li_na.open_id])
    assert result["step_id"] == "person_names"


async def test_the_missing_free_busy_scope_is_named(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, li_na: User
) -> None:
    tenant.revoke(FREE_BUSY_SCOPE)

    result = await choose(hass, entry, li_na.email)

    assert result["errors"] == {"base": "scope_missing"}
    assert all(FREE_BUSY_SCOPE in text for text in error_texts(result))


@pytest.mark.parametrize(
    "trouble", [*troubles_at(IDS), *answers_at(IDS), *troubles_at(FREE_BUSY), *answers_at(FREE_BUSY)]
)
async def test_a_failure_is_shown_and_keeps_the_typed_people(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, li_na: User, trouble: Trouble
) -> None:
    result = await start_options(hass, entry, "people")
    trouble.begin(tenant)

    result = await submit(hass, result, people=[li_na.email])
    assert result["errors"] == trouble.errors
    assert all(trouble.says in text for text in error_texts(result))
    assert suggested(result) == {CONF_PEOPLE: [li_na.email]}

    tenant.clear_faults()
    await save(hass, await submit(hass, await submit(hass, result, people=[li_na.email]), **{li_na.email: "Na"}))
    assert entry.options[CONF_PEOPLE] == {li_na.open_id: "Na"}


# Names


async def test_every_person_needs_a_name(hass: HomeAssistant, entry: MockConfigEntry, li_na: User, maria: User) -> None:
    result = await choose(hass, entry, li_na.email, maria.open_id)

    result = await submit(hass, result, **{li_na.email: "Na", maria.open_id: "  "})
    assert result["errors"] == {"base": "no_person_name"}
    assert list(fields_of(result)) == [maria.open_id]
    await save(hass, await submit(hass, result, **{maria.open_id: "Maria"}))

    assert entry.options[CONF_PEOPLE] == {li_na.open_id: "Na", maria.open_id: "Maria"}


# People who are followed already


async def test_a_followed_person_is_neither_tried_nor_named_again(
    hass: HomeAssistant, set_up: Callable[..., Any], tenant: Tenant, li_na: User, maria: User
) -> None:
    entry = await set_up(people={li_na.open_id: "Na"})
    tenant.inject(Fault.error(404, 195100), FREE_BUSY, when=lambda call: "user_id" in str(call.body))

    result = await start_options(hass, entry, "people")
    assert suggested(result) == {CONF_PEOPLE: [li_na.open_id]}
    assert fields_of(result)[CONF_PEOPLE].config["options"] == [{"value": li_na.open_id, "label": "Na"}]
    await save(hass, await submit(hass, result, people=[li_na.open_id]))
    assert tenant.requests == []

    tenant.clear_faults()
    result = await choose(hass, entry, li_na.open_id, maria.email)
    assert list(fields_of(result)) == [maria.email]
    assert read(tenant) == {maria.open_id}
    await save(hass, await submit(hass, result, **{maria.email: "Maria"}))
    assert entry.options[CONF_PEOPLE] == {li_na.open_id: "Na", maria.open_id: "Maria"}


async def test_a_followed_person_is_recognized_by_their_address(
    hass: HomeAssistant, set_up: Callable[..., Any], tenant: Tenant, li_na: User
) -> None:
    entry = await set_up(people={li_na.open_id: "Na"})

    await save(hass, await choose(hass, entry, li_na.email))

    assert entry.options[CONF_PEOPLE] == {li_na.open_id: "Na"}
    assert read(tenant) == set()


@pytest.mark.parametrize("left", [[], ["{maria}"]])
async def test_people_are_dropped_with_their_devices(
    hass: HomeAssistant, set_up: Callable[..., Any], tenant: Tenant, li_na: User, maria: User, left: list[str]
) -> None:
    entry = await set_up(people={li_na.open_id: "Na", maria.open_id: "Maria"})
    rooms = entry.options["rooms"]

    await save(hass, await choose(hass, entry, *[text.format(maria=maria.open_id) for text in left]))

    assert entry.options[CONF_PEOPLE] == ({maria.open_id: "Maria"} if left else {})
    assert followed(hass, entry) == ({"Maria"} if left else set())
    assert entry.options["rooms"] == rooms


async def test_an_empty_choice_of_people_is_valid(hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant) -> None:
    result = await start_options(hass, entry, "people")

    await save(hass, await submit(hass, result))

    assert entry.options[CONF_PEOPLE] == {}
    assert tenant.requests == []


async def test_all_rooms_may_be_replaced_by_people(
    hass: HomeAssistant, entry: MockConfigEntry, li_na: User, maria: User
) -> None:
    result = await submit(hass, await submit(hass, await start_options(hass, entry, "rooms")), people_only=True)
    assert result["step_id"] == "people"
    result = await submit(hass, result, people=[li_na.email])
    result = await submit(hass, result, **{li_na.email: "Na"})
    assert placeholders(result)["count"] == "0"
    await save(hass, result)

    assert (entry.options["rooms"], entry.options["room_levels"]) == ({}, {})
    assert followed(hass, entry) == {"Na"}


async def test_the_last_person_can_only_be_replaced_by_a_room(
    hass: HomeAssistant, entry: MockConfigEntry, li_na: User
) -> None:
    rooms = entry.options["rooms"]
    options = {**entry.options, "rooms": {}, CONF_PEOPLE: {li_na.open_id: "Na"}}
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.async_block_till_done()

    result = await submit(hass, await start_options(hass, entry, "people"))
    assert (result["step_id"], result["errors"]) == ("rooms", {"rooms": "no_rooms"})
    result = await submit(hass, result, rooms=list(rooms))
    await submit(hass, result, next_step_id="save")

    assert (entry.options["rooms"], entry.options[CONF_PEOPLE]) == (rooms, {})


# The effect


async def test_the_cost_of_people_is_shown(
    hass: HomeAssistant, set_up: Callable[..., Any], tenant: Tenant, li_na: User
) -> None:
    entry = await set_up(plan="free", monthly_budget=5_000)

    result = await choose(hass, entry, li_na.open_id)
    result = await submit(hass, result, **{li_na.open_id: "Na"})

    said = placeholders(result)
    assert (said["people"], said["people_before"]) == ("1", "0")
    minutes, before = (float(said[name]) for name in ("interval", "interval_before"))
    assert minutes == pytest.approx(2 * before, abs=1)  # two calls per poll instead of one
    assert int(said["calls"].replace(",", "")) == pytest.approx(5_000, rel=0.01)

    await save(hass, result)
    result = await submit(hass, await start_options(hass, entry, "rooms"), rooms=list(entry.options["rooms"]))
    assert placeholders(result)["interval"] == said["interval"]


async def test_the_cost_of_people_who_are_read_one_by_one_is_shown(
    hass: HomeAssistant, set_up: Callable[..., Any], tenant: Tenant, li_na: User, maria: User
) -> None:
    tenant.inject(Fault.error(400, 190011), TEN, times=None)
    followed = {li_na.open_id: "Na", maria.open_id: "Maria"}
    entry = await set_up(plan="free", monthly_budget=5_000, people=followed)

    said = placeholders(await start_options(hass, entry, "polling"))

    month = entry.runtime_data.source.forecast
    assert month.calls_per_cycle == 3
    assert float(said["interval"]) * 60 == pytest.approx(month.plan.office.total_seconds(), rel=0.01)


async def test_going_back_keeps_the_typed_people(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, li_na: User, maria: User
) -> None:
    result = await submit(hass, await choose(hass, entry, li_na.email), **{li_na.email: "Na"})
    tenant.requests.clear()

    result = await submit(hass, result, next_step_id="people")
    assert suggested(result) == {CONF_PEOPLE: [li_na.open_id]}
    assert fields_of(result)[CONF_PEOPLE].config["options"] == [{"value": li_na.open_id, "label": "Na"}]
    result = await submit(hass, result, people=[li_na.open_id, maria.email])
    assert list(fields_of(result)) == [maria.email]
    assert read(tenant) == {maria.open_id}
    await save(hass, await submit(hass, result, **{maria.email: "Maria"}))

    assert entry.options[CONF_PEOPLE] == {li_na.open_id: "Na", maria.open_id: "Maria"}


async def test_going_back_allows_an_empty_choice(hass: HomeAssistant, entry: MockConfigEntry, li_na: User) -> None:
    result = await submit(hass, await choose(hass, entry, li_na.email), **{li_na.email: "Na"})

    result = await submit(hass, await submit(hass, result, next_step_id="people"))
    assert placeholders(result)["people"] == "0"
    await save(hass, result)

    assert entry.options[CONF_PEOPLE] == {}


async def test_the_linked_person_is_offered_and_followed_without_a_first_read(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, li_na: User
) -> None:
    data = {**entry.data, CONF_PERSON: {"open_id": li_na.open_id, "name": "Li Na"}}
    hass.config_entries.async_update_entry(entry, data=data)
    result = await start_options(hass, entry, "people")
    field = fields_of(result)[CONF_PEOPLE]
    assert field.config["options"] == [{"value": li_na.open_id, "label": "Li Na"}]
    assert suggested(result).get(CONF_PEOPLE, []) == []

    await save(hass, await submit(hass, result, people=[li_na.open_id]))

    assert entry.options[CONF_PEOPLE] == {li_na.open_id: "Li Na"}
