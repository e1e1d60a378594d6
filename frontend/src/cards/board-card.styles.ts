import { css } from "lit";

/** A row takes two lines on a phone and one line elsewhere. Big screens use columns and larger text. */
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
    min-block-size: calc(100dvh - var(--header-height, 56px));
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
    padding: 16px;
    font-size: 14px;
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 4px 16px;
    margin-block-end: 8px;
  }
  h2 {
    font-size: 1.6em;
    font-weight: 600;
  }
  .summary {
    color: var(--quiet);
    font-size: 1.1em;
  }
  .clock {
    margin-inline-start: auto;
    font-size: 1.6em;
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
    flex-wrap: wrap;
    gap: 8px;
    margin-block: 4px;
  }
  select,
  .toggle {
    min-block-size: 36px;
    max-inline-size: 100%;
    padding-inline: 12px;
    border: 1px solid var(--quiet);
    border-radius: 18px;
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
  .none {
    padding: 32px 0;
    color: var(--quiet);
    text-align: center;
  }

  section {
    margin-block-end: 12px;
  }
  .axis {
    break-after: avoid;
    padding-block: 6px 2px;
  }
  h3 {
    font-size: 1.05em;
    font-weight: 600;
  }
  .hours {
    display: none;
    color: var(--quiet);
    font-size: 0.78em;
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
    break-inside: avoid;
    display: grid;
    grid-template: "badge who until" auto "badge strip strip" auto / 3.2em minmax(0, 1fr) auto;
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

  @container board (inline-size >= 620px) {
    li {
      block-size: calc(2.5em + 15px);
    }
    .axis,
    li {
      display: grid;
      grid-template: "badge who until strip" auto / 7.4em minmax(0, 1.2fr) 8.2em minmax(0, 2fr);
      gap: 12px;
    }
    h3 {
      grid-area: 1 / 1 / 2 / 3;
    }
    .hours {
      display: block;
      grid-area: strip;
      align-self: end;
    }
    .badge {
      flex-direction: row;
      gap: 6px;
      padding-inline: 6px;
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
    }
    .clock {
      order: 1;
    }
    .who b,
    .who small {
      display: block;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .who small:empty {
      display: none;
    }
    .strip {
      block-size: 22px;
    }
    .until {
      text-align: var(--near);
    }
  }
  @container board (inline-size < 1000px) {
    .hours .h2 {
      display: none;
    }
  }
  @container board (inline-size >= 1280px) {
    .board {
      padding: 24px 32px;
      font-size: 16px;
    }
    .strip {
      block-size: 1.7em;
    }
    .many .groups {
      columns: 2;
      column-gap: 40px;
    }
    .many .hours .h2 {
      display: none;
    }
    /* On a board that fills the screen, rows grow to fill it */
    :host([layout="panel"]) .board {
      font-size: clamp(16px, (100dvh - 170px) / (var(--lines) * 3.3), 28px);
    }
    :host([layout="panel"]) .many {
      font-size: clamp(16px, (100dvh - 170px) / (var(--lines) * 1.65), 20px);
    }
  }
`;
