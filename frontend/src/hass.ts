/** What the cards use of Home Assistant: its `hass` object, and the events that it listens to. */

export const PLATFORM = "feishu_freebusy";

export interface Entity {
  readonly entity_id: string;
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface EntityEntry {
  readonly entity_id: string;
  readonly platform?: string;
  readonly device_id?: string | null;
  readonly translation_key?: string;
  readonly hidden?: boolean;
}

export interface Device {
  readonly model?: string | null;
}

export interface Locale {
  readonly language: string;
  /** "language" and "system" leave it to the language of the user or of the browser. */
  readonly time_format?: string;
  /** "local" is the browser's zone, "server" Home Assistant's. */
  readonly time_zone?: string;
}

export interface Hass {
  readonly states: Readonly<Record<string, Entity | undefined>>;
  readonly entities: Readonly<Record<string, EntityEntry | undefined>>;
  readonly devices: Readonly<Record<string, Device | undefined>>;
  readonly config: { readonly time_zone: string; readonly state?: string };
  readonly locale: Locale;
  readonly themes?: { readonly darkMode?: boolean };
  readonly connected: boolean;
  readonly connection?: { ping?: () => Promise<unknown> };
}

export interface Action {
  readonly action: string;
  readonly [option: string]: unknown;
}

/** Tell whether Home Assistant is still starting: what is not there yet may come. */
export function isStarting({ config: { state } }: Hass): boolean {
  return state === "NOT_RUNNING" || state === "STARTING";
}

/** Tell whether an entity is the one of a room that says whether it is busy. */
export function isRoom(hass: Hass, entityId: string): boolean {
  const entry = hass.entities[entityId];
  return (
    entityId.startsWith("binary_sensor.") &&
    entry?.platform === PLATFORM &&
    (entry.translation_key ?? "busy") === "busy"
  );
}

/** Return the rooms that are not hidden. */
export function roomIds(hass: Hass): string[] {
  return Object.keys(hass.entities).filter((id) => isRoom(hass, id) && !hass.entities[id]?.hidden);
}

/** Have Home Assistant carry out the tap action of a card's configuration. */
export function act(from: EventTarget, entity: string, action: Action): void {
  const detail = { config: { entity, tap_action: action }, action: "tap" };
  from.dispatchEvent(new CustomEvent("hass-action", { detail, bubbles: true, composed: true }));
}
