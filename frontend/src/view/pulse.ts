/** Checks whether Home Assistant answers, with one ping for all cards of a page. */

import type { Hass } from "../hass";
import type { Instant } from "../model/zone";
import { now } from "./server-clock";

/** `silentSince` is the time of the last answer if Home Assistant is silent, null if it answers. */
export type Listener = (silentSince: Instant | null) => void;

/** How long to wait for an answer, as in Home Assistant's own frontend. */
const PATIENCE = 15_000;

const pulses = new WeakMap<object, Pulse>();

/** Return the pulse of a connection, shared by all cards; undefined if the connection has no ping. */
export function pulseOf({ connection }: Hass): Pulse | undefined {
  if (!connection?.ping) return undefined;
  let found = pulses.get(connection);
  if (!found) {
    found = new Pulse(async () => connection.ping?.());
    pulses.set(connection, found);
  }
  return found;
}

export class Pulse {
  silentSince: Instant | null = null;
  #heardAt: Instant = now();
  /** Set while an answer is awaited. */
  #patience: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<Listener>();

  constructor(private readonly ping: () => Promise<unknown>) {}

  /**
   * Ping, unless a ping is already pending, and notify the listener until it leaves. After a sleep, the connection counts
   * as silent until there is an answer.
   */
  ask(listener: Listener, asleepSince: Instant | null): void {
    this.#listeners.add(listener);
    if (asleepSince !== null) this.silentSince ??= asleepSince;
    if (this.silentSince !== null) listener(this.silentSince);
    if (this.#patience !== undefined) return;
    this.#patience = setTimeout(() => this.#miss(), PATIENCE);
    // A rejected ping is no answer; a late answer counts
    this.ping().then(
      () => {
        this.heard();
        this.#tell();
      },
      () => {},
    );
  }

  /** Remove a listener. */
  leave(listener: Listener): void {
    this.#listeners.delete(listener);
    if (!this.#listeners.size) this.#stop();
  }

  /** Record that Home Assistant answered or sent new states. */
  heard(): void {
    this.#stop();
    this.#heardAt = now();
    this.silentSince = null;
  }

  #miss(): void {
    this.#stop();
    this.silentSince ??= this.#heardAt;
    this.#tell();
  }

  #stop(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener(this.silentSince);
  }
}
