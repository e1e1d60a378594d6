/** Reads a room from its entity. */

import { type Hass, isStarting } from "../hass";
import type { Instant } from "./zone";

export interface Span {
  readonly start: Instant;
  readonly end: Instant;
}

export function overlap(one: Span, other: Span): boolean {
  return one.start < other.end && other.start < one.end;
}

/** A single booking with its title and organizer, "" where one is not known. */
export interface Label extends Span {
  readonly title: string;
  readonly organizer: string;
}

/** The properties and the schedule of a room. */
export interface Room {
  readonly id: string;
  readonly name: string;
  /** Building and floor, "" if neither is known. */
  readonly place: string;
  /** The building, with its city if another city has a building of this name: "Shanghai / Tower A". */
  readonly building: string;
  readonly seats: number | null;
  readonly equipment: readonly string[];
  /** The state, or why it is not known. */
  readonly state: "busy" | "free" | "unavailable" | "missing";
  /** When the state began, null if not known. */
  readonly since: Instant | null;
  readonly busyUntil: Instant | null;
  readonly nextBusy: Instant | null;
  readonly nextFree: Instant | null;
  /** Why the room is out of use, "" if no reason is given; null if the room is in use. */
  readonly disabledReason: string | null;
  readonly pending: number;
  /** Bookings of today and tomorrow, sorted, without overlaps. */
  readonly bookings: readonly Span[];
  /** Empty unless titles are switched on in the options of the app. */
  readonly labels: readonly Label[];
}

/** Between the building and the floor. */
export const SEPARATOR = " / ";

const STATES: Readonly<Record<string, Room["state"]>> = { on: "busy", off: "free" };

/** Read a room from its entity. Values that can't be read count as not known. */
export function readRoom(hass: Hass, id: string, name?: string): Room {
  const entity = hass.states[id];
  const shown = entity?.attributes ?? {};
  const place = placeOf(hass, id);
  return {
    id,
    name: name || text(shown["friendly_name"]) || id,
    place,
    building: text(shown["building"]) || (place.split(SEPARATOR)[0] ?? ""),
    seats: count(shown["capacity"]) || null,
    equipment: Array.isArray(shown["equipment"]) ? shown["equipment"].map(text).filter(Boolean) : [],
    state: entity ? (STATES[entity.state] ?? "unavailable") : isStarting(hass) ? "unavailable" : "missing",
    since: instant(entity?.last_changed),
    busyUntil: instant(shown["busy_until"]),
    nextBusy: instant(shown["next_busy_time"]),
    nextFree: instant(shown["next_free_time"]),
    disabledReason: typeof shown["disabled_reason"] === "string" ? shown["disabled_reason"] : null,
    pending: count(shown["pending"]),
    bookings: spans(shown["bookings"], (span) => span),
    labels: spans(shown["titles"], (span, row) => ({
      ...span,
      title: text(row["title"]),
      organizer: text(row["organizer"]),
    })),
  };
}

/** Return building and floor. An unavailable room has no attributes, so its device's model is used instead. */
function placeOf(hass: Hass, id: string): string {
  const shown = hass.states[id]?.attributes ?? {};
  const place = [text(shown["building"]), text(shown["floor"])].filter(Boolean).join(SEPARATOR);
  const device = hass.entities[id]?.device_id;
  return place || (device && hass.devices[device]?.model) || "";
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function count(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 0;
}

function instant(value: unknown): Instant | null {
  const parsed = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? null : parsed;
}

function spans<Kind>(value: unknown, make: (span: Span, row: Readonly<Record<string, unknown>>) => Kind): Kind[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((row) => {
    const start = instant(row?.start);
    const end = instant(row?.end);
    return start !== null && end !== null && start < end ? [make({ start, end }, row)] : [];
  });
}
