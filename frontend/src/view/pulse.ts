/** Whether Home Assistant answers: one ping for all cards of a page. */

import type { Hass } from "../hass";
import type { Instant } from "../model/zone";

/** Takes since when there was no answer; nothing when there is one. */
export type Listener = (silentSince: Instant | null) => void;

/** As long as Home Assistant's own frontend waits for an answer. */
const PATIENCE = 15_000;

const pulses = new WeakMap<object, Pulse>();

/** Return the pulse of a connection, the same for all cards; none where nobody can be asked. */
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
  #heardAt: Instant = Date.now();
  /** Runs while an answer is awaited. */
  #patience: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<Listener>();

  constructor(private readonly ping: () => Promise<unknown>) {}

  /**
   * Ask, unless another card just did, and tell the listener until it leaves. After a sleep nothing is relied on before
   * there is an answer.
   */
  ask(listener: Listener, asleepSince: Instant | null): void {
    this.#listeners.add(listener);
    if (asleepSince !== null) this.silentSince ??= asleepSince;
    if (this.silentSince !== null) listener(this.silentSince);
    if (this.#patience !== undefined) return;
    this.#patience = setTimeout(() => this.#miss(), PATIENCE);
    // What is refused was not answered; one that comes late is an answer, too
    this.ping().then(
      () => {
        this.heard();
        this.#tell();
      },
      () => {},
    );
  }

  /** Listen no more. */
  leave(listener: Listener): void {
    this.#listeners.delete(listener);
    if (!this.#listeners.size) this.#stop();
  }

  /** Know that Home Assistant is there, be it that it answered or that the cards saw it. */
  heard(): void {
    this.#stop();
    this.#heardAt = Date.now();
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
