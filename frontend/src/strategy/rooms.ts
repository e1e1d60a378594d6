/** A generated dashboard: a board of all rooms, a view for each building, the utilization, and a panel for each door. */

import { BOARD_CARD } from "../cards/board-card";
import { ROOM_CARD } from "../cards/room-card";
import { type Hass, roomIds } from "../hass";
import { type Room, readRoom } from "../model/room";
import { textsIn } from "../texts";
import { utilization } from "./utilization";

export const STRATEGY = "feishu-rooms";

type Config = Readonly<Record<string, unknown>>;

/** Home Assistant expects a custom element, but calls only the static `generate`. */
export class RoomsStrategy extends HTMLElement {
  static readonly registryDependencies = ["entities", "devices"];
  static readonly noEditor = true;

  /** The panels of the doors get the options of a room card. */
  static async generate({ type: _, ...options }: Config, hass: Hass): Promise<{ views: Config[] }> {
    const texts = textsIn(hass.locale.language);
    const compare = new Intl.Collator(texts.language, { numeric: true }).compare;
    const rooms = roomIds(hass)
      .map((id) => readRoom(hass, id))
      .sort((one, other) => compare(one.place, other.place) || compare(one.name, other.name));
    const board = {
      title: texts.board.title,
      path: "board",
      icon: "mdi:view-list",
      type: "panel",
      cards: [{ type: `custom:${BOARD_CARD}`, entities: rooms.map(toDoor) }],
    };
    return {
      views: [
        board,
        ...buildings(rooms, texts.board.elsewhere),
        ...utilization(hass, rooms, texts),
        ...rooms.map((room) => panel(room, options)),
      ],
    };
  }
}

function buildings(rooms: readonly Room[], elsewhere: string): Config[] {
  return split(rooms, ({ building }) => building).map(([building, found], index) => ({
    title: building || elsewhere,
    path: `building-${index + 1}`,
    icon: "mdi:office-building",
    type: "sections",
    max_columns: 3,
    sections: split(found, ({ place }) => place).map(([place, onFloor]) => ({
      type: "grid",
      cards: [{ type: "heading", heading: place || elsewhere, icon: "mdi:floor-plan" }, ...onFloor.map(tile)],
    })),
  }));
}

function tile(room: Room): Config {
  return { type: `custom:${ROOM_CARD}`, hide_place: true, ...toDoor(room) };
}

/** A tap on the room opens its panel. */
function toDoor(room: Room): Config {
  return { entity: room.id, tap_action: { action: "navigate", navigation_path: pathOf(room) } };
}

/** A subview (without a tab) for the tablet beside the door. */
function panel(room: Room, options: Config): Config {
  return {
    title: room.name,
    path: pathOf(room),
    type: "panel",
    subview: true,
    cards: [{ type: `custom:${ROOM_CARD}`, entity: room.id, ...options }],
  };
}

function pathOf(room: Room): string {
  return room.id.replace("binary_sensor.", "door-");
}

/** Group rooms by a key, in the order in which the keys first appear. */
function split(rooms: readonly Room[], by: (room: Room) => string): [string, Room[]][] {
  const parts = new Map<string, Room[]>();
  for (const room of rooms) parts.set(by(room), [...(parts.get(by(room)) ?? []), room]);
  return [...parts];
}
