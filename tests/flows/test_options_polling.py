"""The options flow for the polling of a running entry. It shows the effect before it saves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import CONF_OFF_HOURS, CONF_OFFICE_DAY, CONF_ROOM_LEVELS, CONF_ROOMS
from custom_components.feishu_freebusy.flows.options import forecast_texts
from custom_components.feishu_freebusy.model.intervals import catalogue_plan
from custom_components.feishu_freebusy.model.options import Options
from simulator import Fault, Room, Tenant
from tests.flows.test_options import running, save
from tests.test_config_flow import BATCH_SCOPE, DECEMBER, SCOPES
from tests.test_ignored import disable
from tests.test_translations import fields_of, placeholders, start_options, submit, suggested
from tests.wall import WallClock

pytest_plugins = ["tests.wall"]

OFF_HOURS = {"enabled": True, "start": "18:30:00", "end": "08:15:00", "days": ["fri", "sun"]}
POLLING = {
    "plan": "free",
    "monthly_budget": 10_000,
    "source": "batch",
    "scan_interval": 90,
    "off_hours": OFF_HOURS,
    "horizon_days": 14,
    "min_free_minutes": 30,
    "count_pending_as_busy": True,
    "include_external_calendar": False,
    "dashboard_cards": False,
    "voice_sentences": True,
}


@pytest.fixture
def orion(tenant: Tenant) -> str:
    """Return the id of the followed room."""
    return tenant.add_room("Orion").room_id


@pytest.fixture
async def entry(
    hass: HomeAssistant,
    entry_of: Callable[..., MockConfigEntry],
    orion: str,
    wall: WallClock,
    tmp_path: Path,
) -> MockConfigEntry:
    """Return a running entry that follows one room, in December."""
    hass.config.config_dir = str(tmp_path)  # voice sentences are written there
    wall.move_to(DECEMBER)
    return await running(hass, entry_of(orion))


async def typed(hass: HomeAssistant, entry: MockConfigEntry, **changes: Any) -> ConfigFlowResult:
    """Fill in the form."""
    return await submit(hass, await start_options(hass, entry, "polling"), **{**POLLING, **changes})


async def polled(hass: HomeAssistant, entry: MockConfigEntry, **changes: Any) -> None:
    """Change polling options, and save."""
    await save(hass, await typed(hass, entry, **changes))


async def test_the_polling_form_shows_the_current_options(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await start_options(hass, entry, "polling")

    assert suggested(result) == {
        "plan": "paid",
        "monthly_budget": 25_000,
        "source": "auto",
        "scan_interval": 60,
        "off_hours": {"enabled": False, "start": "20:00:00", "end": "07:00:00", "days": ["sat", "sun"]},
        "horizon_days": 7,
        "min_free_minutes": 15,
        "count_pending_as_busy": False,
        "include_external_calendar": True,
        "dashboard_cards": True,
        "voice_sentences": False,
    }
    assert placeholders(result) == {
        "count": "1",
        "interval": "1",
        "off_interval": "1",
        "calls": "49,344",
        "rooms_per_call": "1",
        "missing": "–",
    }


async def test_nights_and_weekends_are_off_hours_by_default(
    hass: HomeAssistant, entry: MockConfigEntry, orion: str
) -> None:
    hass.config_entries.async_update_entry(entry, options={CONF_ROOMS: {orion: "Orion"}})
    await hass.async_block_till_done()

    result = await start_options(hass, entry, "polling")

    assert suggested(result)[CONF_OFF_HOURS] == {
        "enabled": True,
        "start": "20:00:00",
        "end": "07:00:00",
        "days": ["sat", "sun"],
    }
    assert placeholders(result)["off_interval"] == "30"


async def test_the_interval_shown_is_that_of_the_plan(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "plan": "free", "monthly_budget": 5_000})
    await hass.async_block_till_done()

    result = await start_options(hass, entry, "polling")

    assert (placeholders(result)["interval"], placeholders(result)["calls"]) == ("12", "5,000")


async def test_polling_is_changed_in_place(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    before = entry.runtime_data
    rooms = dict(entry.options[CONF_ROOMS])

    await polled(hass, entry, scan_interval=90.0)  # the frontend sends floats

    assert entry.options == {CONF_ROOMS: rooms, **POLLING}
    assert all(type(entry.options[key]) is type(value) for key, value in POLLING.items())
    assert entry.runtime_data is before
    assert entry.runtime_data.options.horizon.days == 14
    assert suggested(await start_options(hass, entry, "polling")) == POLLING


async def test_rooms_and_polling_do_not_undo_each_other(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str
) -> None:
    vega = tenant.add_room("Vega").room_id
    polling = await typed(hass, entry)
    rooms = await submit(hass, await start_options(hass, entry, "rooms"), rooms=[orion, vega])

    await save(hass, rooms)
    await save(hass, polling)

    assert entry.options == {CONF_ROOMS: {orion: "Orion", vega: "Vega"}, CONF_ROOM_LEVELS: {}, **POLLING}


# The effect


async def test_the_effect_of_other_polling_options_is_shown(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await typed(
        hass, entry, off_hours={**OFF_HOURS, "start": "20:00:00", "end": "07:00:00", "days": ["sat", "sun"]}
    )

    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "polling_effect")
    assert result["menu_options"] == ["save", "polling"]
    assert placeholders(result) == {
        "count": "1",
        "count_before": "1",
        "interval": "2.2",
        "interval_before": "1",
        "off_interval": "30",
        "off_interval_before": "1",
        "calls": "10,000",
        "calls_before": "49,344",
        "rooms_per_call": "20",
        "rooms_per_call_before": "1",
        "missing": "–",
        "missing_before": "–",
    }


@pytest.fixture
async def one_is_read(
    hass: HomeAssistant,
    entry_of: Callable[..., MockConfigEntry],
    rooms: list[Room],
    tenant: Tenant,
    wall: WallClock,
) -> MockConfigEntry:
    """Return a running entry of twelve rooms and a person, where only one room has enabled entities."""
    wall.move_to(DECEMBER)
    person = tenant.add_user("Li Na")
    options = {"plan": "free", "monthly_budget": 5_000, "source": "list", "people": {person.open_id: "Li Na"}}
    entry = await running(hass, entry_of(*(room.room_id for room in rooms), **options))
    for subject_id in (person.open_id, *(room.room_id for room in rooms[1:])):
        disable(hass, subject_id)
    return entry


def interval(rooms: int, people: int = 0, budget: int = 5_000) -> str:
    """Return the shown interval for this many rooms and people."""
    options = Options.of({"plan": "free", "monthly_budget": budget, "source": "list", "off_hours": {"enabled": False}})
    lists = catalogue_plan(2, 1, budget).calls_a_day * 30
    texts = forecast_texts(options, rooms, people, batch_granted=True, other_calls=lists)
    return texts["interval"]


async def test_rooms_and_people_that_are_not_read_cost_nothing(
    hass: HomeAssistant, one_is_read: MockConfigEntry, tenant: Tenant, rooms: list[Room]
) -> None:
    polling = placeholders(await start_options(hass, one_is_read, "polling"))
    assert (polling["count"], polling["interval"]) == ("12", interval(1))

    always = {**OFF_HOURS, "enabled": False}
    effect = placeholders(await typed(hass, one_is_read, monthly_budget=10_000, source="list", off_hours=always))
    assert (effect["count"], effect["count_before"]) == ("12", "12")
    assert (effect["interval"], effect["interval_before"]) == (interval(1, budget=10_000), interval(1))

    chosen = [room.room_id for room in rooms] + [tenant.add_room("Vega").room_id]
    effect = placeholders(await submit(hass, await start_options(hass, one_is_read, "rooms"), rooms=chosen))
    assert (effect["count"], effect["count_before"]) == ("13", "12")
    assert (effect["interval"], effect["interval_before"]) == (interval(2), interval(1))

    chosen = [*one_is_read.options["people"], tenant.add_user("Wang Wei").open_id]
    result = await submit(hass, await start_options(hass, one_is_read, "people"), people=chosen)
    effect = placeholders(await submit(hass, result, **dict.fromkeys(fields_of(result), "Wang Wei")))
    assert (effect["count"], effect["people"], effect["people_before"]) == ("12", "2", "1")
    assert (effect["interval"], effect["interval_before"]) == (interval(1, 1), interval(1))


async def test_typed_options_can_be_changed_before_saving(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    before = dict(entry.options)
    result = await typed(hass, entry)

    result = await submit(hass, result, next_step_id="polling")
    assert suggested(result) == POLLING
    assert placeholders(result)["rooms_per_call"] == "1"  # nothing is saved yet
    assert entry.options == before

    changed = {**POLLING, "scan_interval": 600, "off_hours": {**OFF_HOURS, "enabled": False}}
    result = await submit(hass, result, **changed)
    assert (placeholders(result)["interval"], placeholders(result)["off_interval"]) == ("10", "10")
    await save(hass, result)
    assert {key: entry.options[key] for key in POLLING} == changed


@pytest.mark.parametrize(
    ("refuse", "rooms_per_call", "missing"),
    [
        (lambda tenant: tenant.grant(BATCH_SCOPE), "20", "–"),
        (lambda tenant: tenant.revoke(BATCH_SCOPE), "1", BATCH_SCOPE),
        (
            lambda tenant: tenant.inject(Fault.error(400, 9499), SCOPES, times=None),
            "20",
            "–",
        ),  # unknown: batch is tried
        (lambda tenant: tenant.variants.update({"room_batch": "30005"}), "1", BATCH_SCOPE),
    ],
)
async def test_the_rooms_per_call_shown_follow_from_the_batch_api(
    hass: HomeAssistant,
    entry_of: Callable[..., MockConfigEntry],
    tenant: Tenant,
    orion: str,
    refuse: Callable[[Tenant], object],
    rooms_per_call: str,
    missing: str,
) -> None:
    refuse(tenant)
    entry = await running(hass, entry_of(orion, source="batch"))

    shown = placeholders(await start_options(hass, entry, "polling"))
    assert (shown["rooms_per_call"], shown["missing"]) == (rooms_per_call, missing)
    result = await typed(hass, entry, source="list")
    said = placeholders(result)
    assert (said["rooms_per_call"], said["rooms_per_call_before"]) == ("1", rooms_per_call)
    assert said["missing"] == "–"  # one room per call needs no more


@pytest.mark.parametrize(
    ("rooms", "granted", "interval", "off_interval", "rooms_per_call", "missing"),
    [
        (1, True, "1", "30", "1", "–"),
        (21, True, "1.6", "30", "20", "–"),
        (30, None, "1.6", "30", "20", "–"),
        (41, True, "2.6", "30", "20", "–"),
        (41, False, "42", "170", "1", BATCH_SCOPE),
        (200, False, "224", "894", "1", BATCH_SCOPE),
        (2_000, False, "1,440", "1,440", "1", BATCH_SCOPE),
    ],
)
async def test_forecast_gives_intervals_in_minutes_and_rooms_per_call(
    hass: HomeAssistant,
    wall: WallClock,
    rooms: int,
    granted: bool | None,
    interval: str,
    off_interval: str,
    rooms_per_call: str,
    missing: str,
) -> None:
    wall.move_to(DECEMBER)

    texts = forecast_texts(Options.of({}), rooms, batch_granted=granted)

    assert (texts["interval"], texts["off_interval"]) == (interval, off_interval)
    assert (texts["rooms_per_call"], texts["missing"]) == (rooms_per_call, missing)


# Off hours


@pytest.mark.parametrize(
    "off_hours",
    [
        {**OFF_HOURS, "days": []},
        {**OFF_HOURS, "start": "07:00:00", "end": "07:00:00"},
        {**OFF_HOURS, "start": "07:00:00", "end": "07:00:00", "days": []},
        {**OFF_HOURS, "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
        {**OFF_HOURS, "enabled": False},
    ],
    ids=["no days", "only days", "never", "always", "off"],
)
async def test_off_hours_are_shown_as_they_were_saved(
    hass: HomeAssistant, entry: MockConfigEntry, off_hours: dict[str, Any]
) -> None:
    await polled(hass, entry, off_hours=off_hours)

    assert entry.options[CONF_OFF_HOURS] == off_hours
    result = await start_options(hass, entry, "polling")
    assert suggested(result)[CONF_OFF_HOURS] == off_hours
    result = await submit(hass, result, **suggested(result))
    assert placeholders(result)["interval"] == placeholders(result)["interval_before"]


async def test_an_emptied_list_of_days_means_no_days(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    without_days = {key: value for key, value in OFF_HOURS.items() if key != "days"}

    await polled(hass, entry, off_hours=without_days)  # the frontend omits an emptied list

    assert entry.options[CONF_OFF_HOURS] == {**OFF_HOURS, "days": []}


async def test_the_off_hours_section_is_collapsed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await start_options(hass, entry, "polling")

    assert fields_of(result)[CONF_OFF_HOURS].options == {"collapsed": True}


@pytest.mark.parametrize("wrong", [{"start": "25:00:00"}, {"end": "soon"}, {"days": ["today"]}, {"start": None}])
async def test_an_invalid_time_or_day_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidData):
        await typed(hass, entry, off_hours={**OFF_HOURS, **wrong})


# Valid input


@pytest.mark.parametrize("source", ["auto", "list", "batch"])
async def test_a_source_can_be_chosen(hass: HomeAssistant, entry: MockConfigEntry, source: str) -> None:
    await polled(hass, entry, source=source)

    assert entry.options["source"] == source
    assert suggested(await start_options(hass, entry, "polling"))["source"] == source


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [
        ("monthly_budget", 1_000, 1_000_000),
        ("scan_interval", 30, 3_600),
        ("horizon_days", 2, 60),
        ("min_free_minutes", 0, 240),
    ],
)
async def test_numbers_have_bounds(
    hass: HomeAssistant, entry: MockConfigEntry, field: str, lowest: int, highest: int
) -> None:
    before = dict(entry.options)
    for value in (lowest - 1, highest + 1):
        with pytest.raises(InvalidData):
            await typed(hass, entry, **{field: value})
    assert entry.options == before

    for value in (highest, lowest):
        await polled(hass, entry, **{field: value})
        assert entry.options[field] == value


@pytest.mark.parametrize(
    "wrong", [{"plan": "cheap"}, {"source": "guess"}, {"scan_interval": "often"}, {"off_hours": {}}, {"unheard_of": 1}]
)
async def test_an_invalid_option_is_refused(hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidData):
        await typed(hass, entry, **wrong)


async def test_the_entity_for_office_days_is_stored_and_can_be_cleared(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await polled(hass, entry, office_day="binary_sensor.workday")
    assert entry.options[CONF_OFFICE_DAY] == "binary_sensor.workday"
    assert suggested(await start_options(hass, entry, "polling"))[CONF_OFFICE_DAY] == "binary_sensor.workday"

    await polled(hass, entry)
    assert CONF_OFFICE_DAY not in entry.options
