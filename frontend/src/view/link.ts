/** Whether what Home Assistant said last can still be relied on. */

import type { Hass } from "../hass";
import type { Instant } from "../model/zone";
import { type Pulse, pulseOf } from "./pulse";

export class Link {
  /** Since when nothing was heard. */
  lostAt: Instant | null = null;
  #connected = true;
  /** The states of a connection that was lost. They are still there when it is said to be back; new ones come a bit later. */
  #stale: Hass["states"] | undefined;
  #pulse: Pulse | undefined;

  constructor(private readonly onChange: () => void) {}

  /** Take a new `hass`. */
  told(hass: Hass): void {
    this.#connected = hass.connected;
    this.#pulse = pulseOf(hass);
    if (!hass.connected) {
      this.#stale = hass.states;
      this.#set(this.lostAt ?? Date.now());
    } else if (hass.states !== this.#stale) {
      if (this.#stale) this.#pulse?.heard();
      this.#stale = undefined;
      this.#set(this.#pulse?.silentSince ?? null);
    }
  }

  /**
   * Ask whether the connection that is said to be there is: nobody may know that it died. Home Assistant's own frontend asks
   * no more once it has reconnected, and a device that slept may find itself elsewhere.
   */
  check(asleepSince: Instant | null): void {
    if (!this.#connected) return;
    if (this.#pulse) this.#pulse.ask(this.#hear, asleepSince);
    else this.#hear(null); // nobody can be asked, and nothing stays lost for ever
  }

  /** Check no more. */
  leave(): void {
    this.#pulse?.leave(this.#hear);
  }

  readonly #hear = (silentSince: Instant | null) => {
    if (!this.#connected) return;
    // Home Assistant answers in order: new states, if there were to be any, came before
    if (silentSince === null) this.#stale = undefined;
    this.#set(silentSince === null ? null : (this.lostAt ?? silentSince));
  };

  #set(lostAt: Instant | null): void {
    if (lostAt === this.lostAt) return;
    this.lostAt = lostAt;
    this.onChange();
  }
}
