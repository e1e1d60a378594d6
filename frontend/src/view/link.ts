/** Whether what Home Assistant said last can still be relied on. */

import type { Hass } from "../hass";
import type { Instant } from "../model/zone";
import { type Pulse, pulseOf } from "./pulse";

export class Link {
  /** Since when nothing was heard. */
  lostAt: Instant | null = null;
  #connected = true;
  #pulse: Pulse | undefined;

  constructor(private readonly onChange: () => void) {}

  /** Take a new `hass`. */
  told(hass: Hass): void {
    const reconnected = hass.connected && !this.#connected;
    this.#connected = hass.connected;
    this.#pulse = pulseOf(hass);
    if (reconnected) this.#pulse?.heard();
    this.#set(hass.connected ? (this.#pulse?.silentSince ?? null) : (this.lostAt ?? Date.now()));
  }

  /**
   * Ask whether the connection that is said to be there is: nobody may know that it died. Home Assistant's own frontend asks
   * no more once it has reconnected, and a device that slept may find itself elsewhere.
   */
  check(asleepSince: Instant | null): void {
    if (this.#connected) this.#pulse?.ask(this.#hear, asleepSince);
  }

  /** Check no more. */
  leave(): void {
    this.#pulse?.leave(this.#hear);
  }

  readonly #hear = (silentSince: Instant | null) => {
    if (this.#connected) this.#set(silentSince);
  };

  #set(lostAt: Instant | null): void {
    if (lostAt === this.lostAt) return;
    this.lostAt = lostAt;
    this.onChange();
  }
}
