"""The voice sentences are installed while an entry wants them. Files that a user wrote or edited are left alone."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service
import yaml

from custom_components.feishu_freebusy.assist import sentences
from custom_components.feishu_freebusy.assist.sentences import SENTENCES, async_update_voice_sentences as update
from custom_components.feishu_freebusy.const import CONF_VOICE_SENTENCES, DOMAIN
from simulator import Room
from tests.clock import Clock, SetUp

pytest_plugins = ["tests.clock"]

LANGUAGES = ["en", "zh-CN"]
ON = {CONF_VOICE_SENTENCES: True}

type Put = Callable[..., Path]


@pytest.fixture(autouse=True)
def config_dir(hass: HomeAssistant, tmp_path: Path) -> Path:
    hass.config.config_dir = str(tmp_path)
    return tmp_path


@pytest.fixture
def reloads(hass: HomeAssistant) -> list[ServiceCall]:
    calls: list[ServiceCall] = async_mock_service(hass, "conversation", "reload")
    return calls


def add_entry(hass: HomeAssistant, **options: Any) -> MockConfigEntry:
    entry = MockConfigEntry(domain=DOMAIN, options=options)
    entry.add_to_hass(hass)
    return entry


def switch(hass: HomeAssistant, entry: MockConfigEntry, *, on: bool) -> Awaitable[None]:
    hass.config_entries.async_update_entry(entry, options={CONF_VOICE_SENTENCES: on})
    return update(hass)


def file_of(config_dir: Path, language: str = "en") -> Path:
    return config_dir / "custom_sentences" / language / f"{DOMAIN}.yaml"


def files(config_dir: Path) -> list[str]:
    return sorted(path.relative_to(config_dir).as_posix() for path in config_dir.rglob("*") if path.is_file())


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


ALL = [f"custom_sentences/{language}/{DOMAIN}.yaml" for language in LANGUAGES]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.levelname
        for record in caplog.records
        if record.name == sentences.__name__ and record.levelname != "DEBUG"
    ]


async def test_nothing_is_written_unless_an_entry_wants_it(
    hass: HomeAssistant, config_dir: Path, reloads: list[ServiceCall]
) -> None:
    add_entry(hass)

    await update(hass)

    assert is_empty(config_dir)
    assert not reloads


async def test_sentences_are_installed_where_home_assistant_reads_them(
    hass: HomeAssistant, config_dir: Path, reloads: list[ServiceCall]
) -> None:
    add_entry(hass)
    add_entry(hass, **ON)

    await update(hass)
    await update(hass)

    assert files(config_dir) == ALL
    for language in LANGUAGES:
        written = file_of(config_dir, language).read_text(encoding="utf-8")
        assert written.partition("\n")[2] == (SENTENCES / f"{language}.yaml").read_text(encoding="utf-8")
        assert yaml.safe_load(written)["language"] == language
    assert len(reloads) == 1
    assert "language" not in reloads[0].data  # a reload of one language would miss its variants, like en-GB


async def test_sentences_are_removed_when_the_option_is_off(
    hass: HomeAssistant, config_dir: Path, reloads: list[ServiceCall]
) -> None:
    entry = add_entry(hass, **ON)
    await update(hass)

    await switch(hass, entry, on=False)
    await update(hass)

    assert is_empty(config_dir)
    assert len(reloads) == 2


async def test_sentences_are_removed_with_the_last_entry(hass: HomeAssistant, config_dir: Path) -> None:
    entries = [add_entry(hass, **ON), add_entry(hass, **ON)]
    await update(hass)

    await hass.config_entries.async_remove(entries[0].entry_id)
    await update(hass)
    assert files(config_dir) == ALL

    await hass.config_entries.async_remove(entries[1].entry_id)
    await update(hass)
    assert files(config_dir) == []


async def test_a_disabled_entry_wants_nothing(hass: HomeAssistant, config_dir: Path) -> None:
    MockConfigEntry(domain=DOMAIN, options=ON, disabled_by=ConfigEntryDisabler.USER).add_to_hass(hass)

    await update(hass)

    assert files(config_dir) == []


async def test_setup_installs_and_removal_removes_the_sentences(
    hass: HomeAssistant, config_dir: Path, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, **ON)
    assert files(config_dir) == ALL

    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_VOICE_SENTENCES: False})
    await clock.settle()
    assert files(config_dir) == []

    hass.config_entries.async_update_entry(entry, options={**entry.options, **ON})
    await clock.settle()
    assert files(config_dir) == ALL

    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    assert files(config_dir) == []


async def test_other_sentences_are_left_alone(hass: HomeAssistant, config_dir: Path) -> None:
    other = config_dir / "custom_sentences" / "en" / "lights.yaml"
    other.parent.mkdir(parents=True)
    other.write_text("language: en\n")
    entry = add_entry(hass, **ON)

    await update(hass)
    await switch(hass, entry, on=False)

    assert files(config_dir) == ["custom_sentences/en/lights.yaml"]


async def test_sentences_that_change_bookings_come_and_go_with_the_switches(
    hass: HomeAssistant, config_dir: Path, reloads: list[ServiceCall]
) -> None:
    book, end = (
        [f"custom_sentences/{language}/{DOMAIN}_{kind}.yaml" for language in LANGUAGES] for kind in ("book", "end")
    )
    entry = add_entry(hass, **ON)
    for switches, expected in (
        ({}, ALL),
        ({"book": True}, [*ALL, *book, *end]),
        ({"release": True}, [*ALL, *end]),
        ({"book": True, CONF_VOICE_SENTENCES: False}, []),
    ):
        hass.config_entries.async_update_entry(entry, options={**ON, **switches})
        await update(hass)
        assert files(config_dir) == sorted(expected)
    assert len(reloads) == 4


async def test_a_disabled_entry_takes_its_sentences_away(
    hass: HomeAssistant, config_dir: Path, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, **ON, book=True)
    assert len(files(config_dir)) == 6

    await clock.run(hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER))

    assert files(config_dir) == []


# Updates


async def test_an_update_of_the_integration_updates_the_sentences(
    hass: HomeAssistant, config_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reloads: list[ServiceCall]
) -> None:
    add_entry(hass, **ON)
    await update(hass)
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "en.yaml").write_text("language: en\nintents: {}\n")
    monkeypatch.setattr(sentences, "SENTENCES", newer)

    await update(hass)

    assert file_of(config_dir).read_text().endswith("\nlanguage: en\nintents: {}\n")
    assert len(reloads) == 2


async def test_deleted_files_are_written_again(hass: HomeAssistant, config_dir: Path) -> None:
    add_entry(hass, **ON)
    await update(hass)
    file_of(config_dir).unlink()

    await update(hass)

    assert files(config_dir) == ALL


# Files that a user wrote or edited


def edit_end(text: str) -> str:
    return text + "# mine\n"


def edit_header(text: str) -> str:
    return text.partition("\n")[2]


def edit_line(text: str) -> str:
    return text.replace("language:", "language: ", 1)


def replace_all(_text: str) -> str:
    return "language: en\n"


def make_empty(_text: str) -> str:
    return ""


@pytest.mark.parametrize("edit", [edit_end, edit_header, edit_line, replace_all, make_empty])
async def test_an_edited_file_is_neither_renewed_nor_removed(
    hass: HomeAssistant, config_dir: Path, reloads: list[ServiceCall], edit: Callable[[str], str]
) -> None:
    entry = add_entry(hass, **ON)
    await update(hass)
    path = file_of(config_dir)
    edited = edit(path.read_text(encoding="utf-8"))
    path.write_text(edited, encoding="utf-8")

    await update(hass)
    assert path.read_text(encoding="utf-8") == edited
    assert len(reloads) == 1

    await switch(hass, entry, on=False)
    assert files(config_dir) == ALL[:1]
    assert path.read_text(encoding="utf-8") == edited


@pytest.mark.parametrize("content", [b"\xff\xfe\x00odd", b"language: en\r\n"])
async def test_a_file_of_the_user_is_left_alone(
    hass: HomeAssistant, config_dir: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path = file_of(config_dir)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    add_entry(hass, **ON)
    caplog.set_level("INFO")

    await update(hass)

    assert path.read_bytes() == content
    assert warnings(caplog) == ["INFO"]


async def test_a_manual_copy_is_left_alone(
    hass: HomeAssistant, config_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = file_of(config_dir)
    path.parent.mkdir(parents=True)
    path.write_bytes((SENTENCES / "en.yaml").read_bytes())
    entry = add_entry(hass, **ON)
    caplog.set_level("INFO")

    await update(hass)
    await switch(hass, entry, on=False)

    assert path.read_bytes() == (SENTENCES / "en.yaml").read_bytes()
    assert warnings(caplog) == []


# Failures


async def test_an_unusable_folder_is_only_logged(
    hass: HomeAssistant, config_dir: Path, caplog: pytest.LogCaptureFixture, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    (config_dir / "custom_sentences").write_text("this is no folder, which even an administrator can't write into")

    entry = await set_up(orion, **ON)

    assert entry.state.recoverable
    assert hass.states.get("binary_sensor.orion") is not None
    assert warnings(caplog) == ["WARNING"]
    assert "Traceback" not in caplog.text


async def test_a_read_only_folder_is_only_logged(
    hass: HomeAssistant, config_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_entry(hass, **ON)

    with patch.object(sentences, "write_utf8_file_atomic", side_effect=PermissionError("read-only")):
        await update(hass)
    assert files(config_dir) == []
    assert warnings(caplog) == ["WARNING"]

    await update(hass)
    assert files(config_dir) == ALL


async def test_a_failed_reload_of_the_agent_is_only_logged(
    hass: HomeAssistant, config_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_call: ServiceCall) -> None:
        raise HomeAssistantError("configuration.yaml can't be read")

    hass.services.async_register("conversation", "reload", fail)
    add_entry(hass, **ON)

    await update(hass)

    assert files(config_dir) == ALL
    assert warnings(caplog) == ["WARNING"]


async def test_files_are_accessed_outside_the_event_loop(hass: HomeAssistant, config_dir: Path) -> None:
    add_entry(hass, **ON)

    with patch.object(hass, "async_add_executor_job", wraps=hass.async_add_executor_job) as job:
        await update(hass)

    assert [call.args[0].__name__ for call in job.call_args_list] == ["_update"]
