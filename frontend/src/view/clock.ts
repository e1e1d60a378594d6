/** One timer for all cards: it goes off at the start of each minute. Also tells when the device was asleep. */

import { type Instant, MINUTE } from "../model/zone";

/** Takes when it was heard from last, if the device slept since. */
export type Listener = (asleepSince: Instant | null) => void;

/** Timers of hidden pages may be a minute late; one that is later slept. */
const LATE = 2 * MINUTE;

const listeners = new Set<Listener>();
let timer: ReturnType<typeof setTimeout> | undefined;
let last: Instant = 0;

/** Call a function at each minute and at each waking, until the function that is returned is called. */
export function onMinute(listener: Listener): () => void {
  if (!listeners.size) start();
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (!listeners.size) stop();
  };
}

function start(): void {
  last = Date.now();
  document.addEventListener("visibilitychange", onVisible);
  window.addEventListener("pageshow", tick);
  arm();
}

function stop(): void {
  clearTimeout(timer);
  document.removeEventListener("visibilitychange", onVisible);
  window.removeEventListener("pageshow", tick);
}

function arm(): void {
  clearTimeout(timer);
  timer = setTimeout(tick, MINUTE - (Date.now() % MINUTE));
}

function onVisible(): void {
  if (document.visibilityState === "visible") tick();
}

function tick(): void {
  const now = Date.now();
  const asleepSince = now - last > LATE ? last : null;
  last = now;
  arm();
  for (const listener of [...listeners]) listener(asleepSince);
}
