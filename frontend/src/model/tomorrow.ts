/** What a card shows of the next day. */

import { overlap, type Room, type Span } from "./room";
import { dayAround, type Timeline, timelineOf } from "./timeline";
import type { Moment } from "./view";
import { dayOf, hourOfDay } from "./zone";

export interface Tomorrow {
  /** As texts, without the day. */
  readonly spans: readonly string[];
  readonly timeline: Timeline;
  /** The bookings as one phrase, for screen readers. */
  readonly bookings: string;
}

/** Return tomorrow's bookings, with the hours `from` to `to` on the strip. */
export function tomorrowOf(room: Room, { now, texts, formats }: Moment, from: number, to: number): Tomorrow {
  const { zone } = formats;
  const start = hourOfDay(dayOf(now, zone) + 1, from, zone);
  const day = dayAround(start, zone, from, to);
  const booked: readonly Span[] = room.bookings.filter((booking) => overlap(booking, day.whole));
  const spans = booked.map((booking) => formats.span(booking.start, booking.end, start));
  const bookings = texts.is(texts.tomorrow, spans.length ? texts.sentence(...spans) : texts.nothingBooked);
  return { spans, timeline: timelineOf(room, day, day.start), bookings };
}
