"""The people whose primary calendars are read: times only, ever."""

from dataclasses import dataclass

from .feishu.models import UserIdType

_PREFIXES = {"ou_": UserIdType.OPEN_ID, "on_": UserIdType.UNION_ID}


@dataclass(frozen=True, slots=True)
class PersonInfo:
    """A person as shown: by the name that was entered for the id."""

    person_id: str
    device_name: str


def user_id_type_of(person_id: str) -> UserIdType:
    """Return which kind of id it is: those of an app and of a developer say so themselves, others are the tenant's."""
    return next((kind for prefix, kind in _PREFIXES.items() if person_id.startswith(prefix)), UserIdType.USER_ID)
