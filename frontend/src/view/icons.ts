/** The icons of the states. They are part of the bundle, so that a door panel never waits for an icon. */

import { nothing, svg, type TemplateResult } from "lit";
import type { Status } from "../model/status";

const TICK = svg`<path d="m7 12.4 3.4 3.4L17 9.2" />`;
const BAR = svg`<path d="M7 12h10" />`;
const CROSS = svg`<path d="m8.2 8.2 7.6 7.6m0-7.6-7.6 7.6" />`;
const HANDS = svg`<path d="M12 6.8V12l3.4 2.4" />`;
const QUESTION = svg`<path d="M9.4 9.6a2.7 2.7 0 1 1 3.9 2.5c-.9.4-1.3.9-1.3 1.8m0 2.7v.1" />`;

const MARKS = { free: TICK, busy: BAR, disabled: CROSS, unknown: QUESTION };

/** The icons of buttons and messages. */
const SIGNS = {
  previous: svg`<path d="m14.5 6-6 6 6 6" />`,
  next: svg`<path d="m9.5 6 6 6-6 6" />`,
  book: svg`<path d="M12 5v14M5 12h14" />`,
  change: svg`<path d="M12 7v5l3.2 2.2M20.5 12a8.5 8.5 0 1 1-2.5-6l2.5 2.4m0-4.4v4.4h-4.4" />`,
  leave: svg`<path d="M9 5h10v10M19 5 5 19" />`,
  close: svg`<path d="m6 6 12 12M18 6 6 18" />`,
  erase: svg`<path d="M9 5h11v14H9l-6-7zm3.5 4.5 5 5m0-5-5 5" />`,
  forth: svg`<path d="m9 5 7 7-7 7" />`,
  back: svg`<path d="m15 5-7 7 7 7" />`,
  working: svg`<path d="M12 3a9 9 0 1 0 9 9" />`,
  done: svg`<path d="m5 12.6 4.6 4.6L19 7.4" />`,
  failed: svg`<circle cx="12" cy="12" r="10" /><path d="M12 7v6m0 4v.1" />`,
};

/** Return the sign of a button or a message. */
export function sign(name: keyof typeof SIGNS): TemplateResult {
  return svg`<svg class="sign ${name}" viewBox="0 0 24 24" aria-hidden="true">${SIGNS[name]}</svg>`;
}

const MARK = svg`<circle class="mark" cx="22" cy="2" r="5" />`;

/** Return the icon of a status. A mark says that somebody has asked for the room. */
export function icon({ kind, soon }: Pick<Status, "kind" | "soon">, isMarked = false): TemplateResult {
  return svg`<svg class="icon" viewBox="0.9 0.9 22.2 22.2" aria-hidden="true">
    <circle cx="12" cy="12" r="10" />${(kind === "free" || kind === "busy") && soon ? HANDS : MARKS[kind]}${isMarked ? MARK : nothing}
  </svg>`;
}
