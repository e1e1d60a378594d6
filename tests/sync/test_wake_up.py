"""The one timer of an entry."""

from datetime import UTC, timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import get_scheduled_timer_handles

from custom_components.feishu_freebusy.model.moment import LoopSeconds, Moment
from custom_components.feishu_freebusy.sync.wake_up import WakeUp
from tests.conftest import at


def timers(hass: HomeAssistant) -> int:
    """Return how many timers run."""
    return sum(not timer.cancelled() for timer in get_scheduled_timer_handles(hass.loop))


async def test_no_timer_is_left_after_stop(hass: HomeAssistant) -> None:
    moment = Moment(at(10), LoopSeconds(hass.loop.time()), UTC)
    before = timers(hass)
    wake_up = WakeUp(hass, "office", lambda: None, moment)
    wake_up.arm(at(10) + timedelta(seconds=30), moment.now)
    assert timers(hass) == before + 1

    wake_up.stop()
    assert timers(hass) == before

    wake_up.arm(None, moment.now)
    assert timers(hass) == before


async def test_another_instant_replaces_the_timer(hass: HomeAssistant) -> None:
    moment = Moment(at(10), LoopSeconds(hass.loop.time()), UTC)
    before = timers(hass)
    wake_up = WakeUp(hass, "office", lambda: None, moment)

    wake_up.arm(None, moment.now)
    wake_up.arm(at(10) + timedelta(seconds=30), moment.now)

    assert timers(hass) == before + 1
    wake_up.stop()
