"""Private methods of aiohttp and Home Assistant that are overridden: one line says when a release changes them."""

from collections.abc import Iterator
from importlib import import_module
import inspect
import pkgutil
from types import ModuleType
from typing import override

import aiohttp
from aiohttp import web
from aiohttp.client_proto import ResponseHandler
from homeassistant.components.calendar import CalendarEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
import pytest

from custom_components import feishu_freebusy

# Not private in the sense of this test: Home Assistant documents that integrations override them
DOCUMENTED = {"_async_update_data", "_async_refresh_finished", "_handle_coordinator_update"}


def modules() -> Iterator[ModuleType]:
    """Import all modules of the integration."""
    for module in pkgutil.walk_packages(feishu_freebusy.__path__, f"{feishu_freebusy.__name__}."):
        try:
            yield import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name != "homeassistant.components.llm":  # only in releases that have tools
                raise


def overridden(kind: type) -> Iterator[str]:
    """Yield the private methods of aiohttp and Home Assistant that a class overrides."""
    theirs = [base for base in kind.__mro__ if base.__module__.startswith(("aiohttp.", "homeassistant."))]
    for name, value in vars(kind).items():
        is_private = name.startswith("_") and not name.startswith("__") and inspect.isfunction(value)
        if is_private and any(inspect.isfunction(vars(base).get(name)) for base in theirs):
            yield name


def test_no_other_private_method_is_overridden() -> None:
    found = {
        (kind.__name__, name)
        for module in modules()
        for kind in vars(module).values()
        if inspect.isclass(kind) and kind.__module__ == module.__name__
        for name in overridden(kind)
        if name not in DOCUMENTED
    }

    # test_trigger.py and test_condition.py fail if Home Assistant no longer calls those of the triggers and conditions
    of_automations = {
        ("SubjectTracker", "_handle_entities_update"),
        ("SubjectTracker", "_unsubscribe"),
        ("_Condition", "_check_all_match_state"),
        ("_Condition", "_should_include"),
        ("_StateTrigger", "_should_include"),
    }
    assert found == of_automations | {
        ("SubjectCalendar", "_async_write_ha_state"),
        ("SubjectEntity", "_async_write_ha_state"),
    }


def test_calendars_keep_their_alarms_where_ours_cancels_them() -> None:
    assert CalendarEntity._alarm_unsubs is None, "CalendarEntity._alarm_unsubs has changed: see calendar.py"


async def test_home_assistant_writes_states_by_the_method_that_entity_overrides(hass: HomeAssistant) -> None:
    written = []

    class Probe(Entity):
        entity_id = "sensor.probe"

        @override
        def _async_write_ha_state(self) -> None:
            written.append(self.entity_id)

    probe = Probe()
    probe.hass = hass
    for write in (probe.async_write_ha_state, probe.async_schedule_update_ha_state):
        written.clear()
        write()
        await hass.async_block_till_done()
        assert written, f"Entity.{write.__name__} no longer calls _async_write_ha_state: see entity.py"
    parameters = [*inspect.signature(Entity._async_write_ha_state).parameters]
    assert parameters == ["self"], f"Entity._async_write_ha_state now takes {parameters}: see entity.py"


async def test_aiohttp_sends_requests_by_the_method_that_the_session_overrides(socket_enabled: None) -> None:
    sent = []

    class Probe(aiohttp.ClientRequest):
        @override
        async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
            sent.append(conn.protocol)
            return await super().send(conn)

    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response()

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with aiohttp.ClientSession(request_class=Probe) as session, session.get(site.name) as response:
            assert response.status == web.HTTPOk.status_code
    except TypeError as error:
        pytest.fail(f"aiohttp calls ClientRequest.send in another way ({error}): see feishu/session.py")
    finally:
        await runner.cleanup()

    assert sent, "aiohttp no longer sends requests by ClientRequest.send: see feishu/session.py"
    assert isinstance(sent[0], ResponseHandler), "aiohttp passes another connection to send: see feishu/session.py"
    has_flag = isinstance(inspect.getattr_static(ResponseHandler, "should_close", None), property)
    assert has_flag, "ResponseHandler.should_close no longer tells of unread bytes: see feishu/session.py"
