/** Days and hours in a time zone. An `Instant` is in milliseconds since 1970, UTC. */

export type Instant = number;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const FIELDS = {
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
} as const;

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string): Intl.DateTimeFormat {
  let found = formatters.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat("en-US", { ...FIELDS, hourCycle: "h23", timeZone: zone });
    formatters.set(zone, found);
  }
  return found;
}

/** Return the local time in the zone, encoded as UTC. */
function shown(instant: Instant, zone: string): number {
  const parts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const { type, value } of formatter(zone).formatToParts(instant)) {
    if (type in parts) parts[type as keyof typeof parts] = Number(value);
  }
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
}

/** Return the number of the local day; consecutive days have consecutive numbers. */
export function dayOf(instant: Instant, zone: string): number {
  return Math.floor(shown(instant, zone) / DAY);
}

/**
 * Return the instant at which local clocks first show a full hour of a day (24: the next midnight). If they skip that
 * hour, return the instant of the jump.
 */
export function hourOfDay(day: number, hour: number, zone: string): Instant {
  const wanted = day * DAY + hour * HOUR;
  // The offset may change near this hour: try the offset of the day before and of the day after
  const candidates = [wanted - DAY, wanted + DAY].map((near) => wanted - (shown(near, zone) - near));
  const hits = candidates.filter((candidate) => shown(candidate, zone) === wanted);
  return hits.length ? Math.min(...hits) : Math.max(...candidates);
}

/** Return whether the browser knows a time zone. */
export function isZone(zone: string | undefined): zone is string {
  if (!zone) return false;
  try {
    formatter(zone);
    return true;
  } catch {
    return false;
  }
}
