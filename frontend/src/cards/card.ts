/** The base of the cards: takes `hass`, and renders again when a room, a setting or the minute changes. */

import { type CSSResult, LitElement } from "lit";
import { type Action, type Hass, PLATFORM } from "../hass";
import { Formats } from "../model/formats";
import { type Day, dayAround } from "../model/timeline";
import type { Moment } from "../model/view";
import { type Instant, MINUTE } from "../model/zone";
import { textsIn } from "../texts";
import { onMinute } from "../view/clock";
import { hasContainerQueries, SizedStyles } from "../view/containers";
import { Kiosk, type Wishes } from "../view/kiosk";
import { Link } from "../view/link";
import * as serverClock from "../view/server-clock";
import { type CommonConfig, DAY_END, DAY_START, SOON } from "./config";

/** Parts of `hass` that a card depends on besides states. Home Assistant replaces one when anything in it changes. */
const SETTINGS = ["entities", "devices", "config", "locale", "themes"] as const;

export abstract class RoomsCard<Config extends CommonConfig> extends LitElement {
  /** Where the card is: in a section ("grid"), alone in a view ("panel"), or in a column (undefined). */
  declare layout?: string;
  /** Whether Home Assistant shows the card in an editor. */
  declare preview?: boolean;
  protected config: Config | undefined;
  #hass: Hass | undefined;
  #formats: Formats | undefined;
  #forget: (() => void) | undefined;
  readonly #link = new Link(() => this.#renew());

  static override properties = { layout: { reflect: true }, preview: { type: Boolean } };

  constructor() {
    super();
    this.addController(new Kiosk(this, () => this.#wishes));
  }

  get #wishes(): Wishes {
    const { hass, config, layout, preview, lostAt } = this;
    const isPossible = layout === "panel" && !preview && this.isConnected;
    const isDimmed = !!config && config.dim !== false && !this.isMonochrome(config);
    return { hass, isPossible, isWanted: config?.kiosk === true, isDimmed, lostAt };
  }

  protected override createRenderRoot(): HTMLElement | DocumentFragment {
    if (hasContainerQueries()) return super.createRenderRoot();
    const root = this.attachShadow({ mode: "open" });
    const { elementStyles } = this.constructor as typeof LitElement;
    new SizedStyles(this, root, elementStyles as readonly CSSResult[]);
    return root;
  }

  /** Return the entity IDs of the rooms that the card shows. */
  protected abstract watched(): readonly string[];

  /** When the connection was lost, null while connected. */
  protected get lostAt(): Instant | null {
    return this.#link.lostAt;
  }

  get hass(): Hass | undefined {
    return this.#hass;
  }

  set hass(hass: Hass) {
    const old = this.#hass;
    this.#hass = hass;
    this.#link.told(hass);
    this.#compareClocks();
    const isSame = SETTINGS.every((name) => old?.[name] === hass[name]);
    if (!isSame || old?.services?.[PLATFORM] !== hass.services?.[PLATFORM]) this.#renew();
    else if (this.watched().some((id) => old?.states[id] !== hass.states[id])) this.requestUpdate();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#forget = onMinute((asleepSince) => {
      this.#link.check(asleepSince);
      this.#compareClocks();
      this.#renew();
    });
    this.#renew();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#forget?.();
    this.#link.leave();
  }

  /** Drop everything that was computed before. */
  protected renew(): void {}

  /** Return the current moment, the input of the views. */
  protected moment(hass: Hass, config: Config): Moment {
    const now = serverClock.now();
    const texts = textsIn(hass.locale.language);
    this.#formats ??= Formats.of(hass, texts);
    return {
      now,
      texts,
      formats: this.#formats,
      lostAt: this.lostAt,
      isClockRight: serverClock.isCompared(),
      day: this.day(now, this.#formats.zone, config),
      soon: (config.soon ?? SOON) * MINUTE,
      steady: this.isMonochrome(config),
    };
  }

  /** Return the part of the day that the strips show. */
  protected day(now: Instant, zone: string, { day_start, day_end }: Config): Day {
    return dayAround(now, zone, day_start ?? DAY_START, day_end ?? DAY_END);
  }

  protected isMonochrome({ monochrome }: Config): boolean {
    return monochrome ?? matchMedia("(monochrome)").matches;
  }

  /** Return the action for a tap on a room. The default is none, as a door panel should not react to taps. */
  protected action({ tap_action }: Config): Action | undefined {
    return tap_action && tap_action.action !== "none" ? tap_action : undefined;
  }

  #compareClocks(): void {
    if (!this.#hass) return;
    const before = serverClock.isCompared();
    serverClock.compare(this.#hass).then(() => {
      if (serverClock.isCompared() !== before) this.#renew();
    });
  }

  #renew(): void {
    this.#formats = undefined;
    this.renew();
    this.requestUpdate();
  }
}
