"""In whose name rooms are booked: that of the app, or that of the linked person."""

from datetime import datetime, timedelta

from ..const import CONF_PERSON
from ..coordinator import FreeBusyCoordinator
from ..feishu.errors import CalendarUnusableError, EndpointRetiredError, FeishuError, RequestError
from ..feishu.events import Events
from ..feishu.limits import Payer, paid_by
from ..model.booking import ROOMS_OF_PERSON_LAST, Identity
from .rooms import Rooms

_WORD_FOR_PRIMARY = "primary"


class Organizers:
    """The app and the linked person: their calendars, and the rooms that the person may book.

    Another person may be linked at any time, so what is remembered belongs to an open_id.
    """

    def __init__(self, coordinator: FreeBusyCoordinator, rooms: Rooms) -> None:
        self._coordinator = coordinator
        self._rooms = rooms
        self._calendars: dict[str, str] = {}  # by open_id, empty for the app
        self._bookable: tuple[str, datetime, frozenset[str] | None] | None = None

    @property
    def can_be_person(self) -> bool:
        """Return whether a person is linked, and the last refresh of their token did not fail."""
        grant = self._coordinator.grant
        return grant.is_linked and grant.problem is None

    @property
    def _person(self) -> str:
        person: dict[str, str] = self._coordinator.config_entry.data.get(CONF_PERSON) or {}
        return person.get("open_id", "")

    def events(self, identity: Identity) -> Events:
        """Return the calls that are made in the name of an identity."""
        client = self._coordinator.person_client if identity is Identity.PERSON else self._coordinator.client
        return client.events

    async def calendar(self, identity: Identity, chosen: str) -> str:
        """Return the calendar of the bookings: the primary one, or for the app the `chosen` one.

        The word for the primary calendar of the app serves if its id can't be read. Raises `FeishuError`.
        """
        if identity is Identity.PERSON:
            return await self._primary(self._person, identity)
        if chosen:
            return chosen
        try:
            return await self._primary("", identity)
        except CalendarUnusableError, EndpointRetiredError, RequestError:
            return _WORD_FOR_PRIMARY

    async def _primary(self, owner: str, identity: Identity) -> str:
        if owner not in self._calendars:
            self._calendars[owner] = await self.events(identity).primary_calendar()
        return self._calendars[owner]

    def forget_calendars(self) -> None:
        """Read the ids of the primary calendars again: one was refused."""
        self._calendars.clear()

    async def rooms_of_person(self) -> frozenset[str] | None:
        """Return the ids of the rooms that the person may book, None if they can't be read. Never raises."""
        now, person = self._rooms.now(), self._person
        if self._bookable:
            owner, read_at, known = self._bookable
            if owner == person and timedelta() <= now - read_at < ROOMS_OF_PERSON_LAST:
                return known
        known = None
        self._rooms.pay(1)
        try:
            with paid_by(Payer.BOOKINGS):
                known = await self._coordinator.person_client.bookable_rooms()
        except FeishuError:
            pass  # a permission may be missing: Feishu says in its reply whether the room can be booked
        self._bookable = (person, now, known)
        return known
