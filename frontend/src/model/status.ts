/** The status of a room at one moment. */

import type { Room } from "./room";
import { type Instant, MINUTE, SECOND } from "./zone";

/** How long the last known data counts after the connection was lost. */
export const GRACE = 10 * MINUTE;
/** How late the news of a change may be that was announced. */
const DELAY = 30 * SECOND;

/** What the status of a room depends on besides the room. */
export interface Circumstances {
  readonly now: Instant;
  /** When the connection to Home Assistant was lost, null while connected. */
  readonly lostAt: Instant | null;
  /** Whether `now` is Home Assistant's time; if not, it is the device's, which may be wrong. */
  readonly isClockRight: boolean;
  /** How long before a change it is said to be soon. */
  readonly soon: number;
}

export interface Status {
  readonly kind: "free" | "busy" | "disabled" | "unknown";
  /** Why the status is not known. */
  readonly doubt: "unavailable" | "missing" | "offline" | "overdue" | null;
  /** When the kind changes, null if not known. */
  readonly until: Instant | null;
  /** Whether the kind changes within the threshold. */
  readonly soon: boolean;
  readonly next: { readonly start: Instant; readonly end: Instant | null } | null;
  /** When the room is next free for a useful gap; null if that is when the kind changes. */
  readonly nextFree: Instant | null;
}

/**
 * Return a room's status.
 *
 * While connected, Home Assistant's state counts, unless a change that it announced has passed without news: then the states
 * no longer arrive. A device's clock that may be wrong proves nothing.
 * After the connection was lost (at `lostAt`), known bookings still change the status until the grace period ends. Then the
 * status is unknown.
 */
export function statusOf(room: Room, { now, lostAt, isClockRight, soon }: Circumstances): Status {
  if (room.state === "unavailable" || room.state === "missing") return unknown(room.state);
  const edge = edgeOf(room);
  if (lostAt === null) {
    const doubt = doubtAt(room);
    return isClockRight && doubt !== null && doubt <= now ? unknown("overdue") : told(room, now, soon);
  }
  if (now < lostAt || now - lostAt >= GRACE) return unknown("offline"); // a clock that was set back tells no age
  return told(edge !== null && edge <= now ? foretold(room, now) : room, now, soon);
}

/** Return when the state of a room changes as announced, null if that is not known. */
export function edgeOf(room: Room): Instant | null {
  return room.state === "busy" ? room.busyUntil : room.nextBusy;
}

/** Return when a room is in doubt if no news comes of the change that it announced, null if it announced none. */
export function doubtAt(room: Room): Instant | null {
  const edge = edgeOf(room);
  return edge === null ? null : edge + DELAY;
}

/** Return whether a room is free now and stays free for a duration in milliseconds. */
export function isFreeFor(status: Status, now: Instant, time: number): boolean {
  return status.kind === "free" && (status.until === null || status.until - now >= time);
}

function unknown(doubt: Status["doubt"]): Status {
  return { kind: "unknown", doubt, until: null, soon: false, next: null, nextFree: null };
}

function told(room: Room, now: Instant, soon: number): Status {
  const busy = room.state === "busy";
  const until = edgeOf(room);
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

/** Return the room with the state that its bookings imply now. */
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
