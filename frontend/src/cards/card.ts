/** What the cards share: they take `hass`, and draw anew when a room, a setting or the minute changes. */

import { LitElement } from "lit";
import type { Action, Hass } from "../hass";
import { Formats } from "../model/formats";
import { dayAround } from "../model/timeline";
import type { Moment } from "../model/view";
import { MINUTE } from "../model/zone";
import { textsIn } from "../texts";
import { onMinute } from "../view/clock";
import { Link } from "../view/link";
import { type CommonConfig, DAY_END, DAY_START, SOON } from "./config";

/** Whatever a card shows besides rooms depends on these; each is replaced when something in it changes. */
const SETTINGS = ["entities", "devices", "config", "locale", "themes"] as const;

export abstract class RoomsCard<Config extends CommonConfig> extends LitElement {
  /** Where Home Assistant put it: in a section ("grid"), alone in a view ("panel"), or in a column (nothing). */
  declare layout?: string;
  protected config: Config | undefined;
  #hass: Hass | undefined;
  #formats: Formats | undefined;
  #forget: (() => void) | undefined;
  readonly #link = new Link(() => this.#renew());

  static override properties = { layout: { reflect: true } };

  /** The rooms whose states matter. */
  protected abstract watched(): readonly string[];

  get hass(): Hass | undefined {
    return this.#hass;
  }

  set hass(hass: Hass) {
    const old = this.#hass;
    this.#hass = hass;
    this.#link.told(hass);
    if (!old || SETTINGS.some((name) => old[name] !== hass[name])) this.#renew();
    else if (this.watched().some((id) => old.states[id] !== hass.states[id])) this.requestUpdate();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#forget = onMinute((asleepSince) => {
      this.#link.check(asleepSince);
      this.#renew();
    });
    this.#renew();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#forget?.();
    this.#link.leave();
  }

  /** All that was worked out before may be wrong now. */
  protected renew(): void {}

  /** What is now, for views. */
  protected moment(hass: Hass, config: Config): Moment {
    const now = Date.now();
    const texts = textsIn(hass.locale.language);
    this.#formats ??= Formats.of(hass, texts);
    return {
      now,
      texts,
      formats: this.#formats,
      lostAt: this.#link.lostAt,
      day: dayAround(now, this.#formats.zone, config.day_start ?? DAY_START, config.day_end ?? DAY_END),
      soon: (config.soon ?? SOON) * MINUTE,
      steady: this.isMonochrome(config),
    };
  }

  protected isMonochrome({ monochrome }: Config): boolean {
    return monochrome ?? matchMedia("(monochrome)").matches;
  }

  /** What happens when a room is tapped; on a door panel nothing should, so by default nothing does. */
  protected action({ tap_action }: Config): Action | undefined {
    return tap_action && tap_action.action !== "none" ? tap_action : undefined;
  }

  #renew(): void {
    this.#formats = undefined;
    this.renew();
    this.requestUpdate();
  }
}
