/** The icons of the states. They are part of the bundle, so that a door panel never waits for an icon. */

import { svg, type TemplateResult } from "lit";
import type { Status } from "../model/status";

const TICK = svg`<path d="m7 12.4 3.4 3.4L17 9.2" />`;
const BAR = svg`<path d="M7 12h10" />`;
const CROSS = svg`<path d="m8.2 8.2 7.6 7.6m0-7.6-7.6 7.6" />`;
const HANDS = svg`<path d="M12 6.8V12l3.4 2.4" />`;
const QUESTION = svg`<path d="M9.4 9.6a2.7 2.7 0 1 1 3.9 2.5c-.9.4-1.3.9-1.3 1.8m0 2.7v.1" />`;

const MARKS = { free: TICK, busy: BAR, disabled: CROSS, unknown: QUESTION };

/** Return the icon of a status. */
export function icon({ kind, soon }: Status): TemplateResult {
  return svg`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <circle cx="12" cy="12" r="10" />${kind === "free" && soon ? HANDS : MARKS[kind]}
  </svg>`;
}
