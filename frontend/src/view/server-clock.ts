/**
 * The clock by which Home Assistant changes the states of rooms. The device's own clock may be minutes or days off, and may
 * be set while the page is open.
 */

import type { Hass } from "../hass";
import { PLATFORM } from "../hass";
import { HOUR, type Instant } from "../model/zone";

/** How often the two clocks are compared. */
const INTERVAL = HOUR;
/** A comparison that failed is not repeated before: `compare` is called at each change of any state. */
const RETRY = 10_000;
/** A slower answer says too little about the time. */
const MAX_ROUND_TRIP = 10_000;
/** A smaller difference is none. */
const TOLERANCE = 2_000;

/** By how much Home Assistant's clock is ahead of the device's, null if not known. */
let ahead: number | null = null;
/** When the clocks were last compared, and how far the device's clock was ahead of the one that nobody sets. */
let comparedAt = Number.NEGATIVE_INFINITY;
let drift = 0;
/** The office hours as starts and ends, null if Home Assistant told none. */
let office: readonly (readonly [Instant, Instant])[] | null = null;
/** When the last comparison failed. */
let failedAt = Number.NEGATIVE_INFINITY;
let comparing: Promise<void> | undefined;

/** Return the time of Home Assistant, or the device's as long as the difference is not known. */
export function now(): Instant {
  return Date.now() + (isCompared() ? (ahead ?? 0) : 0);
}

/** Return whether `now` is Home Assistant's time: the clocks were compared, and the device's was not set since. */
export function isCompared(): boolean {
  return ahead !== null && Math.abs(Date.now() - performance.now() - drift) <= TOLERANCE;
}

/** Return whether it is office hours, as set in the options of the app. True if that is not known. */
export function isOffice(): boolean {
  const instant = now();
  return office === null || office.some(([start, end]) => start <= instant && instant < end);
}

/** Compare the clocks, unless that was done within the hour and still counts. Resolves when `now` is set right. */
export async function compare(hass: Hass): Promise<void> {
  const began = performance.now();
  if (!hass.callWS || !hass.connected || began - failedAt < RETRY || (isCompared() && began - comparedAt < INTERVAL))
    return;
  comparing ??= ask(hass.callWS).finally(() => (comparing = undefined));
  await comparing;
}

/** Forget the difference. */
export function forget(): void {
  ahead = office = null;
  comparedAt = failedAt = Number.NEGATIVE_INFINITY;
}

async function ask(callWS: NonNullable<Hass["callWS"]>): Promise<void> {
  const [sent, began] = [Date.now(), performance.now()];
  const answer = await Promise.race([
    callWS<{ now: number; office?: typeof office }>({ type: `${PLATFORM}/time` }).catch(() => undefined),
    new Promise<undefined>((resolve) => setTimeout(resolve, MAX_ROUND_TRIP)),
  ]);
  const took = performance.now() - began;
  if (!answer || took >= MAX_ROUND_TRIP) {
    failedAt = performance.now();
    return;
  }
  const difference = answer.now - (sent + took / 2);
  office = answer.office ?? null;
  ahead = Math.abs(difference) < TOLERANCE ? 0 : difference;
  comparedAt = performance.now();
  drift = sent - began;
}
