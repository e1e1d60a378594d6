/** The configuration of the cards, and its validation. */

import type { Action } from "../hass";
import type { Texts } from "../texts";
import { type Chosen as ChosenLook, isColor } from "../view/look";
import { isPicture, type Picture } from "../view/picture";

export interface CommonConfig {
  readonly type: string;
  /** Minutes. */
  readonly soon?: number;
  /** Hours, 0 to 24. */
  readonly day_start?: number;
  readonly day_end?: number;
  readonly hide_clock?: boolean;
  readonly monochrome?: boolean;
  /** Whether a card that fills a view covers Home Assistant's bars. */
  readonly kiosk?: boolean;
  /** Whether it is dark out of office hours then. On by default. */
  readonly dim?: boolean;
  readonly tap_action?: Action;
  /** Home Assistant's: the size in a section. */
  readonly grid_options?: { readonly rows?: number | "auto" };
}

/** An entity ID, or an object, as cards that filter entities pass. It may have an action of its own. */
export type Chosen = string | { readonly entity: string; readonly tap_action?: Action };

/** Filters of rooms. */
interface Filtered {
  readonly place?: string;
  readonly min_seats?: number;
  /** Minutes. */
  readonly free_for?: number;
}

/** What is touched as a whole. */
interface Touched {
  readonly hold_action?: Action;
  readonly double_tap_action?: Action;
}

export interface BadgeConfig extends CommonConfig, Filtered, Touched {
  readonly name?: string;
}

export interface RoomConfig extends CommonConfig, ChosenLook, Touched {
  readonly entity: string;
  readonly name?: string;
  /** Whether the room can be booked on the card. Off by default, because anybody can touch a panel in a corridor. */
  readonly actions?: boolean;
  /** Asked before each action; "" for none. */
  readonly pin?: string;
  /** Whether a taken room names rooms nearby that are free. By default, if the card fills a view. */
  readonly nearby?: boolean;
  /** Whether a large card shows a code that opens a new event on a phone. */
  readonly qr?: boolean;
  /** Whether a link opens a new event in Feishu. Off by default, because it leaves a panel on a wall. */
  readonly link?: boolean;
  /** Whether building and floor are left out, for cards below a heading that names them. */
  readonly hide_place?: boolean;
  /** Whether titles and organizers are shown. Off by default, because everybody can read a panel in a corridor. */
  readonly titles?: boolean;
}

export interface BoardConfig extends CommonConfig, Filtered {
  readonly title?: string;
  readonly entities?: readonly Chosen[];
  readonly free_first?: boolean;
  readonly hide_filters?: boolean;
  readonly hide_floors?: boolean;
  /** How long a page is shown; 0 for a board that scrolls. */
  readonly page_seconds?: number;
}

/** A room on a floor plan. The place is in percent of the picture, from its upper left corner. */
export interface PlacedRoom {
  readonly entity: string;
  readonly x: number;
  readonly y: number;
  readonly tap_action?: Action;
}

export interface MapConfig extends CommonConfig {
  readonly title?: string;
  readonly image?: Picture;
  readonly rooms?: readonly PlacedRoom[];
}

export const SOON = 10;
export const DAY_START = 8;
export const DAY_END = 19;
export const PAGE_SECONDS = 12;

type Wanted = keyof Texts["faults"]["wanted"];

const COMMON: Readonly<Record<string, Wanted>> = {
  soon: "minutes",
  day_start: "hour",
  day_end: "hour",
  hide_clock: "boolean",
  monochrome: "boolean",
  kiosk: "boolean",
  dim: "boolean",
  tap_action: "action",
};
const BADGE: Readonly<Record<string, Wanted>> = {
  name: "text",
  place: "text",
  min_seats: "seats",
  free_for: "minutes",
  monochrome: "boolean",
  tap_action: "action",
  hold_action: "action",
  double_tap_action: "action",
};
const ROOM: Readonly<Record<string, Wanted>> = {
  ...COMMON,
  name: "text",
  actions: "boolean",
  pin: "pin",
  nearby: "boolean",
  qr: "boolean",
  link: "boolean",
  logo: "text",
  background: "text",
  free_color: "color",
  busy_color: "color",
  soon_color: "color",
  titles: "boolean",
  hide_place: "boolean",
  hold_action: "action",
  double_tap_action: "action",
};
const BOARD: Readonly<Record<string, Wanted>> = {
  ...COMMON,
  title: "text",
  entities: "entities",
  place: "text",
  min_seats: "seats",
  free_for: "minutes",
  free_first: "boolean",
  hide_filters: "boolean",
  hide_floors: "boolean",
  page_seconds: "seconds",
};

const MAP: Readonly<Record<string, Wanted>> = {
  ...COMMON,
  title: "text",
  image: "picture",
  rooms: "placed",
};

const atLeastZero = (value: unknown) => typeof value === "number" && value >= 0;
const isSensor = (value: unknown) => typeof value === "string" && value.startsWith("binary_sensor.");

const isAction = (value: unknown) => typeof (value as Action | null)?.action === "string";

/** Return the entity ID of a chosen room. */
export function idOf(chosen: Chosen): string {
  return typeof chosen === "string" ? chosen : chosen?.entity;
}

function isPlaced(room: PlacedRoom): boolean {
  return isChosen(room) && [room.x, room.y].every((part) => atLeastZero(part) && part <= 100);
}

function isChosen(chosen: Chosen): boolean {
  const own = typeof chosen === "string" ? undefined : chosen?.tap_action;
  return isSensor(idOf(chosen)) && (own === undefined || isAction(own));
}

const FITS: Readonly<Record<Wanted, (value: unknown) => boolean>> = {
  text: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  minutes: atLeastZero,
  seats: atLeastZero,
  seconds: atLeastZero,
  hour: (value) => Number.isInteger(value) && 0 <= (value as number) && (value as number) <= 24,
  entities: (value) => Array.isArray(value) && value.every(isChosen),
  picture: isPicture,
  placed: (value) => Array.isArray(value) && value.every((room) => typeof room !== "string" && isPlaced(room)),
  action: isAction,
  color: isColor,
  // Text, because YAML reads 0123 as another number
  pin: (value) => typeof value === "string" && /^(\d{4,8})?$/.test(value),
};

/** Throw an `Error` with a text for the user if the configuration of a room card is wrong. */
export function assertRoom(config: object, texts: Texts): asserts config is RoomConfig {
  const { entity } = config as { entity?: unknown };
  if (!entity) throw new Error(texts.faults.noEntity);
  if (!isSensor(entity)) throw new Error(texts.faults.wrongEntity(String(entity)));
  assertOptions(config, ROOM, texts);
}

/** Throw an `Error` with a text for the user if the configuration of a board is wrong. */
export function assertBoard(config: object, texts: Texts): asserts config is BoardConfig {
  assertOptions(config, BOARD, texts);
}

/** Throw an `Error` with a text for the user if the configuration of a map is wrong. */
export function assertMap(config: object, texts: Texts): asserts config is MapConfig {
  assertOptions(config, MAP, texts);
}

/** Throw an `Error` with a text for the user if the configuration of a badge is wrong. */
export function assertBadge(config: object, texts: Texts): asserts config is BadgeConfig {
  assertOptions(config, BADGE, texts);
}

/** Check our options only: other options belong to Home Assistant or to card extensions. */
export function assertOptions(config: object, options: Readonly<Record<string, Wanted>>, texts: Texts): void {
  const given = config as Readonly<Record<string, unknown>>;
  for (const [name, wanted] of Object.entries(options)) {
    const value = given[name];
    if (value !== undefined && value !== null && !FITS[wanted](value)) {
      throw new Error(texts.faults.wrongOption(name, texts.faults.wanted[wanted]));
    }
  }
  const { day_start, day_end } = config as CommonConfig;
  if ((day_start ?? DAY_START) >= (day_end ?? DAY_END)) throw new Error(texts.faults.dayOrder);
}
