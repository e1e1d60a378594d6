"""Rooms and polling of an entry, changed in place."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util import dt as dt_util

from .api import FLOW_DEADLINE, async_create_client
from .const import (
    CONF_COUNT_PENDING_AS_BUSY,
    CONF_HORIZON_DAYS,
    CONF_INCLUDE_EXTERNAL_CALENDAR,
    CONF_MIN_FREE_MINUTES,
    CONF_MONTHLY_BUDGET,
    CONF_PLAN,
    CONF_ROOMS,
    CONF_SCAN_INTERVAL,
)
from .feishu import FeishuClient
from .options import Options, Plan
from .polling import month_bounds, poll_interval
from .room_steps import RoomSteps

if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol


_MINUTES_FROM = 120  # seconds; fewer are said in seconds


def _number(minimum: int, maximum: int, unit: str | None = None, step: int = 1) -> NumberSelector:
    config = NumberSelectorConfig(min=minimum, max=maximum, step=step, mode=NumberSelectorMode.BOX)
    return NumberSelector({**config, "unit_of_measurement": unit} if unit else config)


_POLLING_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_PLAN): SelectSelector(
            SelectSelectorConfig(
                options=[plan.value for plan in Plan], translation_key=CONF_PLAN, mode=SelectSelectorMode.LIST
            )
        ),
        vol.Required(CONF_MONTHLY_BUDGET): vol.All(_number(1_000, 1_000_000), vol.Coerce(int)),
        vol.Required(CONF_SCAN_INTERVAL): vol.All(_number(30, 3_600, "s"), vol.Coerce(int)),
        vol.Required(CONF_HORIZON_DAYS): vol.All(_number(2, 60, "d"), vol.Coerce(int)),
        vol.Required(CONF_MIN_FREE_MINUTES): vol.All(_number(0, 240, "min"), vol.Coerce(int)),
        vol.Required(CONF_COUNT_PENDING_AS_BUSY): BooleanSelector(),
        vol.Required(CONF_INCLUDE_EXTERNAL_CALENDAR): BooleanSelector(),
    }
)


class FeishuOptionsFlow(RoomSteps, OptionsFlow):
    """Changes what is read, and how."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Offer what can be changed."""
        return self.async_show_menu(step_id="init", menu_options=["rooms", "polling"])

    async def async_step_polling(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how often Feishu may be called, and what counts as busy."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, **user_input})
        options = Options.of(self.config_entry.options)
        shown = {
            CONF_PLAN: options.plan.value,
            CONF_MONTHLY_BUDGET: options.monthly_budget,
            CONF_SCAN_INTERVAL: int(options.scan_interval.total_seconds()),
            CONF_HORIZON_DAYS: options.horizon.days,
            CONF_MIN_FREE_MINUTES: int(options.min_free.total_seconds() // 60),
            CONF_COUNT_PENDING_AS_BUSY: options.count_pending_as_busy,
            CONF_INCLUDE_EXTERNAL_CALENDAR: options.include_external_calendar,
        }
        return self.async_show_form(
            step_id="polling",
            data_schema=self.add_suggested_values_to_schema(_POLLING_SCHEMA, shown),
            description_placeholders={
                "count": str(len(options.rooms)),
                "interval": interval_text(options),
            },
        )

    @override
    def _client(self) -> FeishuClient:
        return async_create_client(self.hass, **self.config_entry.data, deadline=FLOW_DEADLINE)

    @override
    def _rooms_before(self) -> Mapping[str, str]:
        return Options.of(self.config_entry.options).rooms

    @override
    async def _rooms_done(self, rooms: dict[str, str]) -> ConfigFlowResult:
        return self.async_create_entry(data={**self.config_entry.options, CONF_ROOMS: rooms})


def interval_text(options: Options) -> str:
    """Say how often the rooms are read on a whole month's budget; with unit signs, which need no language."""
    start, end = month_bounds(dt_util.utcnow(), dt_util.get_default_time_zone())
    interval = poll_interval(
        options.scan_interval,
        calls_per_cycle=len(options.rooms),
        budget=options.budget,
        used=0,
        left_of_month=end - start,
    )
    seconds = round(interval.total_seconds())
    return f"{round(seconds / 60)} min" if seconds >= _MINUTES_FROM else f"{seconds} s"
