import { css } from "lit";
import { HEADING, ROW } from "../model/pages";

/** A row takes two lines on a phone and one line elsewhere. A board that fills a screen has columns and larger text. */
export const boardCardStyles = css`
  :host {
    display: block;
  }
  ha-card {
    box-sizing: border-box;
    container: board / inline-size;
    line-height: 1.3;
  }
  :host([layout="panel"]) ha-card {
    min-block-size: calc(100vh - var(--header-height, 56px));
  }
  /* The height comes from outside: rows do not make the board higher */
  :host([fits]),
  :host([scrolls]) {
    contain: size;
    block-size: 100%;
  }
  :host([fits][layout="panel"]) {
    min-block-size: 240px;
  }
  :host([scrolls]) ha-card {
    block-size: 100%;
    overflow-y: auto;
  }
  :host([scrolls]) .once {
    inset-block-start: 0;
  }
  :host([fits]) ha-card,
  :host([fits]) .board {
    block-size: 100%;
    min-block-size: 0;
    overflow: hidden;
  }
  p,
  h2,
  h3,
  ul {
    margin: 0;
    padding: 0;
  }
  /* Our texts run left to right even on a right-to-left page; their alignment follows the page */
  p,
  h2,
  h3,
  b,
  small,
  .until,
  .toggle {
    unicode-bidi: plaintext;
    text-align: var(--near);
  }
  small {
    color: var(--quiet);
    font-size: 0.85em;
    font-weight: 400;
  }
  .board {
    box-sizing: border-box;
    display: flex;
    flex-direction: column;
    padding: 16px;
    font-size: 14px;
  }
  .head {
    flex: none;
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 16px;
    margin-block-end: 8px;
  }
  h2 {
    font-size: 1.4em;
    font-weight: 600;
  }
  .summary {
    color: var(--quiet);
  }
  .clock {
    margin-inline-start: auto;
    font-size: 1.4em;
    font-variant-numeric: tabular-nums;
  }
  .lost {
    padding: 2px 10px;
    border-radius: 99px;
    color: #1d1500;
    background: #f6b40e;
    font-weight: 600;
  }
  .filters {
    display: flex;
    flex: 1 0 100%;
    order: 1;
    gap: 6px;
    margin-inline: -16px;
    padding: 4px 16px;
    overflow-x: auto;
    scrollbar-width: none;
  }
  .filters::-webkit-scrollbar {
    display: none;
  }
  select,
  .toggle,
  .pager button {
    flex: none;
    box-sizing: border-box;
    block-size: 44px;
    max-inline-size: 12em;
    padding-inline: 10px;
    border: 1px solid var(--quiet);
    border-radius: 22px;
    color: var(--text);
    background: var(--ground);
    font: inherit;
    cursor: pointer;
  }
  .toggle[aria-pressed="true"] {
    border-color: var(--free);
    color: #fff;
    background: var(--free);
    font-weight: 600;
  }
  .mono .toggle[aria-pressed="true"] {
    color: #fff;
    background: #000;
  }
  select:focus-visible,
  button:focus-visible {
    outline: 3px solid var(--primary-color, currentcolor);
    outline-offset: 1px;
  }
  .toggle {
    max-inline-size: none;
  }
  .pager {
    display: flex;
    align-items: center;
    gap: 8px;
    margin-inline-start: auto;
    font-variant-numeric: tabular-nums;
  }
  .pager button {
    inline-size: 44px;
    padding: 0;
  }
  .sign {
    inline-size: 24px;
    block-size: 24px;
    fill: none;
    stroke: currentcolor;
    stroke-width: 2;
    stroke-linecap: round;
    stroke-linejoin: round;
    vertical-align: middle;
  }
  .none {
    padding: 32px 0;
    color: var(--quiet);
    text-align: center;
  }

  .rooms {
    flex: 1;
    min-block-size: 0;
    display: grid;
    grid-template-columns: repeat(var(--columns), minmax(0, 1fr));
    gap: 2.5em;
  }
  :host([fits]) .rooms {
    overflow: hidden;
  }
  .axis {
    display: flex;
    align-items: end;
    box-sizing: border-box;
    block-size: ${HEADING}em;
    padding-block-end: 2px;
  }
  .once {
    position: sticky;
    inset-block-start: var(--header-height, 56px);
    z-index: 1;
    block-size: 1.8em;
    background: var(--ground);
  }
  .once .hours {
    flex: 1;
    margin-inline-start: calc(3.5em + 10px);
  }
  h3 {
    overflow: hidden;
    font-size: 1.05em;
    font-weight: 600;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .hours {
    container: hours / inline-size;
    color: var(--quiet);
    font-size: 0.78em;
  }
  .hours i::before {
    inset-block-end: 0;
  }
  .hours span {
    margin: 0;
    line-height: 1;
  }
  .axis:not(.once) .h2 span,
  .axis:not(.once) .h1 span {
    display: none;
  }
  .once .h1 span {
    display: inline;
  }
  @container hours (inline-size >= 14em) {
    .axis:not(.once) .h2 span {
      display: inline;
    }
  }
  @container hours (inline-size >= 32em) {
    .axis:not(.once) .h1 span {
      display: inline;
    }
  }
  ul {
    list-style: none;
  }
  /* Contained and of a known size: a change in one row does not lay out 200 rows again */
  li {
    position: relative;
    box-sizing: border-box;
    block-size: calc(3.2em + 15px);
    contain: strict;
    display: grid;
    grid-template: "badge who until" auto "badge strip strip" auto / 3.5em minmax(0, 1fr) auto;
    align-items: center;
    gap: 4px 10px;
    padding-block: 7px;
    border-block-start: 1px solid var(--divider-color, #e0e0e0);
  }
  .badge {
    grid-area: badge;
    align-self: stretch;
    box-sizing: border-box;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    padding: 1px 2px;
    border-radius: 8px;
    color: var(--on-fill);
    background: var(--fill);
    text-align: center;
  }
  .badge b {
    font-size: 0.75em;
    line-height: 1.1;
    text-align: center;
    text-wrap: balance;
  }
  .unknown .badge,
  .mono .free .badge,
  .mono .disabled .badge {
    outline: 2px dashed currentcolor;
    outline-offset: -2px;
  }
  .mono .free .badge {
    outline-style: solid;
  }
  .icon {
    flex: none;
    inline-size: 1.2em;
    block-size: 1.2em;
  }
  .who {
    grid-area: who;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .who b {
    font-weight: 600;
  }
  .until {
    grid-area: until;
    font-size: 0.9em;
    font-variant-numeric: tabular-nums;
    text-align: var(--far);
    text-wrap: balance;
  }
  .strip {
    grid-area: strip;
    block-size: 10px;
  }
  .tap {
    position: absolute;
    inset: 0;
    border: 0;
    background: none;
    cursor: pointer;
  }
  .tap:focus-visible {
    outline-offset: -3px;
  }

  /* A state that ends soon, and states that may be out of date */
  .busy.soon .badge {
    box-shadow: inset 0 0 0 0.2em var(--soon);
  }
  .mono .busy.soon .badge {
    outline: 2px dashed currentcolor;
    outline-offset: -4px;
    box-shadow: none;
  }
  .offline .badge.badge {
    color: var(--ink);
    background: var(--ground);
    box-shadow: none;
    outline: 2px dashed currentcolor;
    outline-offset: -2px;
  }

  @container board (inline-size >= 620px) {
    .board {
      padding-block: 12px;
    }
    li {
      block-size: ${ROW}em;
      padding-block: 0.12em;
    }
    .axis,
    li {
      display: grid;
      grid-template: "badge who until strip" auto / 7em min(15em, 30%) 7.6em minmax(0, 1fr);
      gap: 0.75em;
    }
    .bare .axis,
    .bare li {
      grid-template: "badge who until" auto / 7em minmax(0, 1fr) 7.6em;
    }
    .bare .hours,
    .bare .strip {
      display: none;
    }
    h3 {
      grid-area: 1 / 1 / 2 / 4;
    }
    .hours {
      grid-area: strip;
      align-self: end;
    }
    .badge {
      flex-direction: row;
      gap: 0.35em;
      padding-inline: 0.35em;
    }
    .icon {
      inline-size: 1.35em;
      block-size: 1.35em;
    }
    .badge b {
      font-size: 0.95em;
      white-space: nowrap;
    }
    .filters {
      flex: 0 1 auto;
      order: 0;
      margin: 0;
      padding: 2px;
    }
    h2,
    .clock {
      font-size: 1.6em;
    }
    .summary {
      font-size: 1.1em;
    }
    .pager + .clock {
      margin-inline-start: 8px;
    }
    .badge {
      margin-block: 0.1em;
    }
    .who {
      line-height: 1.2;
    }
    /* The padding is for letters that are taller than the line */
    .who b,
    .who small {
      display: block;
      padding-block: 0.15em;
      margin-block: -0.15em;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .who small {
      line-height: 1.3;
    }
    .who small:empty {
      display: none;
    }
    .strip {
      block-size: 1.5em;
    }
    .until {
      line-height: 1.15;
      text-align: var(--near);
    }
  }
  @container board (inline-size >= 1200px) {
    .board {
      padding: 16px 32px;
      font-size: 16px;
    }
  }
  @container board (inline-size >= 1800px) {
    .head {
      font-size: 20px;
    }
  }
`;
