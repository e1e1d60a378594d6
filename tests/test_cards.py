"""The cards are a dashboard resource while an entry wants them. Their failures stop nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL, UrlManager
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.components.lovelace.resources import ResourceStorageCollection
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.feishu_freebusy import cards
from custom_components.feishu_freebusy.cards import BUNDLE, EDITORS, URL, async_update_dashboard_resources as update
from custom_components.feishu_freebusy.const import CONF_DASHBOARD_CARDS, CONF_OFF_HOURS, DOMAIN
from custom_components.feishu_freebusy.model.options import Options
from tests.conftest import at
from tests.wall import WallClock

pytest_plugins = ["tests.wall"]

FILES = {file.name: file.read_bytes() for file in (BUNDLE, EDITORS)}
ADDRESS = f"{URL}?v={sha256(b''.join(FILES.values())).hexdigest()[:12]}"
OTHERS = "/local/other.js"

type Start = Callable[..., Awaitable[None]]


def add_entry(hass: HomeAssistant, **options: Any) -> MockConfigEntry:
    entry = MockConfigEntry(domain=DOMAIN, options=options)
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def start(hass: HomeAssistant, hass_storage: dict[str, Any]) -> Start:
    """Return a function that starts the dashboards with these resources in the storage, or in YAML."""

    async def go(*stored: str, yaml: list[str] | None = None) -> None:
        rows = [{"id": f"row-{number}", "type": "module", "url": url} for number, url in enumerate(stored)]
        hass_storage["lovelace_resources"] = {"version": 1, "key": "lovelace_resources", "data": {"items": rows}}
        in_yaml = [{"type": "module", "url": url} for url in yaml or []]
        config = {} if yaml is None else {"resource_mode": "yaml", "resources": in_yaml}
        hass.data[DATA_EXTRA_MODULE_URL] = UrlManager(lambda *_: None, [])
        assert await async_setup_component(hass, "http", {})
        # Without its dependencies: the frontend is a separate package
        with patch("homeassistant.setup._async_process_dependencies", return_value=[]):
            assert await async_setup_component(hass, "lovelace", {"lovelace": config})

    return go


async def urls(hass: HomeAssistant) -> list[str]:
    resources = hass.data[LOVELACE_DATA].resources
    await resources.async_get_info()
    return [row["url"] for row in resources.async_items()]


def extra_urls(hass: HomeAssistant) -> set[str]:
    return set(hass.data[DATA_EXTRA_MODULE_URL].urls)


async def test_the_cards_become_a_resource_once(hass: HomeAssistant, start: Start) -> None:
    await start(OTHERS)
    add_entry(hass)
    add_entry(hass)

    with patch.object(hass.http, "async_register_static_paths") as served:
        # Like several entries that start at the same time
        await asyncio.gather(*(update(hass) for _ in range(3)))
        await update(hass)

    assert await urls(hass) == [OTHERS, ADDRESS]
    assert [row["type"] for row in hass.data[LOVELACE_DATA].resources.async_items()] == ["module", "module"]
    assert served.call_count == 1
    assert not extra_urls(hass)


@pytest.mark.parametrize("name", FILES)
async def test_the_files_are_served_with_cache_headers(
    hass: HomeAssistant, start: Start, hass_client_no_auth: ClientSessionGenerator, name: str
) -> None:
    await start()
    add_entry(hass)
    await update(hass)

    response = await (await hass_client_no_auth()).get(ADDRESS.replace(BUNDLE.name, name))

    assert response.status == 200
    assert await response.read() == FILES[name]
    assert response.content_type == "text/javascript"
    assert "max-age" in response.headers["Cache-Control"]


@pytest.mark.parametrize("old", [f"{URL}?v=0123456789ab", URL, f"{URL}?hacstag=1"])
async def test_an_upgrade_changes_the_url(hass: HomeAssistant, start: Start, old: str) -> None:
    await start(old, OTHERS)
    add_entry(hass)

    await update(hass)

    assert await urls(hass) == [ADDRESS, OTHERS]


async def test_an_up_to_date_resource_is_not_written_again(hass: HomeAssistant, start: Start) -> None:
    await start(OTHERS, ADDRESS)
    add_entry(hass)

    with (
        patch.object(ResourceStorageCollection, "async_update_item") as updated,
        patch.object(ResourceStorageCollection, "async_create_item") as created,
    ):
        await update(hass)

    assert not updated.called
    assert not created.called


async def test_the_resource_is_removed_with_the_last_entry(hass: HomeAssistant, start: Start) -> None:
    await start(OTHERS)
    entries = [add_entry(hass), add_entry(hass)]
    await update(hass)

    await hass.config_entries.async_remove(entries[0].entry_id)
    await update(hass)
    assert await urls(hass) == [OTHERS, ADDRESS]

    await hass.config_entries.async_remove(entries[1].entry_id)
    await update(hass)
    assert await urls(hass) == [OTHERS]


async def test_it_can_be_switched_off(hass: HomeAssistant, start: Start) -> None:
    await start(OTHERS)
    entry = add_entry(hass)
    await update(hass)

    hass.config_entries.async_update_entry(entry, options={CONF_DASHBOARD_CARDS: False})
    await update(hass)
    assert await urls(hass) == [OTHERS]

    hass.config_entries.async_update_entry(entry, options={})
    await update(hass)
    assert await urls(hass) == [OTHERS, ADDRESS]


@pytest.mark.parametrize("by_hand", [URL, f"{URL}?hacstag=1"])
async def test_a_manual_resource_stays_when_the_option_is_off(
    hass: HomeAssistant, start: Start, hass_client_no_auth: ClientSessionGenerator, by_hand: str
) -> None:
    await start(by_hand)
    add_entry(hass, **{CONF_DASHBOARD_CARDS: False})

    await update(hass)

    assert await urls(hass) == [by_hand]
    assert (await (await hass_client_no_auth()).get(by_hand)).status == 200


async def test_one_entry_with_the_option_is_enough(hass: HomeAssistant, start: Start) -> None:
    await start()
    add_entry(hass, **{CONF_DASHBOARD_CARDS: False})
    add_entry(hass)

    await update(hass)

    assert await urls(hass) == [ADDRESS]


async def test_a_disabled_entry_wants_nothing(hass: HomeAssistant, start: Start) -> None:
    await start(ADDRESS)
    MockConfigEntry(domain=DOMAIN, disabled_by=ConfigEntryDisabler.USER).add_to_hass(hass)
    add_entry(hass, **{CONF_DASHBOARD_CARDS: False})

    await update(hass)

    assert await urls(hass) == []


async def test_with_yaml_resources_the_bundle_is_an_extra_url(hass: HomeAssistant, start: Start) -> None:
    await start(yaml=[OTHERS])
    entry = add_entry(hass)

    await update(hass)
    await update(hass)
    assert await urls(hass) == [OTHERS]
    assert extra_urls(hass) == {ADDRESS}

    await hass.config_entries.async_remove(entry.entry_id)
    await update(hass)
    assert not extra_urls(hass)


async def test_a_resource_in_yaml_is_not_loaded_twice(hass: HomeAssistant, start: Start) -> None:
    await start(yaml=[URL])
    add_entry(hass)

    await update(hass)

    assert not extra_urls(hass)


async def test_without_lovelace_nothing_happens(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    add_entry(hass)

    await update(hass)

    assert not caplog.records


@pytest.mark.parametrize("broken", ["bundle", "resources", "names", "update"])
async def test_an_error_of_the_resources_is_only_logged(
    hass: HomeAssistant, start: Start, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    await start()
    add_entry(hass)
    if broken == "bundle":
        monkeypatch.setattr(cards, "BUNDLE", Path("/nowhere"))
    elif broken == "resources":
        monkeypatch.delattr(hass.data[LOVELACE_DATA], "resources")
    elif broken == "names":
        monkeypatch.delattr("homeassistant.components.lovelace.const.LOVELACE_DATA")
    else:
        monkeypatch.setattr(ResourceStorageCollection, "async_create_item", lambda *_: None)

    await update(hass)

    ours = [record for record in caplog.records if record.name == cards.__name__]
    assert [record.levelname for record in ours] == ["WARNING"]
    assert URL in ours[0].getMessage()
    assert ours[0].exc_info is None


async def test_after_an_error_the_next_update_works(
    hass: HomeAssistant, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start()
    add_entry(hass)
    with monkeypatch.context() as broken:
        broken.setattr(ResourceStorageCollection, "async_create_item", lambda *_: None)
        await update(hass)

    await update(hass)

    assert await urls(hass) == [ADDRESS]


@pytest.mark.usefixtures("enable_custom_integrations")
async def test_cards_are_told_the_time_by_which_the_states_change(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, wall: WallClock
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_ws_client(hass)
    wall.move_to(at(10) + timedelta(milliseconds=250))

    await client.send_json_auto_id({"type": f"{DOMAIN}/time"})

    assert (await client.receive_json())["result"] == {"now": 1_795_428_000_250, "office": None}


@pytest.mark.usefixtures("enable_custom_integrations")
async def test_cards_are_told_the_office_hours_unless_an_entry_has_no_off_hours(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, wall: WallClock
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.config.async_set_time_zone("UTC")
    client = await hass_ws_client(hass)
    wall.move_to(at(21, day=4))  # a Friday, after work
    off_hours = {"start": "20:00:00", "end": "07:00:00", "days": ["sat"]}

    async def told(**stored: Any) -> Any:
        entry = add_entry(hass)
        entry.mock_state(hass, ConfigEntryState.LOADED)
        options = Options.of({CONF_OFF_HOURS: {**off_hours, **stored}})
        entry.runtime_data = SimpleNamespace(options=options, clock=SimpleNamespace(offset=timedelta()))
        await client.send_json_auto_id({"type": f"{DOMAIN}/time"})
        return (await client.receive_json())["result"]["office"]

    assert await told() == [[round(at(hour, day=6).timestamp() * 1000) for hour in (7, 20)]]
    assert await told(enabled=False) is None
