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
  const first = all.findIndex(isShown);
  const hours = all.slice(first, all.findLastIndex(isShown) + 1);
  // Drop hours that the clocks skip: they start when the next hour starts
  const real = hours.filter(({ at }, index) => at !== hours[index + 1]?.at);
  const whole = { start: hourOfDay(day, 0, zone), end: hourOfDay(day, 24, zone) };
  return { start: real[0]?.at ?? now, end: real.at(-1)?.at ?? now, hours: real, whole };
}

/** Return the room's bookings on the strip of a day. */
export function timelineOf(room: Room, day: Day, now: Instant): Timeline {
  const share = (instant: Instant) => Math.min(1, Math.max(0, (instant - day.start) / (day.end - day.start)));
  return {
    bars: room.bookings
      .filter((booking) => overlap(booking, day))
      .map(({ start, end }) => ({ from: share(start), to: share(end) })),
    ticks: day.hours.slice(0, -1).map(({ hour, at }) => ({ at: share(at), instant: at, hour })),
    now: share(now),
  };
}
