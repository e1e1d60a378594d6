/** The strip of a day, with hours and a line at the current time. */

import { css, html, nothing, type TemplateResult } from "lit";
import type { Timeline } from "../model/timeline";
import type { Moment, RoomView } from "../model/view";

/** Hours beyond this position would run over the end of the strip. */
const FITS = 0.95;

const percent = (share: number) => `${(share * 100).toFixed(3)}%`;

/** Return the strip of a room; a blank one if the state is not known. */
export function strip(view: RoomView): TemplateResult {
  const { timeline } = view;
  if (!timeline) return html`<div class="strip blank"></div>`;
  return html`<div class="strip" role="img" aria-label=${view.bookings}>
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

/** Return the hour labels of strips. */
export function hours(timeline: Timeline | null, { formats }: Moment): TemplateResult | typeof nothing {
  if (!timeline) return nothing;
  return html`<div class="hours" aria-hidden="true">
    ${timeline.ticks
      .filter(({ at }) => at < FITS)
      .map(
        ({ at, instant, hour }) =>
          html`<span class=${hour % 4 === 0 ? "h4" : hour % 2 === 0 ? "h2" : "h1"} style="inset-inline-start:${percent(at)}"
          >${formats.hour(instant)}</span
        >`,
      )}
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
  .hours span {
    position: absolute;
  }
  .hours .h1 {
    display: none;
  }
`;
