/** The parts of Home Assistant that the cards use: its `hass` object and its events. */

export const PLATFORM = "feishu_freebusy";

export interface Entity {
  readonly entity_id: string;
  readonly state: string;
  readonly last_changed?: string;
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
  /** A page of Feishu or Lark, null for a private cloud. */
  readonly configuration_url?: string | null;
}

export interface Locale {
  readonly language: string;
  /** "12", "24", "language" (of the user) or "system" (the browser's language). */
  readonly time_format?: string;
  /** "local" is the browser's time zone, "server" is Home Assistant's. */
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
  /** Whether Home Assistant hides its sidebar. */
  readonly kioskMode?: boolean;
  readonly user?: { readonly is_admin?: boolean };
  readonly connection?: { ping?: () => Promise<unknown> };
  readonly callWS?: <T>(message: { readonly type: string; readonly [key: string]: unknown }) => Promise<T>;
  /** The actions of Home Assistant, by domain and name. */
  readonly services?: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  readonly callService?: (
    domain: string,
    service: string,
    data: object,
    target: undefined,
    notifyOnError: boolean,
    returnResponse: boolean,
  ) => Promise<{ readonly response?: unknown }>;
  readonly loadBackendTranslation?: (category: string, domain: string) => Promise<Localize>;
}

/** Return a translated text, "" if there is none. */
export type Localize = (key: string, placeholders?: object) => string;

export interface Action {
  readonly action: string;
  readonly [option: string]: unknown;
}

/** Return whether Home Assistant is still starting: missing entities may still appear. */
export function isStarting({ config: { state } }: Hass): boolean {
  return state === "NOT_RUNNING" || state === "STARTING";
}

/** Return whether an entity is the busy sensor of a room. */
export function isRoom(hass: Hass, entityId: string): boolean {
  const entry = hass.entities[entityId];
  return (
    entityId.startsWith("binary_sensor.") &&
    entry?.platform === PLATFORM &&
    (entry.translation_key ?? "busy") === "busy"
  );
}

/** Return the entity IDs of all rooms that are not hidden. */
export function roomIds(hass: Hass): string[] {
  return Object.keys(hass.entities).filter((id) => isRoom(hass, id) && !hass.entities[id]?.hidden);
}

/** Return the entity IDs of a room's buttons, by what they do. Disabled buttons are missing. */
export function buttonIds(hass: Hass, roomId: string): Readonly<Record<string, string>> {
  const device = hass.entities[roomId]?.device_id;
  if (!device) return {};
  const found = Object.values(hass.entities).flatMap((entry) => {
    const isButton =
      entry?.device_id === device && entry.platform === PLATFORM && entry.entity_id.startsWith("button.");
    return isButton && entry.translation_key ? [[entry.translation_key, entry.entity_id] as const] : [];
  });
  return Object.fromEntries(found);
}

/** Ask Home Assistant to run one of the actions of a card. */
export function act(from: EventTarget, entity: string, actions: object, action = "tap"): void {
  const detail = { config: { entity, ...actions }, action };
  from.dispatchEvent(new CustomEvent("hass-action", { detail, bubbles: true, composed: true }));
}
