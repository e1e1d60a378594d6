"""Spoken replies about rooms and people, in the language of the user."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util, language as language_util

from ..const import DOMAIN
from ..feishu.models import SubjectKind
from ..finder import Found, async_now
from ..model.options import WEEKDAYS
from ..model.schedule import DISABLED_WITHOUT_REASON, Status, start_of_day
from ..model.search import Offer, Reason, Why
from .subjects import SpokenSubject

_LANGUAGES = ("en", "zh-Hans")
# Countries whose English speakers use AM and PM
_TWELVE_HOURS = frozenset({"AU", "BD", "CA", "HK", "IN", "MY", "NZ", "PH", "PK", "SG", "US"})
_NOON = 12
_MOST_NAMED = 5  # rooms or places in one reply
_INSTEAD = {Reason.SHORTER_STAY: "shorter", Reason.FEWER_SEATS: "smaller", Reason.OTHER_PLACE: "elsewhere"}
_NOTHING_FOUND = {
    Why.NONE_THAT_LARGE: "none_that_large",
    Why.NOTHING_KNOWN: "nothing_known",
    Why.ALL_DISABLED: "all_disabled",
}


async def async_phrases(hass: HomeAssistant, language: str) -> Phrases:
    """Return the phrases in a language, in English if it has no translation."""
    ours = next(iter(language_util.matches(language, _LANGUAGES, country=hass.config.country)), _LANGUAGES[0])
    texts: dict[str, str] = {}
    for category in ("common", "selector"):
        texts |= await async_get_translations(hass, ours, category, [DOMAIN])
    region = language_util.Dialect.parse(language).region or hass.config.country
    return Phrases(texts, async_now(hass), with_am_pm=ours == "en" and region in _TWELVE_HOURS)


class Phrases:
    """Makes the sentences of one reply in one language."""

    def __init__(self, texts: Mapping[str, str], now: datetime, *, with_am_pm: bool) -> None:
        """`texts` are the translations of the integration, by full key. `now` is when the question was asked."""
        self._texts = texts
        self._now = now
        self._with_am_pm = with_am_pm

    # A room or a person

    def status(self, subject: SpokenSubject) -> str:
        """Return whether the subject is busy or free, and until when."""
        if (snapshot := subject.snapshot) is None:
            return self._unknown(subject)
        status = snapshot.status
        if status.disabled_reason:
            return self._out_of_service(subject, status)
        if status.busy:
            return self._until(_busy(subject), subject.name, status.busy_until)
        return self._until("free", subject.name, status.next_busy)

    def next_free(self, subject: SpokenSubject) -> str:
        """Return when the subject is next free for a useful gap."""
        if (snapshot := subject.snapshot) is None:
            return self._unknown(subject)
        status = snapshot.status
        if status.available_now or status.disabled_reason:
            return self.status(subject)
        if not status.next_free:
            return self._until(_busy(subject), subject.name, None) if status.busy else self.status(subject)
        if status.busy or not status.next_busy:
            return self._say("free_from", name=subject.name, time=self.time(status.next_free))
        return self._say(
            "free_briefly", name=subject.name, until=self.time(status.next_busy), time=self.time(status.next_free)
        )

    def _until(self, state: str, name: str, end: datetime | None) -> str:
        return self._say(f"{state}_until", name=name, time=self.time(end)) if end else self._say(state, name=name)

    def _out_of_service(self, subject: SpokenSubject, status: Status) -> str:
        said = self._until("out_of_service", subject.name, status.busy_until)
        if status.disabled_reason == DISABLED_WITHOUT_REASON:
            return said
        return self._say("with_reason", answer=said, reason=str(status.disabled_reason))

    def _unknown(self, subject: SpokenSubject) -> str:
        return self._say("unreadable" if subject.is_reachable else "unreachable", name=subject.name)

    # Names

    def no_such_name(self, said: str, similar: Sequence[SpokenSubject]) -> str:
        """Return that nothing has this name, with similar names."""
        if not similar:
            return self._say("no_such_name", name=said)
        names = self._list([subject.name for subject in similar], "list_or")
        return self._say("no_such_name_but_similar", name=said, names=names)

    def several(self, said: str, subjects: Sequence[SpokenSubject]) -> str:
        """Return that several have this name, and where they are."""
        floors = [subject.info.floor if subject.info else "" for subject in subjects]
        for places in (floors, [subject.place for subject in subjects]):
            if all(places) and len(set(places)) == len(subjects):
                return self._say("several_in_places", name=said, places=self._list(sorted(places), "list_and"))
        names = [subject.name for subject in subjects]
        return self._say("several", name=said, names=self._list(names, "list_or"))

    def nothing_exposed(self) -> str:
        """Return that no room or person is exposed."""
        return self._say("nothing_exposed")

    def no_such_place(self, said: str, rooms: Sequence[SpokenSubject]) -> str:
        """Return that no room is at this place, with the places that have rooms."""
        places = sorted({room.place or room.area for room in rooms} - {""})
        if not 0 < len(places) <= _MOST_NAMED:
            return self._say("no_such_place", place=said)
        return self._say("no_such_place_but", place=said, places=self._list(places, "list_and"))

    def only_now(self) -> str:
        """Return that only the present can be asked for."""
        return self._say("only_now")

    # A search

    def found(self, found: Found, *, unknown: int, only_best: bool) -> str:
        """Return the free rooms or the best one; if there is none, the nearest alternatives and the `unknown` count."""
        offers = found.result.offers
        if not offers:
            return self._nothing_found(found, unknown)
        if only_best or len(offers) == 1:
            best = self._until("free", self._described(found, offers[0]), offers[0].free_until)
            more = len(offers) - 1
            return self._say("and_more", answer=best, count=str(more)) if more else best
        items = [self._item(found, offer) for offer in offers[:_MOST_NAMED]]
        if more := len(offers) - len(items):
            items.append(self._say("more_rooms", count=str(more)))
        return self._say("free_rooms", rooms=self._list(items, "list_and"))

    def _item(self, found: Found, offer: Offer) -> str:
        name = found.rooms[offer.room_id].name
        return self._say("item_until", name=name, time=self.time(offer.free_until)) if offer.free_until else name

    def _described(self, found: Found, offer: Offer) -> str:
        info = found.rooms[offer.room_id].info
        seats = self._say("seats", count=str(info.room.capacity)) if info.room.capacity else ""
        details = [detail for detail in (info.floor or info.building, seats) if detail]
        name = found.rooms[offer.room_id].name
        return self._say("with_details", name=name, details=self._list(details, "list_more")) if details else name

    def _nothing_found(self, found: Found, unknown: int) -> str:
        why = found.result.why or Why.ALL_BUSY
        said = self._say(_NOTHING_FOUND.get(why, "none_free"))
        alternatives = {alternative.reason: alternative.offer for alternative in found.result.alternatives}
        if offer := alternatives.get(Reason.LATER_START):
            later = self._say("free_from", name=self._described(found, offer), time=self.time(offer.free_from))
            said = self._say("sentences", first=said, next=later)
        for reason, key in _INSTEAD.items():
            if (offer := alternatives.get(reason)) and offer.free_from <= found.now:
                answer = self._until("free", self._described(found, offer), offer.free_until)
                said = self._say("sentences", first=said, next=self._say(key, answer=answer))
                break
        if unknown and why is not Why.NOTHING_KNOWN:
            said = self._say("sentences", first=said, next=self._say("some_unknown", count=str(unknown)))
        return said

    # Times

    def time(self, instant: datetime) -> str:
        """Return a local time, with the day unless it is today."""
        zone = dt_util.get_default_time_zone()
        now = self._now
        if instant == start_of_day(now, zone, days=1):
            return self._say("midnight")
        local = instant.astimezone(zone)
        days = (local.date() - now.astimezone(zone).date()).days
        time = self._time_of_day(local)
        if days == 0:
            return time
        if days == 1:
            return self._say("tomorrow", time=time)
        if 0 < days < len(WEEKDAYS):
            day = self._texts[f"component.{DOMAIN}.selector.weekday.options.{WEEKDAYS[local.weekday()]}"]
        else:
            day = self._say("date", month=self._say(f"month_{local.month}"), day=str(local.day))
        return self._say("on_day", day=day, time=time)

    def _time_of_day(self, local: datetime) -> str:
        if not self._with_am_pm:
            return f"{local.hour}:{local:%M}"
        return f"{local.hour % _NOON or _NOON}:{local:%M} {'AM' if local.hour < _NOON else 'PM'}"

    # Words

    def _list(self, items: Sequence[str], last: str) -> str:
        *others, final = items
        if not others:
            return final
        said, *rest = others
        for item in rest:
            said = self._say("list_more", first=said, next=item)
        return self._say(last, first=said, next=final)

    def _say(self, key: str, **placeholders: str) -> str:
        return self._texts[f"component.{DOMAIN}.common.{key}"].format(**placeholders)


def _busy(subject: SpokenSubject) -> str:
    """Return the key of the texts for busy: some languages have another word for a room than for a person."""
    return "busy" if subject.kind is SubjectKind.ROOM else "person_busy"
