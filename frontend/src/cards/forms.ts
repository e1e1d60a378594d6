/** The editors of the cards: forms that Home Assistant renders. */

import { type Hass, PLATFORM, roomIds } from "../hass";
import { placesOf } from "../model/board";
import { readRoom } from "../model/room";
import { editorTextsIn } from "../texts/editor";

export interface Field {
  readonly name: string;
  readonly type?: "grid" | "expandable";
  /** Whether the fields of a section are options of the card itself. */
  readonly flatten?: boolean;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly column_min_width?: string;
  readonly selector?: object;
  readonly schema?: readonly Field[];
}

export interface Form {
  readonly schema: readonly Field[];
  computeLabel(field: Field): string | undefined;
  computeHelper(field: Field): string | undefined;
  assertConfig(config: object): void;
}

const ROOMS = { filter: { integration: PLATFORM, domain: "binary_sensor" } };
const number = (max: number) => ({ number: { min: 0, max, mode: "box" } });
const side = (...schema: Field[]): Field => ({ name: "", type: "grid", column_min_width: "120px", schema });

const COMMON: readonly Field[] = [
  side(
    { name: "soon", selector: number(120) },
    { name: "day_start", selector: number(23) },
    { name: "day_end", selector: number(24) },
  ),
  side({ name: "hide_clock", selector: { boolean: {} } }, { name: "monochrome", selector: { boolean: {} } }),
  { name: "kiosk", selector: { boolean: {} } },
  { name: "dim", default: true, selector: { boolean: {} } },
];
const action = (name: string, default_action: string): Field => ({
  name,
  selector: { ui_action: { actions: ["more-info", "navigate", "url", "perform-action", "none"], default_action } },
});
const TOUCH = [action("tap_action", "none"), action("hold_action", "none"), action("double_tap_action", "none")];
const floor = (places: readonly string[]): Field => ({
  name: "place",
  selector: { select: { options: places, custom_value: true, mode: "dropdown" } },
});
const SIZE = side({ name: "min_seats", selector: number(1000) }, { name: "free_for", selector: number(1440) });

const ROOM: readonly Field[] = [
  { name: "entity", required: true, selector: { entity: ROOMS } },
  { name: "name", selector: { text: {} } },
  { name: "actions", selector: { boolean: {} } },
  { name: "pin", selector: { text: {} } },
  { name: "nearby", selector: { boolean: {} } },
  { name: "qr", selector: { boolean: {} } },
  { name: "link", selector: { boolean: {} } },
  { name: "titles", selector: { boolean: {} } },
  { name: "hide_place", selector: { boolean: {} } },
  {
    name: "look",
    type: "expandable",
    flatten: true,
    schema: [
      { name: "logo", selector: { text: {} } },
      { name: "background", selector: { text: {} } },
      side(
        { name: "free_color", selector: { color_rgb: {} } },
        { name: "busy_color", selector: { color_rgb: {} } },
        { name: "soon_color", selector: { color_rgb: {} } },
      ),
    ],
  },
  ...COMMON,
  ...TOUCH,
];

const board = (places: readonly string[]): readonly Field[] => [
  { name: "title", selector: { text: {} } },
  { name: "entities", selector: { entity: { ...ROOMS, multiple: true } } },
  floor(places),
  SIZE,
  side(
    { name: "free_first", selector: { boolean: {} } },
    { name: "hide_filters", selector: { boolean: {} } },
    { name: "hide_floors", selector: { boolean: {} } },
  ),
  { name: "page_seconds", selector: number(3600) },
  ...COMMON,
  action("tap_action", "more-info"),
];

/** The fields of the map: those above the plan, and those below it. */
export const aboveMap: readonly Field[] = [
  { name: "image", selector: { media: { accept: ["image/*"], image_upload: true, hide_content_type: true } } },
  { name: "title", selector: { text: {} } },
  { name: "entities", selector: { entity: { ...ROOMS, multiple: true } } },
];
export const belowMap: readonly Field[] = [
  side({ name: "soon", selector: number(120) }, { name: "monochrome", selector: { boolean: {} } }),
  { name: "kiosk", selector: { boolean: {} } },
  { name: "dim", default: true, selector: { boolean: {} } },
  action("tap_action", "more-info"),
];

/** Throws an error with a text for the user if a configuration is wrong. */
export type Assert = (config: object) => void;

/** Return the form of the room card. It accepts a card that has no room yet, and a PIN that is still being typed. */
export function roomForm(language: string, assertRoom: Assert): Form {
  const assert: Assert = (config) => {
    const { entity, pin } = config as { entity?: unknown; pin?: unknown };
    if (entity) assertRoom(typeof pin === "string" ? { ...config, pin: "" } : config);
  };
  return form(ROOM, language, assert);
}

/** Return the form of the board. */
export function boardForm(language: string, assertBoard: Assert): Form {
  return form(board(knownPlaces(language)), language, assertBoard, editorTextsIn(language).boardHelpers);
}

/** Return the form of the badge. */
export function badgeForm(language: string, assertBadge: Assert): Form {
  const schema = [{ name: "name", selector: { text: {} } }, floor(knownPlaces(language)), SIZE, ...TOUCH];
  return form(schema, language, assertBadge, editorTextsIn(language).badgeHelpers);
}

/** Return the places of all rooms. Home Assistant passes nothing to the makers of forms, so they are read from the page. */
function knownPlaces(language: string): string[] {
  const { hass } = globalThis.document?.querySelector<HTMLElement & { readonly hass?: Hass }>("home-assistant") ?? {};
  if (!hass) return [];
  const rooms = roomIds(hass).map((id) => ({ room: readRoom(hass, id) }));
  return placesOf(rooms, new Intl.Collator(language, { numeric: true }).compare);
}

function form(
  schema: readonly Field[],
  language: string,
  assertConfig: Assert,
  special: Readonly<Record<string, string>> = {},
): Form {
  const texts = editorTextsIn(language);
  const labels: Readonly<Record<string, string | undefined>> = texts.labels;
  const helpers: Readonly<Record<string, string | undefined>> = { ...texts.helpers, ...special };
  return {
    schema,
    computeLabel: ({ name }) => labels[name],
    computeHelper: ({ name }) => helpers[name],
    assertConfig,
  };
}
