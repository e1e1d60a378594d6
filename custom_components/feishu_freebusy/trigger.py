"""Triggers of automations: a room becomes busy, free or available, a booking comes near or changes, nobody comes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast, override

from homeassistant.const import (
    ATTR_ENTITY_ID,
    CONF_BEFORE,
    CONF_FOR,
    CONF_OPTIONS,
    CONF_TARGET,
    STATE_OFF,
    STATE_ON,
    Platform,
)
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, State, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.trigger import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_EACH,
    BEHAVIOR_FIRST,
    ENTITY_STATE_TRIGGER_SCHEMA,
    EntityTransitionTriggerBase,
    EntityTriggerBase,
    NotTriggeredReasonReporter,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from ._vol import vol
from .const import CONF_DURATION, EVENT_NO_SHOW
from .coordinator import FreeBusyCoordinator
from .model.changes import Change, ChangeKind
from .model.schedule import Block
from .model.soon import Edge
from .model.use import Use, UseSpan
from .no_shows import WILL_BE_RELEASED
from .soon import SoonFollower
from .targets import SubjectTracker, main_entities, stays_free


class _StateTrigger(EntityTriggerBase):
    """Watches the main entities of rooms and people.

    Home Assistant itself makes sure that it never fires from or to *unavailable*.
    """

    _domain_specs: Mapping[str, DomainSpec] = {Platform.BINARY_SENSOR: DomainSpec()}

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return those of the targeted entities that this trigger watches."""
        return main_entities(self._hass, entities)

    @override
    def _should_include(self, state: State) -> bool:
        """Count unavailable rooms, too: not all rooms are free if the state of one is not known."""
        return True


class BecameBusyTrigger(_StateTrigger, EntityTransitionTriggerBase):
    """A room becomes busy."""

    _from_states: set[str | bool] = {STATE_OFF}  # noqa: RUF012  # as in the base class
    _to_states: set[str | bool] = {STATE_ON}  # noqa: RUF012  # as in the base class


class BecameFreeTrigger(_StateTrigger, EntityTransitionTriggerBase):
    """A room becomes free."""

    _from_states: set[str | bool] = {STATE_ON}  # noqa: RUF012  # as in the base class
    _to_states: set[str | bool] = {STATE_OFF}  # noqa: RUF012  # as in the base class


class BecameAvailableTrigger(_StateTrigger):
    """A room is now free for at least a duration: it became free, or its next booking was canceled or moved."""

    _schema: vol.Schema = ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {
            vol.Required(CONF_OPTIONS): {
                vol.Required(ATTR_BEHAVIOR, default=BEHAVIOR_EACH): vol.In(
                    [BEHAVIOR_FIRST, BEHAVIOR_ALL, BEHAVIOR_EACH]
                ),
                vol.Required(CONF_DURATION): cv.positive_time_period,
            }
        }
    )

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Return whether the room is free for long enough."""
        return stays_free(self._hass, state, self._options[CONF_DURATION])

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Return whether it was not, a moment ago."""
        return not stays_free(self._hass, from_state, self._options[CONF_DURATION])


class _SubjectTrigger(Trigger):
    """Watches the bookings of rooms and people."""

    _schema: ClassVar[vol.Schema] = ENTITY_STATE_TRIGGER_SCHEMA

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Return the target and the options, checked."""
        return cast("ConfigType", cls._schema(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """The configuration has been validated."""
        super().__init__(hass, config)
        self._target: dict[str, Any] = config.target or {}
        self._options: dict[str, Any] = config.options or {}


class SoonTrigger(_SubjectTrigger):
    """A booking starts soon or ends soon. Back-to-back bookings are several bookings here."""

    _edge: ClassVar[Edge]
    _schema: ClassVar[vol.Schema] = vol.Schema(
        {
            vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
            vol.Required(CONF_OPTIONS): {vol.Required(CONF_BEFORE): cv.positive_time_period},
        }
    )

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Run the action for each booking that comes near."""
        before: timedelta = self._options[CONF_BEFORE]

        @callback
        def fire(entity_id: str, booking: Block) -> None:
            times = {"start": _local(booking.start), "end": _local(booking.end)}
            run_action(
                {ATTR_ENTITY_ID: entity_id, **times, CONF_BEFORE: before},
                f"{self._edge} of a booking of {entity_id}",
            )

        follower = SoonFollower(self._hass, self._edge, before, fire)
        return await SubjectTracker(self._hass, self._target, follower.attach).async_setup()


class StartsSoonTrigger(SoonTrigger):
    """A booking starts soon."""

    _edge = Edge.START


class EndsSoonTrigger(SoonTrigger):
    """A booking ends soon."""

    _edge = Edge.END


class ChangeTrigger(_SubjectTrigger):
    """A booking has changed at Feishu."""

    _kind: ClassVar[ChangeKind]

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Run the action for each change of this kind."""

        def attach(entity_id: str, coordinator: FreeBusyCoordinator, subject_id: str) -> CALLBACK_TYPE:
            @callback
            def on_change(change: Change) -> None:
                if change.kind is self._kind:
                    run_action({ATTR_ENTITY_ID: entity_id, **_times_of(change)}, f"booking of {entity_id} {self._kind}")

            return coordinator.notifier.async_listen_bookings(subject_id, on_change)

        return await SubjectTracker(self._hass, self._target, attach).async_setup()


class UseTrigger(_SubjectTrigger):
    """The use of a room changes, as its bookings and its occupancy sensors say."""

    _use: ClassVar[Use]

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Run the action each time the use begins and lasts. What is found after an outage counts as no change."""
        lasting: timedelta = self._options.get(CONF_FOR, timedelta())

        def attach(entity_id: str, coordinator: FreeBusyCoordinator, subject_id: str) -> CALLBACK_TYPE:
            unsub_timer: CALLBACK_TYPE | None = None

            @callback
            def stop_timer() -> None:
                nonlocal unsub_timer
                if unsub_timer:
                    unsub_timer()
                unsub_timer = None

            @callback
            def on_use(_room_id: str, ended: UseSpan, begun: UseSpan) -> None:
                nonlocal unsub_timer
                stop_timer()
                if begun.use is not self._use or ended.use is None:
                    return
                booking = begun.booking
                times = {"start": _local(booking.start), "end": _local(booking.end)} if booking else {}

                @callback
                def fire(_now: datetime | None = None) -> None:
                    nonlocal unsub_timer
                    unsub_timer = None
                    run_action({ATTR_ENTITY_ID: entity_id, **times}, f"{self._use} of {entity_id}")

                if lasting:
                    unsub_timer = async_call_later(self._hass, lasting, HassJob(fire, cancel_on_shutdown=True))
                else:
                    fire()

            unsub = coordinator.presence.async_listen(subject_id, on_use)

            @callback
            def detach() -> None:
                unsub()
                stop_timer()

            return detach

        return await SubjectTracker(self._hass, self._target, attach).async_setup()


class NoShowTrigger(UseTrigger):
    """Nobody has come to a booking."""

    _use = Use.NO_SHOW


class AdHocUseTrigger(UseTrigger):
    """A room is used that is not booked."""

    _use = Use.AD_HOC
    _schema: ClassVar[vol.Schema] = vol.Schema(
        {
            vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
            vol.Required(CONF_OPTIONS): {vol.Required(CONF_FOR): cv.positive_time_period},
        }
    )


class ReleaseSoonTrigger(_SubjectTrigger):
    """A room to which nobody came will be released soon."""

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Run the action for each announcement."""

        def attach(entity_id: str, _coordinator: FreeBusyCoordinator, _subject_id: str) -> CALLBACK_TYPE:
            @callback
            def on_event(event: Event[dict[str, Any]]) -> None:
                data = event.data
                if (data.get("action"), data.get(ATTR_ENTITY_ID)) == (WILL_BE_RELEASED, entity_id):
                    times = {edge: dt_util.parse_datetime(data[edge]) for edge in ("start", "end")}
                    run_action({ATTR_ENTITY_ID: entity_id, **times}, f"release of {entity_id}")

            return self._hass.bus.async_listen(EVENT_NO_SHOW, on_event)

        return await SubjectTracker(self._hass, self._target, attach).async_setup()


def _times_of(change: Change) -> dict[str, datetime | None]:
    return {
        "start": _local(change.start),
        "end": _local(change.end),
        "previous_start": _local(change.previous_start),
        "previous_end": _local(change.previous_end),
    }


def _local(instant: datetime | None) -> datetime | None:
    return dt_util.as_local(instant) if instant else None


def _change_trigger(kind: ChangeKind) -> type[Trigger]:
    return type("ChangeTrigger", (ChangeTrigger,), {"_kind": kind})


TRIGGERS: dict[str, type[Trigger]] = {
    "became_busy": BecameBusyTrigger,
    "became_free": BecameFreeTrigger,
    "became_available": BecameAvailableTrigger,
    "booking_starts_soon": StartsSoonTrigger,
    "booking_ends_soon": EndsSoonTrigger,
    **{f"booking_{kind}": _change_trigger(kind) for kind in ChangeKind},
    "no_show": NoShowTrigger,
    "ad_hoc_use": AdHocUseTrigger,
    "will_be_released": ReleaseSoonTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:  # noqa: ARG001  # HA's signature
    """Return the triggers by their keys."""
    return TRIGGERS
