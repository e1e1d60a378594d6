/** Home Assistant's clock. The device's own clock may be minutes or days off. */

import type { Hass } from "../hass";
import { HOUR, type Instant } from "../model/zone";

/** How often the two clocks are compared. */
const INTERVAL = HOUR;
/** A slower answer says too little about the time. */
const MAX_ROUND_TRIP = 10_000;
/** An answer tells whole seconds, so a smaller difference may be none. */
const TOLERANCE = 2_000;

/** By how much Home Assistant's clock is ahead of the device's, null if not known. */
let ahead: number | null = null;
/** When the clocks were last compared, in milliseconds since the page was opened. */
let comparedAt = Number.NEGATIVE_INFINITY;
let comparing: Promise<void> | undefined;

/** Return the time of Home Assistant, or the device's as long as the difference is not known. */
export function now(): Instant {
  return Date.now() + (ahead ?? 0);
}

/** Return whether `now` is Home Assistant's time. */
export function isCompared(): boolean {
  return ahead !== null;
}

/** Compare the clocks unless it was done within the hour, or again if the device slept. Resolves when `now` is set right. */
export async function compare(hass: Hass, slept: boolean): Promise<void> {
  if (!hass.fetchWithAuth || !hass.connected || (!slept && performance.now() - comparedAt < INTERVAL)) return;
  comparing ??= ask(hass.fetchWithAuth).finally(() => (comparing = undefined));
  await comparing;
}

/** Forget the difference. */
export function forget(): void {
  ahead = null;
  comparedAt = Number.NEGATIVE_INFINITY;
}

async function ask(fetchWithAuth: NonNullable<Hass["fetchWithAuth"]>): Promise<void> {
  comparedAt = performance.now();
  const sent = Date.now();
  const answer = await fetchWithAuth("/api/", { cache: "no-store" }).catch(() => undefined);
  const received = Date.now();
  const second = Date.parse(answer?.headers.get("Date") ?? "");
  if (Number.isNaN(second) || received < sent || received - sent > MAX_ROUND_TRIP) return;
  const difference = second + 500 - (sent + received) / 2;
  ahead = Math.abs(difference) < TOLERANCE ? 0 : difference;
}
