/** One timer for all cards that fires at the start of each minute of Home Assistant's clock. It also detects that the device was asleep. */

import { type Instant, MINUTE } from "../model/zone";
import { now as serverNow } from "./server-clock";

/** `asleepSince` is the time of the last tick if the device slept since then, else null. */
export type Listener = (asleepSince: Instant | null) => void;

/** Timers of hidden pages may be a minute late. If one is later than this, the device was asleep. */
const LATE = 2 * MINUTE;

const listeners = new Set<Listener>();
let timer: ReturnType<typeof setTimeout> | undefined;
let last: Instant = 0;

/** Call a listener every minute and on waking. Returns a function that removes the listener. */
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
  timer = setTimeout(tick, MINUTE - (serverNow() % MINUTE));
}

function onVisible(): void {
  if (document.visibilityState === "visible") tick();
}

function tick(): void {
  const now = Date.now();
  const asleepSince = now - last > LATE ? serverNow() - (now - last) : null;
  last = now;
  arm();
  for (const listener of [...listeners]) listener(asleepSince);
}
