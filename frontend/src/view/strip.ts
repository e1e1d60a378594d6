/** The strip of a day, with hours and a line at the current time. */

import { css, html, nothing, type TemplateResult } from "lit";
import type { Timeline } from "../model/timeline";
import type { Moment } from "../model/view";

/** The part of a strip at each end that is too short for half a label. */
const EDGE = 0.04;

const percent = (share: number) => `${(share * 100).toFixed(3)}%`;

/** A day of a room, with its bookings as a phrase. */
interface Shown {
  readonly timeline: Timeline | null;
  readonly bookings: string;
}

/** Return the strip of a room; a blank one if the state is not known. */
export function strip({ timeline, bookings }: Shown): TemplateResult {
  if (!timeline) return html`<div class="strip blank"></div>`;
  return html`<div class="strip" role="img" aria-label=${bookings}>
    <div class="track">
      <i class="past" style="inline-size:${percent(timeline.now)}"></i>
      ${timeline.bars.map(
        ({ from, to }) =>
          html`<i
            class=${to <= timeline.now ? "bar over" : "bar"}
            style="inset-inline-start:${percent(from)};inline-size:${percent(to - from)}"
          ></i>`,
      )}
    </div>
    <i class="now" style="inset-inline-start:${percent(timeline.now)}"></i>
  </div>`;
}

/** Return the hours of strips, each with a tick and its label in the middle of it. Labels at an end have no room. */
export function hours(timeline: Timeline | null, { formats }: Moment): TemplateResult | typeof nothing {
  if (!timeline) return nothing;
  return html`<div class="hours" aria-hidden="true">
    ${timeline.ticks.map(({ at, instant, hour }) => {
      const label = EDGE <= at && at <= 1 - EDGE ? formats.hour(instant) : "";
      const size = hour % 4 === 0 ? "h4" : hour % 2 === 0 ? "h2" : "h1";
      return html`<i class=${size} style="inset-inline-start:${percent(at)}"><span>${label}</span></i>`;
    })}
  </div>`;
}

export const stripStyles = css`
  .strip {
    position: relative;
  }
  .track {
    position: relative;
    block-size: 100%;
  }
  .strip.blank,
  .track {
    overflow: hidden;
    border-radius: 4px;
    background: var(--track);
  }
  .strip i {
    position: absolute;
    inset-block: 0;
  }
  .strip .past {
    inset-inline-start: 0;
    background: var(--past);
  }
  .strip .bar {
    min-inline-size: 2px;
    border-inline: 1px solid var(--track-edge);
    box-sizing: border-box;
    background: var(--bar);
  }
  .strip .over {
    opacity: 0.45;
  }
  .strip .now {
    inset-block: -3px;
    border-radius: 2px;
    inline-size: 3px;
    margin-inline-start: -1.5px;
    background: var(--now);
    box-shadow: 0 0 0 1.5px var(--now-edge);
  }
  .strip.blank {
    background: repeating-linear-gradient(135deg, var(--track) 0 6px, transparent 6px 12px);
  }
  .hours {
    position: relative;
    block-size: 1.3em;
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  .hours i {
    position: absolute;
    inset-block: 0;
    display: flex;
    justify-content: center;
    inline-size: 0;
    font-style: normal;
  }
  .hours i::before {
    content: "";
    position: absolute;
    inline-size: 1px;
    block-size: 3px;
    background: currentcolor;
  }
  .hours span {
    margin-block-start: 3px;
  }
  .hours .h1 span {
    display: none;
  }
`;
