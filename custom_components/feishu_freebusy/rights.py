"""Who asks for something, and to which entities they have a right."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .coordinator import FeishuConfigEntry
from .finder import main_entity_id
from .model.options import Options


class Caller(Protocol):
    """Who calls an action, speaks to an assistant, or uses it through a language model."""

    @property
    def hass(self) -> HomeAssistant:
        """Home Assistant."""

    @property
    def context(self) -> Context:
        """The context of the call. Without a user, an automation has called."""


@dataclass(frozen=True, slots=True)
class CallerOf:
    """A caller, made of its parts."""

    hass: HomeAssistant
    context: Context


async def restricted_user(caller: Caller) -> User | None:
    """Return the user; None for an automation or an administrator, who have every right."""
    if caller.context.user_id is None:
        return None
    if (user := await caller.hass.auth.async_get_user(caller.context.user_id)) is None:
        raise UnknownUser(context=caller.context)
    return None if user.is_admin else user


async def may_act_as_person(caller: Caller, options: Options) -> bool:
    """Return whether the caller may act in the name of the linked person: who an administrator has chosen may.

    Automations, which have no user, and administrators may, too.
    """
    user = await restricted_user(caller)
    return user is None or user.id in options.person_users


def unauthorized(caller: Caller, entity_id: str | None, permission: str = POLICY_READ) -> Unauthorized:
    """Return the exception for a caller who lacks a right to an entity."""
    context = caller.context
    return Unauthorized(context=context, user_id=context.user_id, entity_id=entity_id, permission=permission)


def registered_main_entity(hass: HomeAssistant, entry: FeishuConfigEntry, subject_id: str) -> str | None:
    """Return the id of the main entity of a subject, enabled or not."""
    unique_id = f"{entry.unique_id}_{subject_id}_busy"
    return er.async_get(hass).async_get_entity_id(Platform.BINARY_SENSOR, DOMAIN, unique_id)


async def permitted_rooms(
    caller: Caller, entries: Iterable[FeishuConfigEntry], policy: str = POLICY_READ
) -> set[str] | None:
    """Return the ids of the rooms to whose entities the caller has a right, None for all."""
    if (user := await restricted_user(caller)) is None:
        return None
    has_right = user.permissions.check_entity
    rooms = ((entry, room_id) for entry in entries for room_id in entry.runtime_data.subjects.room_ids)
    main = ((room_id, main_entity_id(caller.hass, entry, room_id)) for entry, room_id in rooms)
    return {room_id for room_id, entity_id in main if entity_id and has_right(entity_id, policy)}
