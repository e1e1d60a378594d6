/** The colors. A theme may set the colors of the states. All texts have a contrast of 4.5 or more. */

import { css } from "lit";

/**
 * --fill and --on-fill: a colored surface and the text on it. --ink: colored text on the card's background.
 * Strips: --track is free time, --bar is booked time, --past covers past time, --now is the current time.
 */
export const palette = css`
  ha-card,
  dialog {
    --ground: var(--ha-card-background, var(--card-background-color, #fff));
    --text: var(--primary-text-color, #141414);
    --quiet: var(--secondary-text-color, #5e5e5e);
    --free: var(--feishu-freebusy-free-color, #17723a);
    --busy: var(--feishu-freebusy-busy-color, #bd2016);
    --soon: var(--feishu-freebusy-soon-color, #f6b40e);
    --disabled: var(--feishu-freebusy-disabled-color, #59636f);
    --track: #cfe8d7;
    --track-edge: var(--ground);
    --past: rgb(255 255 255 / 55%);
    --bar: var(--busy);
    --now: #141414;
    --now-edge: #fff;
    --near: left;
    --far: right;
    color: var(--text);
  }
  ha-card:dir(rtl) {
    --near: right;
    --far: left;
  }
  .dark {
    --track: #21482f;
    --past: rgb(0 0 0 / 40%);
    --bar: #e4574c;
    --now: #fff;
    --now-edge: #1c1c1c;
  }
  .free {
    --fill: var(--free);
    --on-fill: #fff;
    --ink: var(--free);
  }
  .free.soon {
    --fill: var(--soon);
    --on-fill: #1d1500;
    --ink: #7a5300;
  }
  .busy {
    --fill: var(--busy);
    --on-fill: #fff;
    --ink: var(--busy);
  }
  .disabled {
    --fill: var(--disabled);
    --on-fill: #fff;
    --ink: var(--disabled);
    --bar: var(--disabled);
  }
  .unknown {
    --fill: var(--ground);
    --on-fill: var(--text);
    --ink: var(--text);
    --track: #dcdfe3;
  }
  .dark .free,
  .dark.free {
    --ink: #5fcf86;
  }
  .dark .free.soon,
  .dark.free.soon {
    --ink: #ffc73a;
  }
  .dark .busy,
  .dark.busy {
    --ink: #ff8177;
  }
  .dark .disabled,
  .dark.disabled {
    --ink: #b9c2cc;
    --bar: #8d98a5;
  }
  .dark .unknown,
  .dark.unknown {
    --track: #43484f;
  }

  /* Black on white; busy is white on black. Borders and patterns replace colors. */
  ha-card.mono,
  dialog.mono {
    --ground: #fff;
    --text: #000;
    --quiet: #000;
    --free: #000;
    --busy: #000;
    --soon: #000;
    --track: #fff;
    --track-edge: #fff;
    --past: transparent;
    --bar: #000;
    --now: #000;
    --now-edge: #fff;
  }
  ha-card.mono {
    background: #fff;
    border: 2px solid #000;
    border-radius: 0;
    box-shadow: none;
  }
  .mono .free,
  .mono .disabled,
  .mono .unknown,
  .mono.free,
  .mono.disabled,
  .mono.unknown {
    --fill: #fff;
    --on-fill: #000;
    --ink: #000;
    --bar: #000;
  }
  .mono .busy,
  .mono.busy {
    --fill: #000;
    --on-fill: #fff;
    --ink: #000;
  }
  .mono .track,
  .mono .strip.blank {
    outline: 2px solid currentcolor;
    outline-offset: -2px;
    border-radius: 0;
  }
  .mono .strip .over {
    opacity: 1;
    background: repeating-linear-gradient(135deg, var(--bar) 0 2px, var(--track) 2px 5px);
  }

  .icon {
    overflow: visible;
    fill: none;
    stroke: currentcolor;
    stroke-width: 2.2;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .mark {
    fill: var(--soon);
    stroke: var(--ground);
    stroke-width: 2;
  }
  .unheard {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (forced-colors: active) {
    .strip,
    .fill {
      forced-color-adjust: none;
    }
  }
`;
