/** Shows cards on a page and reads their texts. */

import { afterEach, beforeEach, vi } from "vitest";
import "../src/index";
import type { BoardCard } from "../src/cards/board-card";
import type { MapCard } from "../src/cards/map-card";
import type { RoomCard } from "../src/cards/room-card";
import type { RoomsBadge } from "../src/cards/rooms-badge";
import type { Hass } from "../src/hass";
import { forget } from "../src/view/server-clock";
import { at, booked, hassWith, iso, type Told } from "./office";

// The file of the editors exists only after a build
vi.mock("../src/cards/editors", () => ({ editors: () => import("../src/editors") }));

export type Card = RoomCard | BoardCard | MapCard | RoomsBadge;

export const UNTIL_11 = { next_busy_time: iso(at(11)), ...booked([at(11), at(12)]) };
export const TO_11: Told[string] = ["on", { busy_until: iso(at(11)), ...booked([at(10), at(11)]) }];

beforeEach(() => {
  vi.useFakeTimers({ now: at(10) });
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
});

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  forget();
});

export async function show<Kind extends Card>(tag: string, config: object, hass: Hass): Promise<Kind> {
  const card = document.createElement(tag) as Kind;
  card.setConfig({ type: `custom:${tag}`, ...config });
  card.hass = hass;
  document.body.append(card);
  await card.updateComplete;
  return card;
}

export const showRoom = (hass: Hass, config: object = {}) =>
  show<RoomCard>("feishu-room-card", { entity: "binary_sensor.orion", ...config }, hass);
export const showBoard = (hass: Hass, config: object = {}) => show<BoardCard>("feishu-rooms-board-card", config, hass);

export const showBadge = (hass: Hass, config: object = {}) => show<RoomsBadge>("feishu-rooms-badge", config, hass);

export async function tell(card: Card, hass: Hass): Promise<void> {
  card.hass = hass;
  await card.updateComplete;
}

/** Change rooms as Home Assistant does: all other states stay the same objects. */
export function change(hass: Hass, told: Told): Hass {
  return { ...hass, states: { ...hass.states, ...hassWith(told).states } };
}

export const all = (card: Card, selector: string) => [...(card.shadowRoot?.querySelectorAll(selector) ?? [])];
export const text = (card: Card, selector: string) =>
  all(card, selector)[0]?.textContent?.replaceAll(/\s+/g, " ").trim();
export const words = (card: BoardCard) =>
  all(card, "li").map((line) => line.querySelector(".badge")?.textContent?.trim());

export const office = hassWith({
  orion: ["off", UNTIL_11],
  vega: [...TO_11],
  lyra: ["unavailable"],
  mira: ["off", { floor: "4F", capacity: 20, next_busy_time: iso(at(10, 20)) }],
});
