/** A card on a wall: it covers Home Assistant's bars, keeps the screen awake, is dark out of hours, and heals a stuck page. */

import { css, type ReactiveController } from "lit";
import type { Hass } from "../hass";
import { type Instant, MINUTE } from "../model/zone";
import { isOffice, now } from "./server-clock";

/** How long the card is bright after a touch out of hours. */
const AWAKE = MINUTE;
/** How long an administrator holds a finger on the heading to get the bars back. */
const HOLD = 3_000;
/** How long the connection is lost before the page is loaded again. Home Assistant's frontend reconnects by itself before. */
const STUCK = 2 * MINUTE;
/** The page is not loaded again more often than this. */
const PAUSE = 10 * MINUTE;
const LOADED_AT = "feishu-freebusy-loaded-again";
/** A file of every Home Assistant, to find out whether it answers. */
const PROBE = "/manifest.json";

/** What a card tells its kiosk. */
export interface Wishes {
  readonly hass: Hass | undefined;
  /** Whether the card fills a view that is not edited. */
  readonly isPossible: boolean;
  readonly isWanted: boolean;
  readonly isDimmed: boolean;
  readonly lostAt: Instant | null;
}

/** Whether an administrator has asked for the bars; until the page is loaded again. */
let isReleased = false;

export class Kiosk implements ReactiveController {
  #isOn = false;
  /** Whether this kiosk has switched Home Assistant's own kiosk mode on. */
  #hasHidden = false;
  #lock: WakeLockSentinel | undefined;
  #touchedAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setInterval> | undefined;
  #holding: ReturnType<typeof setTimeout> | undefined;
  #wasLost = false;

  constructor(
    private readonly host: HTMLElement & { requestUpdate(): void },
    private readonly wishes: () => Wishes,
    private readonly reload = () => location.reload(),
  ) {}

  hostUpdated(): void {
    const { isPossible, isWanted, isDimmed, lostAt } = this.wishes();
    const asked = new URLSearchParams(location.search).get("kiosk");
    this.#set(isPossible && !isReleased && (asked === "on" || (isWanted && asked !== "off")));
    const isDark = this.#isOn && isDimmed && !isOffice() && now() - this.#touchedAt >= AWAKE;
    this.host.toggleAttribute("dim", isDark);
    if (this.#isOn && this.#wasLost && lostAt === null) this.#renew();
    this.#wasLost = lostAt !== null;
  }

  hostDisconnected(): void {
    this.#set(false);
  }

  #set(isOn: boolean): void {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    this.host.toggleAttribute("kiosk", isOn);
    this.host.requestUpdate();
    const change = isOn ? "addEventListener" : "removeEventListener";
    document[change]("visibilitychange", this.#stayAwake);
    window[change]("keydown", this.#press as EventListener);
    for (const name of ["pointerdown", "pointerup", "pointercancel"]) {
      this.host[change](name, this.#touch as EventListener);
    }
    clearInterval(this.#timer);
    if (isOn) {
      this.#hasHidden = !this.wishes().hass?.kioskMode;
      this.#timer = setInterval(() => this.#heal(), MINUTE);
    } else clearTimeout(this.#holding);
    if (this.#hasHidden) hideBars(isOn);
    this.#stayAwake();
  }

  /** Hold the wake lock while the page is visible. A browser has it only on https or localhost, and may refuse it. */
  readonly #stayAwake = () => {
    if (this.#isOn && document.visibilityState === "visible") {
      navigator.wakeLock?.request("screen").then(
        (lock) => {
          if (this.#isOn) this.#lock = lock;
          else lock.release();
        },
        () => {},
      );
    } else {
      this.#lock?.release();
      this.#lock = undefined;
    }
  };

  readonly #touch = (event: PointerEvent) => {
    clearTimeout(this.#holding);
    if (event.type !== "pointerdown") return;
    this.#touchedAt = now();
    this.host.requestUpdate();
    if (event.composedPath()[0] instanceof HTMLHeadingElement) this.#holding = setTimeout(() => this.#release(), HOLD);
  };

  readonly #press = ({ key }: KeyboardEvent) => {
    if (key === "Escape") this.#release();
  };

  /** Give an administrator the bars back. */
  #release(): void {
    if (!this.wishes().hass?.user?.is_admin) return;
    isReleased = true;
    this.host.requestUpdate();
  }

  /** Load the page again if it has lost Home Assistant, although Home Assistant answers. */
  async #heal(): Promise<void> {
    const { lostAt } = this.wishes();
    if (lostAt === null || now() - lostAt < STUCK) return;
    const answer = await fetch(PROBE, { method: "HEAD", cache: "no-store" }).catch(() => undefined);
    if (answer?.ok && this.wishes().lostAt !== null) this.#loadAgain();
  }

  /** Load the page again if Home Assistant has come back with other cards. */
  async #renew(): Promise<void> {
    const { pathname, search } = new URL(import.meta.url);
    const resources = await this.wishes()
      .hass?.callWS?.<readonly { readonly url: string }[]>({ type: "lovelace/resources" })
      .catch(() => undefined);
    const ours = (resources ?? [])
      .map(({ url }) => new URL(url, location.href))
      .filter((url) => url.pathname === pathname);
    if (ours.length && ours.every((url) => url.search !== search)) this.#loadAgain();
  }

  #loadAgain(): void {
    if (Date.now() - Number(sessionStorage.getItem(LOADED_AT)) < PAUSE) return;
    sessionStorage.setItem(LOADED_AT, String(Date.now()));
    this.reload();
  }
}

/** Switch Home Assistant's own kiosk mode, as its apps do. It hides the sidebar. */
function hideBars(enable: boolean): void {
  window.dispatchEvent(new CustomEvent("hass-kiosk-mode", { detail: { enable } }));
}

/** Forget that an administrator has asked for the bars. */
export function forgetRelease(): void {
  isReleased = false;
}

export const kioskStyles = css`
  :host([kiosk]) {
    position: fixed;
    inset: 0;
    z-index: 100;
    block-size: auto;
    background: var(--primary-background-color, #fff);
  }
  :host([kiosk]) ha-card {
    border: 0;
    border-radius: 0;
    box-shadow: none;
  }
  :host([dim]) ha-card::after {
    content: "";
    position: absolute;
    inset: 0;
    background: #000;
    opacity: 0.8;
    pointer-events: none;
  }
`;
