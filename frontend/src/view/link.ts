/** Tracks whether the last states from Home Assistant can still be trusted. */

import type { Hass } from "../hass";
import type { Instant } from "../model/zone";
import { type Pulse, pulseOf } from "./pulse";
import { now } from "./server-clock";

export class Link {
  /** When the connection was lost, null while connected. */
  lostAt: Instant | null = null;
  #connected = true;
  /** The states from before the loss. After a reconnect they stay in `hass` until new states arrive. */
  #stale: Hass["states"] | undefined;
  #pulse: Pulse | undefined;

  constructor(private readonly onChange: () => void) {}

  /** Handle a new `hass`. */
  told(hass: Hass): void {
    this.#connected = hass.connected;
    this.#pulse = pulseOf(hass);
    if (!hass.connected) {
      this.#stale = hass.states;
      this.#set(this.lostAt ?? now());
    } else if (hass.states !== this.#stale) {
      if (this.#stale) this.#pulse?.heard();
      this.#stale = undefined;
      this.#set(this.#pulse?.silentSince ?? null);
    }
  }

  /**
   * Check that the connection is alive, as a dead connection can go unnoticed: Home Assistant's frontend stops checking after
   * a reconnect, and a device that slept may be on another network.
   */
  check(asleepSince: Instant | null): void {
    if (!this.#connected) return;
    if (this.#pulse) this.#pulse.ask(this.#hear, asleepSince);
    else this.#hear(null); // no ping available: do not stay lost forever
  }

  /** Stop checking. */
  leave(): void {
    this.#pulse?.leave(this.#hear);
  }

  readonly #hear = (silentSince: Instant | null) => {
    if (!this.#connected) return;
    // Home Assistant answers in order, so any new states have arrived before this answer
    if (silentSince === null) this.#stale = undefined;
    this.#set(silentSince === null ? null : (this.lostAt ?? silentSince));
  };

  #set(lostAt: Instant | null): void {
    if (lostAt === this.lostAt) return;
    this.lostAt = lostAt;
    this.onChange();
  }
}
