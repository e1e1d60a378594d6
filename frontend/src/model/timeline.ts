/** The timeline of a day. */

import { overlap, type Room, type Span } from "./room";
import { dayOf, HOUR, hourOfDay, type Instant } from "./zone";

/** The part of today that is shown, from the first to the last of its full hours. */
export interface Day {
  readonly start: Instant;
  readonly end: Instant;
  readonly hours: readonly { readonly hour: number; readonly at: Instant }[];
  /** All of today, from midnight to midnight. */
  readonly whole: Span;
}

/** Positions on the strip, from 0 to 1. */
export interface Timeline {
  readonly bars: readonly { readonly from: number; readonly to: number }[];
  readonly ticks: readonly { readonly at: number; readonly instant: Instant; readonly hour: number }[];
  readonly now: number;
}

/** Return the hours `from` to `to` of today, extended so that they include `now`. */
export function dayAround(now: Instant, zone: string, from: number, to: number): Day {
  const day = dayOf(now, zone);
  const all = Array.from({ length: 25 }, (_, hour) => ({ hour, at: hourOfDay(day, hour, zone) }));
  const isShown = ({ hour, at }: { hour: number; at: Instant }) =>
    (from <= hour && hour <= to) || (now - HOUR < at && at <= now + HOUR);
  const areShown = all.map(isShown);
  const real = withoutSkipped(all.slice(areShown.indexOf(true), areShown.lastIndexOf(true) + 1));
  return { start: real[0]?.at ?? now, end: real[real.length - 1]?.at ?? now, hours: real, whole: wholeDay(day, zone) };
}

/** Return a part of the day that moves with `now`, from some hours before to some hours after it. */
export function hoursAround(now: Instant, zone: string, before: number, after: number): Day {
  const day = dayOf(now, zone);
  const whole = wholeDay(day, zone);
  const [start, end] = [now - before * HOUR, now + after * HOUR];
  const first = Math.floor((start - whole.start) / HOUR) - 1; // an hour more on both sides, because clocks may change
  const all = Array.from({ length: before + after + 4 }, (_, index) => first + index);
  const hours = all.map((hour) => ({ hour: (hour + 24) % 24, at: hourOfDay(day, hour, zone) }));
  return { start, end, hours: withoutSkipped(hours).filter(({ at }) => start <= at && at < end), whole };
}

/** Drop hours that the clocks skip: they start when the next hour starts. */
function withoutSkipped<Hour extends { readonly at: Instant }>(hours: readonly Hour[]): Hour[] {
  return hours.filter(({ at }, index) => at !== hours[index + 1]?.at);
}

function wholeDay(day: number, zone: string): Span {
  return { start: hourOfDay(day, 0, zone), end: hourOfDay(day, 24, zone) };
}

/** Return the room's bookings on the strip of a day. */
export function timelineOf(room: Room, day: Day, now: Instant): Timeline {
  const share = (instant: Instant) => Math.min(1, Math.max(0, (instant - day.start) / (day.end - day.start)));
  return {
    bars: room.bookings
      .filter((booking) => overlap(booking, day))
      .map(({ start, end }) => ({ from: share(start), to: share(end) })),
    ticks: day.hours.filter(({ at }) => at < day.end).map(({ hour, at }) => ({ at: share(at), instant: at, hour })),
    now: share(now),
  };
}
