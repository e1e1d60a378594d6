/** What can be said of a room now. */

import type { Room } from "./room";
import { type Instant, MINUTE } from "./zone";

/** For so long after the connection was lost, what was known of a room still counts. */
export const GRACE = 10 * MINUTE;

export interface Status {
  readonly kind: "free" | "busy" | "disabled" | "unknown";
  /** Why nobody knows. */
  readonly doubt: "unavailable" | "missing" | "offline" | null;
  /** When the kind changes, as far as is known. */
  readonly until: Instant | null;
  /** The kind changes within the threshold. */
  readonly soon: boolean;
  readonly next: { readonly start: Instant; readonly end: Instant | null } | null;
  /** When it is next free for long enough, if that is not when the kind changes. */
  readonly nextFree: Instant | null;
}

/**
 * Return a room's status.
 *
 * While Home Assistant is connected its word counts, not this device's clock, which may be wrong. After the connection was
 * lost (at `lostAt`), changes that were announced still happen, until the grace is over: then nothing is known.
 */
export function statusOf(room: Room, now: Instant, lostAt: Instant | null, soon: number): Status {
  if (room.state === "unavailable" || room.state === "missing") return unknown(room.state);
  if (lostAt === null) return told(room, now, soon);
  if (now - lostAt >= GRACE) return unknown("offline");
  const edge = room.state === "busy" ? room.busyUntil : room.nextBusy;
  return told(edge !== null && edge <= now ? foretold(room, now) : room, now, soon);
}

/** Tell whether a room is free now and stays so for a time. */
export function isFreeFor(status: Status, now: Instant, time: number): boolean {
  return status.kind === "free" && (status.until === null || status.until - now >= time);
}

function unknown(doubt: Status["doubt"]): Status {
  return { kind: "unknown", doubt, until: null, soon: false, next: null, nextFree: null };
}

function told(room: Room, now: Instant, soon: number): Status {
  const busy = room.state === "busy";
  const until = busy ? room.busyUntil : room.nextBusy;
  const { nextBusy: start } = room;
  return {
    kind: !busy ? "free" : room.disabledReason === null ? "busy" : "disabled",
    doubt: null,
    until,
    soon: until !== null && until - now <= soon,
    next: start === null ? null : { start, end: room.bookings.find((span) => span.start === start)?.end ?? null },
    nextFree: room.nextFree === until && busy ? null : room.nextFree,
  };
}

/** Return the room as its bookings say that it is now. */
function foretold(room: Room, now: Instant): Room {
  const current = room.bookings.find((span) => span.start <= now && now < span.end);
  return {
    ...room,
    state: current ? "busy" : "free",
    busyUntil: current?.end ?? null,
    nextBusy: room.bookings.find((span) => span.start > now)?.start ?? null,
    nextFree: null,
    disabledReason: null,
  };
}
