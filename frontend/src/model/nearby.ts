/** Which other rooms help somebody who stands before a room that is taken. */

import { type Room, SEPARATOR } from "./room";
import { type Circumstances, isFreeFor, type Status, statusOf } from "./status";
import { MINUTE } from "./zone";

export interface Neighbor {
  readonly room: Room;
  readonly status: Status;
  /** The floor if it is another one, with the building if that is another one, too. "" on the same floor. */
  readonly place: string;
}

const MOST = 3;
/** A room that is free for less is no help. */
const USEFUL = 15 * MINUTE;

/** Return whether somebody who wants this room now needs another one. */
export function needsAnother({ kind, soon }: Status): boolean {
  return kind === "busy" || kind === "disabled" || (kind === "free" && soon);
}

/**
 * Return up to three other rooms that are free now. Rooms on the same floor are first, then rooms of the building. Among
 * these, rooms with enough seats are first, then those that are free for longer.
 */
export function neighborsOf(room: Room, others: readonly Room[], circumstances: Circumstances): Neighbor[] {
  const found = others.flatMap((other) => {
    if (other.id === room.id) return [];
    const status = statusOf(other, circumstances);
    return isFreeFor(status, circumstances.now, USEFUL) ? [{ room: other, status, place: placeFrom(room, other) }] : [];
  });
  const distance = (other: Room) => (other.place === room.place ? 0 : other.building === room.building ? 1 : 2);
  const isTooSmall = ({ seats }: Room) => Number(room.seats !== null && (seats ?? 0) < room.seats);
  const end = ({ until }: Status) => until ?? Number.MAX_VALUE;
  return found
    .sort(
      (one, two) =>
        distance(one.room) - distance(two.room) ||
        isTooSmall(one.room) - isTooSmall(two.room) ||
        end(two.status) - end(one.status) ||
        (one.room.name < two.room.name ? -1 : 1),
    )
    .slice(0, MOST);
}

function placeFrom(here: Room, { building, place }: Room): string {
  if (place === here.place) return "";
  return building === here.building && place !== building ? place.slice(building.length + SEPARATOR.length) : place;
}
