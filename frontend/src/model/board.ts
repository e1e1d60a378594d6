/** Filters, groups and sorts the rooms of a board. */

import type { Room } from "./room";
import { isFreeFor } from "./status";
import type { RoomView } from "./view";
import { type Instant, MINUTE } from "./zone";

export interface Filter {
  /** Building and floor, "" for all. */
  readonly place: string;
  readonly seats: number;
  /** Minutes, 0 for all rooms. */
  readonly freeFor: number;
}

export interface Row {
  readonly room: Room;
  readonly view: RoomView;
}

export interface Group {
  readonly place: string;
  readonly rows: readonly Row[];
  readonly free: number;
}

type Compare = (one: string, other: string) => number;

const RANK = { free: 0, busy: 2, disabled: 3, unknown: 4 };

/** Return the rooms that match the filter. */
export function filtered(rows: readonly Row[], filter: Filter, now: Instant): Row[] {
  return rows.filter(
    ({ room, view }) =>
      (!filter.place || room.place === filter.place) &&
      (!filter.seats || (room.seats ?? 0) >= filter.seats) &&
      (!filter.freeFor || isFreeFor(view.status, now, filter.freeFor * MINUTE)),
  );
}

/** Group the rooms by floor, or in one group without a place. Each is sorted by name, free rooms first on request. */
export function grouped(rows: readonly Row[], byPlace: boolean, freeFirst: boolean, compare: Compare): Group[] {
  const sorted = [...rows].sort(
    (one, other) => (freeFirst ? rank(one) - rank(other) : 0) || compare(one.room.name, other.room.name),
  );
  if (!byPlace) return sorted.length ? [{ place: "", rows: sorted, free: freeRooms(sorted) }] : [];
  const places = placesOf(rows, compare);
  return [...places, ""].flatMap((place) => {
    const found = sorted.filter(({ room }) => room.place === place);
    return found.length ? [{ place, rows: found, free: freeRooms(found) }] : [];
  });
}

export function freeRooms(rows: readonly Row[]): number {
  return rows.filter(({ view }) => view.status.kind === "free").length;
}

/** Return all places, sorted. */
export function placesOf(rows: readonly Pick<Row, "room">[], compare: Compare): string[] {
  return [...new Set(rows.map(({ room }) => room.place).filter(Boolean))].sort(compare);
}

/** Return the numbers of seats to filter by: all except the smallest, which every room has. */
export function sizesOf(rows: readonly Row[]): number[] {
  return [...new Set(rows.flatMap(({ room }) => room.seats ?? []))].sort((one, other) => one - other).slice(1);
}

function rank({ view: { status } }: Row): number {
  return RANK[status.kind] + (status.kind === "free" && status.soon ? 1 : 0);
}
