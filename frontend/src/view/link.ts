/** Whether what Home Assistant said last can still be relied on. */

import type { Hass } from "../hass";
import type { Instant } from "../model/zone";

export class Link {
  /** Since when nothing was heard. */
  lostAt: Instant | null = null;
  #connected = true;

  constructor(private readonly onChange: () => void) {}

  /** Take a new `hass`. */
  told(hass: Hass): void {
    if (hass.connected === this.#connected) return;
    this.#connected = hass.connected;
    this.#set(hass.connected ? null : (this.lostAt ?? Date.now()));
  }

  /** After a sleep the connection may be dead without anybody knowing: ask, and until the answer rely on nothing new. */
  async woke(hass: Hass, asleepSince: Instant): Promise<void> {
    const { connection } = hass;
    if (!connection?.ping || this.lostAt !== null) return;
    this.#set(asleepSince);
    try {
      await connection.ping();
    } catch {
      return; // it is noticed elsewhere, too, and `hass` will tell
    }
    if (this.#connected) this.#set(null);
  }

  #set(lostAt: Instant | null): void {
    this.lostAt = lostAt;
    this.onChange();
  }
}
