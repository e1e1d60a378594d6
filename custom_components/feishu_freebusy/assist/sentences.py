"""Installs our sentences for Home Assistant's conversation agent while an entry wants them.

An integration can't ship sentences: Home Assistant reads them from the folder `custom_sentences` of the configuration.
"""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from hashlib import sha256
import logging
from pathlib import Path
import re
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util.file import write_utf8_file_atomic
from homeassistant.util.hass_dict import HassKey

from ..behalf import allowed
from ..const import DOMAIN
from ..model.options import Options

SENTENCES: Final = Path(__file__).parents[1] / "sentences"
FOLDER: Final = "custom_sentences"

_QUESTIONS, _BOOK, _END = "", "book", "end"  # folders in `SENTENCES`
_KINDS: Final = (_QUESTIONS, _BOOK, _END)

# A file is ours while the first line names the checksum of the rest
_HEADER: Final = "# Put here by Feishu Free/Busy, which keeps it up to date until you edit it: {checksum}\n"
_OURS: Final = re.compile(re.escape(_HEADER).replace(re.escape("{checksum}"), "([0-9a-f]{64})"))

_LOCK: HassKey[asyncio.Lock] = HassKey(f"{DOMAIN}_voice_sentences")
_LOGGER = logging.getLogger(__name__)


async def async_update_voice_sentences(hass: HomeAssistant) -> None:
    """Install, update or remove the sentences. Never raises: rooms work without them.

    Call it when an entry starts, when its options change, and after it was removed.
    """
    async with hass.data.setdefault(_LOCK, asyncio.Lock()):
        folder = Path(hass.config.path(FOLDER))
        try:
            changed = await hass.async_add_executor_job(_update, folder, _wanted(hass))
            if changed and hass.services.has_service("conversation", "reload"):
                await hass.services.async_call("conversation", "reload", blocking=True)
        except Exception as error:  # noqa: BLE001  # a read-only folder, or broken sentences of the user
            _LOGGER.warning(
                "The voice sentences in %s can't be updated (%r). Copy %s by hand", folder, error, SENTENCES
            )


def _wanted(hass: HomeAssistant) -> frozenset[str]:
    """Return the kinds of sentences that are wanted: questions, and what an app is allowed to do."""
    entries = hass.config_entries.async_entries(DOMAIN, include_disabled=False)
    if not any(Options.of(entry.options).voice_sentences for entry in entries):
        return frozenset()
    may = allowed(hass)
    return frozenset({_QUESTIONS, *([_BOOK] if may.book else []), *([_END] if may.end else [])})


def _update(folder: Path, wanted: Collection[str]) -> bool:
    """Install the sentences of the wanted kinds, remove the others, and return whether anything changed."""
    changed = [_install(folder, kind) if kind in wanted else _remove(folder, kind) for kind in _KINDS]
    return any(changed)


def _install(folder: Path, kind: str) -> bool:
    """Write missing and outdated files, and return whether anything changed."""
    changed = False
    for source in (SENTENCES / kind).glob("*.yaml"):
        target = _target(folder, kind, source)
        body = source.read_text(encoding="utf-8")
        there = _read(target)
        if there is not None and not _is_ours(there):
            if there != body:
                _LOGGER.info("The voice sentences in %s were edited by hand, and are left as they are", target)
            continue
        wanted = _HEADER.format(checksum=_checksum(body)) + body
        if there != wanted:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_utf8_file_atomic(str(target), wanted)
            changed = True
    return changed


def _remove(folder: Path, kind: str) -> bool:
    """Remove our files, and return whether anything changed."""
    changed = False
    for source in (SENTENCES / kind).glob("*.yaml"):
        target = _target(folder, kind, source)
        there = _read(target)
        if there is not None and _is_ours(there):
            target.unlink()
            changed = True
            with suppress(OSError):  # not empty
                target.parent.rmdir()
                folder.rmdir()
    return changed


def _target(folder: Path, kind: str, source: Path) -> Path:
    return folder / source.stem / f"{'_'.join(filter(None, (DOMAIN, kind)))}.yaml"


def _read(target: Path) -> str | None:
    return target.read_bytes().decode("utf-8", "replace") if target.is_file() else None


def _is_ours(there: str) -> bool:
    header, newline, body = there.partition("\n")
    match = _OURS.fullmatch(header + newline)
    return match is not None and match[1] == _checksum(body)


def _checksum(body: str) -> str:
    return sha256(body.encode()).hexdigest()
