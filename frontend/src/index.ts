/** The module that Home Assistant loads: registers the cards and the dashboard strategy. */

import { BOARD_CARD, BoardCard } from "./cards/board-card";
import { MAP_CARD, MapCard } from "./cards/map-card";
import { ROOM_CARD, RoomCard } from "./cards/room-card";
import { ROOMS_BADGE, RoomsBadge } from "./cards/rooms-badge";
import { type Hass, isRoom } from "./hass";
import { readRoom } from "./model/room";
import { RoomsStrategy, STRATEGY } from "./strategy/rooms";
import { textsOfPage } from "./texts";

const DOCUMENTATION = "https://github.com/feishu-freebusy/feishu-freebusy#readme";

interface Listed {
  readonly type: string;
  readonly name: string;
  readonly description: string;
  readonly [more: string]: unknown;
}

/** Add an entry to one of Home Assistant's lists, once. */
function offer(list: "customCards" | "customBadges" | "customStrategies", listed: Listed): void {
  const lists = window as unknown as Record<string, Listed[] | undefined>;
  lists[list] ??= [];
  const entries = lists[list];
  if (!entries.some(({ type }) => type === listed.type)) entries.push(listed);
}

function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}

define(ROOM_CARD, RoomCard);
define(BOARD_CARD, BoardCard);
define(MAP_CARD, MapCard);
define(ROOMS_BADGE, RoomsBadge);
define(`ll-strategy-dashboard-${STRATEGY}`, RoomsStrategy);

// Getters, because the page's language is known only when the names are shown
offer("customCards", {
  type: ROOM_CARD,
  get name() {
    return textsOfPage().cards.room;
  },
  get description() {
    return textsOfPage().cards.roomAbout;
  },
  preview: true,
  documentationURL: DOCUMENTATION,
  getEntitySuggestion: (hass: Hass, entity: string) =>
    isRoom(hass, entity) ? { config: { type: `custom:${ROOM_CARD}`, entity } } : null,
});
offer("customCards", {
  type: BOARD_CARD,
  get name() {
    return textsOfPage().cards.board;
  },
  get description() {
    return textsOfPage().cards.boardAbout;
  },
  preview: true,
  documentationURL: DOCUMENTATION,
  getEntitySuggestion: (hass: Hass, entity: string) =>
    isRoom(hass, entity) ? { config: { type: `custom:${BOARD_CARD}`, place: readRoom(hass, entity).place } } : null,
});
offer("customCards", {
  type: MAP_CARD,
  get name() {
    return textsOfPage().cards.map;
  },
  get description() {
    return textsOfPage().cards.mapAbout;
  },
  preview: true,
  documentationURL: DOCUMENTATION,
});
offer("customBadges", {
  type: ROOMS_BADGE,
  get name() {
    return textsOfPage().cards.badge;
  },
  get description() {
    return textsOfPage().cards.badgeAbout;
  },
  preview: true,
  documentationURL: DOCUMENTATION,
  getEntitySuggestion: (hass: Hass, entity: string) =>
    isRoom(hass, entity) ? { config: { type: `custom:${ROOMS_BADGE}`, place: readRoom(hass, entity).place } } : null,
});
offer("customStrategies", {
  type: STRATEGY,
  strategyType: "dashboard",
  get name() {
    return textsOfPage().board.title;
  },
  get description() {
    return textsOfPage().cards.strategyAbout;
  },
  documentationURL: DOCUMENTATION,
});
