"""What is left of the integration after its entry has ended."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial
import inspect
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HassJob, HomeAssistant
from homeassistant.helpers.dispatcher import DATA_DISPATCHER
from homeassistant.helpers.storage import Store
from homeassistant.util.async_ import get_scheduled_timer_handles

from custom_components import feishu_freebusy
from custom_components.feishu_freebusy.const import DOMAIN

_OURS: Final = feishu_freebusy.__name__
_FOLDER: Final = Path(feishu_freebusy.__file__).parent
_MAY_END_LATER: Final = (
    _FOLDER / "feishu" / "tokens.py"
)  # a token request is shared by all users of the app; the client's deadline ends it
# Older releases of Home Assistant arm this timer after a stop; it does nothing then
_HARMLESS_WHEN_STOPPED: Final = "DataUpdateCoordinator.__wrap_handle_refresh_interval"


def running(hass: HomeAssistant) -> list[str]:
    """Return our timers and tasks; without an entry there should be none."""
    timers = (timer for timer in get_scheduled_timer_handles(hass.loop) if not timer.cancelled())
    whose = ([whose for part in _parts(timer) if (whose := _ours(part))] for timer in timers)
    tasks = (_code_of(task) for task in asyncio.all_tasks(hass.loop) if not task.done())
    names = [parts[0] for parts in whose if parts]
    if not hass.is_running:
        names = [name for name in names if _HARMLESS_WHEN_STOPPED not in name]
    return [
        *(f"timer of {name}" for name in names),
        *(f"task of {name}" for name, file in tasks if _FOLDER in file.parents and file != _MAY_END_LATER),
    ]


def duplicate_listeners(hass: HomeAssistant) -> list[str]:
    """Return our listeners that are registered more than once; each should end with its entry."""
    on_bus = (job for jobs in hass.bus._listeners.values() for job, _ in jobs)
    dispatched = (target for targets in hass.data.get(DATA_DISPATCHER, {}).values() for target in targets)
    names = Counter(name for target in (*on_bus, *dispatched) if (name := _ours(target)))
    return [f"{count} listeners of {name}" for name, count in names.items() if count > 1]


def _parts(timer: asyncio.TimerHandle) -> Iterator[object]:
    inside: Any = timer
    yield inside._callback
    yield from inside._args or ()


def _ours(target: Any) -> str:
    """Return the name of the code of ours that a job, function or method runs; empty if it is not ours."""
    while True:
        if isinstance(target, HassJob):
            target = target.target
        elif isinstance(target, partial):
            target = target.func
        elif (whose := getattr(target, "__self__", None)) is not None and hasattr(whose, "function"):
            target = whose.function  # a debouncer
        else:
            break
    if isinstance(whose, Store) and whose.key.startswith(DOMAIN):
        return f"the store {whose.key}"
    module = type(whose).__module__ if whose is not None else getattr(target, "__module__", None) or ""
    return f"{module}.{getattr(target, '__qualname__', target)}" if module.startswith(_OURS) else ""


def _code_of(task: asyncio.Task[Any]) -> tuple[str, Path]:
    """Return the name and the file of a task's coroutine."""
    coroutine = task.get_coro()
    code = coroutine.cr_code if inspect.iscoroutine(coroutine) else None
    return (code.co_qualname, Path(code.co_filename)) if code else ("", Path())
