/** What a card offers to do to a room: book it, extend or end what runs in it. */

import { buttonIds, type Hass, PLATFORM } from "../hass";
import type { Status } from "./status";
import { HOUR, type Instant, MINUTE } from "./zone";

export type Offer =
  | { readonly kind: "book"; readonly minutes: number }
  | { readonly kind: "book"; readonly end: Instant }
  | { readonly kind: "extend"; readonly minutes: number }
  | { readonly kind: "end" };

export type Kind = Offer["kind"];

/** What Home Assistant lets a card do to a room. */
export type Abilities = Readonly<Record<Kind, boolean>>;

const BOOKED = [15, 30, 60]; // minutes
const EXTENDED = [15, 30];
/** A booking until the next one is offered between these. Options of the app may allow less: then the action is refused. */
const SHORTEST = 5 * MINUTE;
const LONGEST = 4 * HOUR;

const SERVICES: Readonly<Record<Kind, string>> = {
  book: "book_room",
  extend: "extend_booking",
  end: "end_booking",
};

/** Return what may be done to a room. The room's buttons tell whether what runs can be extended or ended. */
export function abilitiesOf(hass: Hass, roomId: string): Abilities {
  const services = hass.services?.[PLATFORM] ?? {};
  const buttons = buttonIds(hass, roomId);
  const works = (kind: Kind) => {
    const button = buttons[kind];
    return SERVICES[kind] in services && (!button || hass.states[button]?.state !== "unavailable");
  };
  // The button books for 30 minutes, the card for shorter times too
  return { book: SERVICES.book in services, extend: works("extend"), end: works("end") };
}

/** Return what a card offers now. The shortest time is first. */
export function offersOf(status: Status, can: Abilities, now: Instant): Offer[] {
  if (status.kind === "free" && can.book) return bookings(status.until, now);
  if (status.kind !== "busy") return [];
  const gap = status.until === null ? 0 : (status.next?.start ?? Number.POSITIVE_INFINITY) - status.until;
  const extensions = can.extend ? EXTENDED.filter((minutes) => minutes * MINUTE <= gap) : [];
  return [
    ...extensions.map((minutes) => ({ kind: "extend", minutes }) as const),
    ...(can.end ? [{ kind: "end" } as const] : []),
  ];
}

function bookings(until: Instant | null, now: Instant): Offer[] {
  const left = until === null ? Number.POSITIVE_INFINITY : until - now;
  const lengths = BOOKED.filter((minutes) => minutes * MINUTE <= left);
  const offers: Offer[] = lengths.map((minutes) => ({ kind: "book", minutes }));
  const isNew = lengths.every((minutes) => left - minutes * MINUTE >= MINUTE);
  if (until !== null && isNew && SHORTEST <= left && left <= LONGEST) offers.push({ kind: "book", end: until });
  return offers;
}

/**
 * Return the action that does what is offered, and its data.
 *
 * `waited`: milliseconds since the key was touched. A meeting that has begun meanwhile is not meant, so it is not ended.
 */
export function requestOf(
  offer: Offer,
  roomId: string,
  waited: number,
): { readonly service: string; readonly data: object } {
  const room = { entity_id: roomId };
  const service = SERVICES[offer.kind];
  if ("minutes" in offer) return { service, data: { ...room, duration: { minutes: offer.minutes } } };
  if ("end" in offer) return { service, data: { ...room, end: new Date(offer.end).toISOString() } };
  return { service, data: { ...room, after: { milliseconds: Math.ceil(waited) } } };
}
