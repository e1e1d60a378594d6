/** What a card shows of a room as texts and fractions, without markup. */

import type { Texts } from "../texts";
import type { Formats } from "./formats";
import { overlap, type Room } from "./room";
import { type Circumstances, edgeOf, type Status, statusOf } from "./status";
import { type Day, type Timeline, timelineOf } from "./timeline";
import { HOUR, MINUTE } from "./zone";

/** How many bookings are shown after the next one. */
const LATER = 2;
/** How often the now-line moves on a card that must not change every minute. */
export const STEADY_STEP = 15 * MINUTE;
/** A countdown is shown only below this. */
const COUNTDOWN = 24 * HOUR;

/** Input that is the same for all rooms of a card at one moment. */
export interface Moment extends Circumstances {
  readonly day: Day;
  /** Nothing may change every minute: e-paper flashes on each change. */
  readonly steady: boolean;
  readonly texts: Texts;
  readonly formats: Formats;
}

export interface RoomView {
  readonly id: string;
  readonly name: string;
  readonly place: string;
  readonly seats: string;
  readonly status: Status;
  readonly word: string;
  /** When the state ends, "" if not known. */
  readonly until: string;
  readonly left: string;
  /** That the state ends soon, or "". */
  readonly hint: string;
  /** The next booking, "" if it adds nothing. */
  readonly next: string;
  /** The bookings after the next one, today and tomorrow. */
  readonly later: readonly string[];
  readonly nextFree: string;
  /** Why the room is out of use, or why its state is not known. */
  readonly note: string;
  readonly pending: string;
  readonly timeline: Timeline | null;
  /** Today's bookings. */
  readonly bookings: string;
  /** The state as one phrase, for screen readers. */
  readonly phrase: string;
}

/** Return what a card shows of a room. */
export function viewOf(room: Room, moment: Moment): RoomView {
  const { now, texts, formats } = moment;
  const status = statusOf(room, moment);
  const isKnown = status.kind !== "unknown";
  const word = texts.words[status.kind];
  const until = untilOf(status, moment);
  const note = noteOf(room, status, moment);
  return {
    id: room.id,
    name: room.name,
    place: room.place,
    seats: room.seats === null ? "" : texts.seats(room.seats),
    status,
    word,
    until,
    left: leftOf(status, moment),
    hint: !status.soon ? "" : status.kind === "free" ? texts.startingSoon : texts.endingSoon,
    next: isKnown ? nextOf(status, moment) : "",
    later: laterOf(room, status, moment),
    nextFree: status.nextFree === null ? "" : formats.start(status.nextFree, now),
    note,
    pending: isKnown && room.pending ? texts.pending(room.pending) : "",
    timeline: isKnown ? timelineOf(room, moment.day, moment.steady ? now - (now % STEADY_STEP) : now) : null,
    bookings: isKnown ? bookingsOf(room, moment) : "",
    phrase: texts.sentence(...[word, until, note].filter(Boolean)),
  };
}

/** Return until when a state lasts, "" if the state is not known. */
export function untilOf({ kind, until }: Status, { now, texts, formats }: Moment): string {
  if (kind === "unknown") return "";
  if (until === null) return kind === "free" ? texts.noBookings : texts.noEnd;
  if (kind === "free" && !formats.isToday(until, now)) return texts.restOfDay;
  return texts.until[kind === "free" ? "free" : "busy"](formats.end(until, now));
}

function leftOf({ kind, until }: Status, { now, steady, texts, formats }: Moment): string {
  if (kind === "disabled" || steady || until === null || until - now >= COUNTDOWN) return "";
  return kind === "free" && !formats.isToday(until, now) ? "" : texts.timeLeft(formats.left(until, now));
}

function nextOf({ kind, until, next }: Status, { now, texts, formats }: Moment): string {
  // "None" is shown only after a booking
  if (!next) return kind === "busy" && until !== null ? texts.nextNone : "";
  return next.end === null ? formats.start(next.start, now) : formats.span(next.start, next.end, now);
}

function laterOf({ bookings }: Room, { next }: Status, { now, formats }: Moment): string[] {
  if (!next) return [];
  const later = bookings.filter(({ start }) => start > next.start).slice(0, LATER);
  return later.map(({ start, end }) => formats.span(start, end, now));
}

function noteOf(room: Room, { kind, doubt }: Status, { now, lostAt, texts, formats }: Moment): string {
  if (kind === "disabled") return room.disabledReason ?? "";
  if (doubt === null) return "";
  if (doubt === "missing") return texts.doubts.missing(room.id);
  if (doubt === "overdue") return texts.doubts.overdue(formats.time(edgeOf(room) ?? 0));
  if (doubt === "offline") return texts.doubts.offline(formats.time(lostAt ?? 0));
  return texts.doubts.unavailable(room.since === null ? "" : formats.start(room.since, now));
}

function bookingsOf(room: Room, { now, day, texts, formats }: Moment): string {
  // Includes bookings outside the hours of the strip
  const today = room.bookings.filter((booking) => overlap(booking, day.whole));
  if (!today.length) return texts.bookingsNone;
  return texts.bookings(texts.sentence(...today.map(({ start, end }) => formats.span(start, end, now))));
}
