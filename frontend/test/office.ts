/** A `hass` with rooms. Times are on Monday, 2026-11-23, in Shanghai. */

import type { Entity, EntityEntry, Hass } from "../src/hass";

export const ZONE = "Asia/Shanghai";

/** Return an instant on that day, or `day` days later. */
export function at(hour: number, minute = 0, second = 0, day = 0): number {
  return Date.UTC(2026, 10, 23 + day, hour - 8, minute, second);
}

/** Return an instant as Home Assistant writes it. */
export function iso(instant: number): string {
  return new Date(instant + 8 * 3_600_000).toISOString().replace("Z", "+08:00");
}

type Attributes = Readonly<Record<string, unknown>>;

const NOTHING = {
  busy_since: null,
  busy_until: null,
  next_busy_time: null,
  next_free_time: null,
  available_now: true,
  disabled_reason: null,
  pending: 0,
  bookings: [],
  room_id: "omm_1",
  capacity: 8,
  building: "Tower A",
  floor: "3F",
  equipment: [],
};

export type Told = Readonly<Record<string, [state: string, attributes?: Attributes]>>;

/** Return the attributes for bookings with these starts and ends. */
export function booked(...spans: [number, number][]): Attributes {
  return { bookings: spans.map(([start, end]) => ({ start: iso(start), end: iso(end) })) };
}

/** Return a `hass` with rooms; keys are the object IDs of their entities. */
export function hassWith(rooms: Told, more: Partial<Hass> = {}): Hass {
  const states: Record<string, Entity> = {};
  const entities: Record<string, EntityEntry> = {};
  for (const [name, [state, attributes]] of Object.entries(rooms)) {
    const entity_id = `binary_sensor.${name}`;
    const friendly_name = name.charAt(0).toUpperCase() + name.slice(1);
    const known = state === "unavailable" ? {} : NOTHING;
    states[entity_id] = { entity_id, state, attributes: { friendly_name, ...known, ...attributes } };
    entities[entity_id] = {
      entity_id,
      platform: "feishu_freebusy",
      translation_key: "busy",
      device_id: `device-${name}`,
    };
  }
  return {
    states,
    entities,
    devices: {},
    config: { time_zone: ZONE },
    locale: { language: "en", time_format: "24", time_zone: "server" },
    themes: { darkMode: false },
    connected: true,
    ...more,
  };
}

/** The actions that change bookings. */
export const BOOKING = { book_room: {}, extend_booking: {}, end_booking: {}, release_room: {} };

/** Return a `hass` with the actions that change bookings, and buttons of a room in these states. */
export function withButtons(hass: Hass, room: string, buttons: Readonly<Record<string, string>>): Hass {
  const states: Record<string, Entity | undefined> = { ...hass.states };
  const entities: Record<string, EntityEntry | undefined> = { ...hass.entities };
  for (const [translation_key, state] of Object.entries(buttons)) {
    const entity_id = `button.${room}_${translation_key}`;
    states[entity_id] = { entity_id, state, attributes: {} };
    entities[entity_id] = { entity_id, platform: "feishu_freebusy", translation_key, device_id: `device-${room}` };
  }
  return { ...hass, states, entities, services: { feishu_freebusy: BOOKING } };
}
