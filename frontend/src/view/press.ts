/** The surface of a card that is touched. Tells a tap, a hold and a double tap apart. */

import { css, html, nothing, type TemplateResult } from "lit";
import type { Action } from "../hass";

export interface Actions {
  readonly tap_action?: Action | undefined;
  readonly hold_action?: Action | undefined;
  readonly double_tap_action?: Action | undefined;
}

export type Gesture = "tap" | "hold" | "double_tap";

/** "spent": a hold is over, and the click that some browsers send after it does not count. */
type State = "idle" | "down" | "held" | "spent" | "tapped";

/** Milliseconds, as in Home Assistant's own cards. */
const HOLD = 500;
const DOUBLE = 250;

export function isSet(action: Action | undefined): boolean {
  return !!action && action.action !== "none";
}

export class Press {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: State = "idle";

  /** `act` is called for gestures whose action is set. */
  constructor(private readonly act: (gesture: Gesture, actions: Actions) => void) {}

  /** Return the surface; nothing if no action is set. */
  surface(label: string, { tap_action, hold_action, double_tap_action }: Actions): TemplateResult | typeof nothing {
    const actions = { tap_action, hold_action, double_tap_action };
    if (![tap_action, hold_action, double_tap_action].some(isSet)) return nothing;
    return html`<button
      class="tap"
      aria-label=${label}
      @pointerdown=${() => this.#down(actions)}
      @pointerup=${() => this.#up(actions)}
      @pointercancel=${() => this.cancel()}
      @pointerleave=${() => this.cancel()}
      @contextmenu=${(event: Event) => isSet(hold_action) && event.preventDefault()}
      @click=${() => this.#click(actions)}
    ></button>`;
  }

  /** Forget a gesture that has begun. */
  cancel(): void {
    if (this.#state !== "tapped") this.#set("idle");
  }

  #down({ hold_action }: Actions): void {
    if (this.#state === "tapped") return;
    this.#set("down");
    if (isSet(hold_action)) this.#timer = setTimeout(() => this.#set("held"), HOLD);
  }

  #up(actions: Actions): void {
    if (this.#state !== "held") return;
    this.#end("hold", actions);
    this.#set("spent");
    this.#timer = setTimeout(() => this.#set("idle"), DOUBLE);
  }

  #click(actions: Actions): void {
    if (this.#state === "spent") this.#set("idle");
    else if (this.#state === "tapped") this.#end("double_tap", actions);
    else if (!isSet(actions.double_tap_action)) this.#end("tap", actions);
    else {
      this.#set("tapped");
      this.#timer = setTimeout(() => this.#end("tap", actions), DOUBLE);
    }
  }

  #end(gesture: Gesture, actions: Actions): void {
    this.#set("idle");
    if (isSet(actions[`${gesture}_action`])) this.act(gesture, actions);
  }

  #set(state: State): void {
    clearTimeout(this.#timer);
    this.#state = state;
  }
}

export const surfaceStyles = css`
  .tap {
    position: absolute;
    inset: 0;
    padding: 0;
    border: 0;
    border-radius: inherit;
    background: none;
    cursor: pointer;
  }
`;
