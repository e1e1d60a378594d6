"""Spoken replies about rooms and people, in the language of the user."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util, language as language_util

from ..booking import RefusedError
from ..const import DOMAIN
from ..feishu.models import SubjectKind
from ..finder import Found, async_now
from ..model.booking import Refusal
from ..model.options import WEEKDAYS
from ..model.schedule import DISABLED_WITHOUT_REASON, Block, Status, start_of_day
from ..model.search import Offer, Reason, Why
from ..refusals import Explanation, text_of_refusal
from .questions import RoomQuery
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
    for category in ("common", "selector", "exceptions"):
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

    # A room or a person at another time

    def status_at(self, subject: SpokenSubject, instant: datetime) -> str:
        """Return whether the subject is busy or free at an instant, and until when."""
        if (schedule := subject.schedule) is None:
            return self._unknown(subject)
        status = schedule.status(instant, timedelta())
        if status is None:
            return self._beyond(subject, self.at(instant), schedule.horizon)
        if status.disabled_reason:
            return self._say("later_out_of_service", name=subject.name, at=self.at(instant))
        if status.busy:
            return self._later("later_busy", subject.name, instant, status.busy_until)
        return self._later("later_free", subject.name, instant, status.next_busy)

    def status_during(self, subject: SpokenSubject, start: datetime, end: datetime) -> str:
        """Return when the subject is free within `[start, end)`."""
        if (schedule := subject.schedule) is None:
            return self._unknown(subject)
        known = min(end, schedule.horizon)
        gaps = schedule.free_within(start, end)
        is_free = gaps == (Block(start, known),)
        if start >= known or (is_free and known < end):
            return self._beyond(subject, self.span(start, end), schedule.horizon)
        if is_free:
            return self._free_span(subject.name, start, end)
        if not gaps:
            said = self._say("busy_span", name=subject.name, span=self.span(start, known))
        else:
            spans = self._list([self.span(gap.start, gap.end) for gap in gaps[:_MOST_NAMED]], "list_and")
            said = self._say("free_partly", name=subject.name, spans=spans)
        return said if known == end else self._join(said, self._say("known_until", time=self.time(known)))

    def _later(self, state: str, name: str, instant: datetime, end: datetime | None) -> str:
        at = self.at(instant)
        if end is None:
            return self._say(state, name=name, at=at)
        return self._say(f"{state}_until", name=name, at=at, time=self.time(end))

    def _beyond(self, subject: SpokenSubject, at: str, known: datetime) -> str:
        return self._join(
            self._say("not_known_yet", name=subject.name, at=at), self._say("known_until", time=self.time(known))
        )

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

    def no_such_time(self, said: str) -> str:
        """Return that this is no time."""
        return self._say("no_such_time", time=said)

    def which_room(self, rooms: Sequence[SpokenSubject]) -> str:
        """Return the question which of these rooms is meant, or which room at all."""
        if not 0 < len(rooms) <= _MOST_NAMED:
            return self._say("which_room")
        return self._say("which_of", names=self._list([room.name for room in rooms], "list_or"))

    def which_time(self) -> str:
        """Return the question from when until when."""
        return self._say("which_time")

    # What was done

    def booked(self, name: str, start: datetime, end: datetime) -> str:
        """Return that a room is booked."""
        return self._say("booked", name=name, span=self.span(start, end))

    def extended(self, name: str, end: datetime) -> str:
        """Return until when a meeting now lasts."""
        return self._say("extended", name=name, time=self.time(end))

    def lasts_anyway(self, name: str, end: datetime) -> str:
        """Return that a meeting lasts that long without an extension."""
        return self._say("lasts_anyway", name=name, time=self.time(end))

    def ended(self, name: str, start: datetime, end: datetime, *, is_confirmed: bool) -> str:
        """Return that a meeting has ended."""
        return self._say("ended" if is_confirmed else "ended_maybe", name=name, span=self.span(start, end))

    def refused(self, error: HomeAssistantError, name: str = "", explanation: Explanation | None = None) -> str:
        """Return why nothing was done in a room, and another room that is free if one is known."""
        if isinstance(error, Unauthorized):
            return self._say("not_allowed", name=name) if name else self._say("nothing_allowed")
        key, placeholders = str(error.translation_key), error.translation_placeholders or {}
        if explanation:
            key, placeholders = text_of_refusal(explanation)
        elif isinstance(error.__cause__, RefusedError):
            # The text of the error may name a room that is not exposed
            key, placeholders = f"refusal_{error.__cause__.refusal.value}", {}
        text = self._texts.get(f"component.{DOMAIN}.exceptions.{key}.message") or str(error)
        said = text.format(**placeholders)
        if name and "{room}" not in text:
            said = self._say("room_and_reason", name=name, reason=said)
        if explanation and explanation.other and explanation.wish and "other" not in placeholders:
            wish = explanation.wish
            answer = self._free_span(explanation.other.room.name, wish.start, wish.end)
            said = self._join(said, self._say("other_room", answer=answer))
        return said

    def past(self) -> str:
        """Return that a time is over."""
        return self._texts[f"component.{DOMAIN}.exceptions.refusal_{Refusal.PAST}.message"]

    def with_other_time(self, said: str, found: Found) -> str:
        """Return a refusal with the time at which the same room is free, if any is known."""
        alternatives = {alternative.reason: alternative for alternative in found.result.alternatives}
        for reason in (Reason.SHORTER_STAY, Reason.LATER_START):
            if alternative := alternatives.get(reason):
                name = found.rooms[alternative.offer.room_id].name
                return self._join(said, self._free_during(name, alternative.offer))
        return said

    def _free_span(self, name: str, start: datetime, end: datetime) -> str:
        return self._say("free_span", name=name, span=self.span(start, end))

    def _free_during(self, name: str, offer: Offer, until: datetime | None = None) -> str:
        """Return from when until when a room is free; with `until`, no longer than that."""
        end = min(filter(None, (offer.free_until, until)), default=None)
        if end:
            return self._free_span(name, offer.free_from, end)
        return self._say("free_from", name=name, time=self.time(offer.free_from))

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

    def found_later(self, found: Found, query: RoomQuery, *, unknown: int, only_best: bool) -> str:
        """Return the rooms that are free at another time or the best one; if there is none, the alternatives."""
        start = max(query.start or found.now, found.now)
        is_long = query.is_range or bool(query.duration)
        when = self.span(start, query.until) if query.until and is_long else self.at(start)
        if not (offers := found.result.offers):
            return self._nothing_found(found, unknown, when=when, start=start)
        if only_best or len(offers) == 1:
            best = self._best_later(found, query, offers[0])
            more = len(offers) - 1
            return self._say("and_more", answer=best, count=str(more)) if more else best
        items = [self._item_later(found, query, offer) for offer in offers[:_MOST_NAMED]]
        if more := len(offers) - len(items):
            items.append(self._say("more_rooms", count=str(more)))
        return self._say("free_rooms_later", when=when, rooms=self._list(items, "list_and"))

    def _best_later(self, found: Found, query: RoomQuery, offer: Offer) -> str:
        name = self._described(found, offer)
        if query.is_range:
            return self._free_during(name, offer, query.until)
        if query.duration:
            return self._free_span(name, offer.free_from, offer.free_from + query.duration)
        return self._later("later_free", name, offer.free_from, offer.free_until)

    def _item_later(self, found: Found, query: RoomQuery, offer: Offer) -> str:
        name = found.rooms[offer.room_id].name
        if query.is_range:
            end = min(filter(None, (offer.free_until, query.until)), default=None)
            return self._say("with_details", name=name, details=self.span(offer.free_from, end)) if end else name
        return name if query.duration else self._item(found, offer)

    def _item(self, found: Found, offer: Offer) -> str:
        name = found.rooms[offer.room_id].name
        return self._say("item_until", name=name, time=self.time(offer.free_until)) if offer.free_until else name

    def _described(self, found: Found, offer: Offer) -> str:
        info = found.rooms[offer.room_id].info
        seats = self._say("seats", count=str(info.room.capacity)) if info.room.capacity else ""
        details = [detail for detail in (info.floor or info.building, seats) if detail]
        name = found.rooms[offer.room_id].name
        return self._say("with_details", name=name, details=self._list(details, "list_more")) if details else name

    def _nothing_found(self, found: Found, unknown: int, *, when: str = "", start: datetime | None = None) -> str:
        """Return why no room is free, and the nearest alternatives. `when` and `start`: not now, but then."""
        why = found.result.why or Why.ALL_BUSY
        if when and why not in _NOTHING_FOUND:
            key = "outside_window" if why is Why.OUTSIDE_WINDOW else "none_free_later"
            said = self._say(key, when=when)
        else:
            said = self._say(_NOTHING_FOUND.get(why, "none_free"))
        alternatives = {alternative.reason: alternative.offer for alternative in found.result.alternatives}
        if offer := alternatives.get(Reason.LATER_START):
            later = self._say("free_from", name=self._described(found, offer), time=self.time(offer.free_from))
            said = self._join(said, later)
        for reason, key in _INSTEAD.items():
            if (offer := alternatives.get(reason)) and offer.free_from <= (start or found.now):
                name = self._described(found, offer)
                answer = self._free_during(name, offer) if start else self._until("free", name, offer.free_until)
                said = self._join(said, self._say(key, answer=answer))
                break
        if unknown and why is not Why.NOTHING_KNOWN:
            said = self._join(said, self._say("some_unknown", count=str(unknown)))
        return said

    # Times

    def time(self, instant: datetime) -> str:
        """Return a local time, with the day unless it is today."""
        if instant == start_of_day(self._now, dt_util.get_default_time_zone(), days=1):
            return self._say("midnight")
        local, days = self._local(instant)
        time = self._time_of_day(local)
        if days == 0:
            return time
        if days == 1:
            return self._say("tomorrow", time=time)
        return self._say("on_day", day=self._day(local, days), time=time)

    def at(self, instant: datetime) -> str:
        """Return a local time with its preposition, and with the day unless it is today."""
        if instant == start_of_day(self._now, dt_util.get_default_time_zone(), days=1):
            return self._say("at_midnight")
        local, days = self._local(instant)
        time = self._time_of_day(local)
        if days == 0:
            return self._say("at_time", time=time)
        if days == 1:
            return self._say("at_tomorrow", time=time)
        return self._say("at_day", day=self._day(local, days), time=time)

    def span(self, start: datetime, end: datetime) -> str:
        """Return a period in local time, with the day unless it is today."""
        (first, days), (last, _) = self._local(start), self._local(end)
        if days == 0 or first.date() != last.date():
            return self._say("span", start=self.time(start), end=self.time(end))
        span = self._say("span", start=self._time_of_day(first), end=self._time_of_day(last))
        if days == 1:
            return self._say("span_tomorrow", span=span)
        return self._say("span_on_day", day=self._day(first, days), span=span)

    def _local(self, instant: datetime) -> tuple[datetime, int]:
        """Return an instant in local time, and in how many days it is."""
        zone = dt_util.get_default_time_zone()
        local = instant.astimezone(zone)
        return local, (local.date() - self._now.astimezone(zone).date()).days

    def _day(self, local: datetime, days: int) -> str:
        """Return a day later than tomorrow."""
        if 0 < days < len(WEEKDAYS):
            return self._texts[f"component.{DOMAIN}.selector.weekday.options.{WEEKDAYS[local.weekday()]}"]
        return self._say("date", month=self._say(f"month_{local.month}"), day=str(local.day))

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

    def _join(self, first: str, second: str) -> str:
        return self._say("sentences", first=first, next=second)

    def _say(self, key: str, **placeholders: str) -> str:
        return self._texts[f"component.{DOMAIN}.common.{key}"].format(**placeholders)


def _busy(subject: SpokenSubject) -> str:
    """Return the key of the texts for busy: some languages have another word for a room than for a person."""
    return "busy" if subject.kind is SubjectKind.ROOM else "person_busy"
