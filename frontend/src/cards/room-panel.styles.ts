import { css } from "lit";

/** A large room card is a panel: filled with the color of the state, readable from a distance. */
export const roomPanelStyles = css`
  @container card (block-size >= 360px) and (inline-size >= 320px) {
    .room {
      --unit: min(1cqb, 0.75cqi);
      --track: rgb(0 0 0 / 24%);
      --track-edge: var(--fill);
      --past: rgb(0 0 0 / 16%);
      --bar: var(--on-fill);
      --now: #000;
      --now-edge: #fff;
      --quiet: currentcolor;
      position: relative;
      padding: calc(5 * var(--unit)) calc(6 * var(--unit));
      grid-template:
        "name clock" auto
        "about clock" auto
        "state state" minmax(0, 1fr)
        "invite invite" auto
        "nearby nearby" auto
        "notes notes" auto
        "below below" auto
        "day day" auto / minmax(0, 1fr) auto;
      gap: 0 calc(3 * var(--unit));
      color: var(--on-fill);
      background: var(--fill);
    }
    .pale .room {
      --now: #fff;
      --now-edge: #000;
    }
    .disabled:not(.offline) .room {
      background: repeating-linear-gradient(135deg, transparent 0 28px, rgb(0 0 0 / 14%) 28px 56px) var(--fill);
    }
    .unknown .room,
    .offline .room,
    .mono.disabled .room,
    .mono.unknown .room {
      outline: max(4px, calc(1.2 * var(--unit))) dashed currentcolor;
      outline-offset: calc(-2 * var(--unit));
    }
    .offline.offline .room {
      --track: rgb(128 128 128 / 30%);
      --past: transparent;
      --bar: var(--ink);
      --now: var(--text);
      --now-edge: var(--ground);
    }
    .mono .room,
    .mono.free.soon .room {
      --track: var(--fill);
      --past: transparent;
      --now: var(--on-fill);
      --now-edge: var(--fill);
      background: var(--fill);
    }
    /* A panel has room for the number of requests */
    .mark {
      display: none;
    }
    .name {
      font-size: max(20px, calc(7 * var(--unit)));
      font-weight: 600;
    }
    .about {
      font-size: max(14px, calc(3.2 * var(--unit)));
    }
    .clock {
      grid-area: clock;
      display: block;
      text-align: var(--far);
      font-variant-numeric: tabular-nums;
      font-size: max(20px, calc(7 * var(--unit)));
    }
    .date {
      display: block;
      font-size: max(12px, calc(2.8 * var(--unit)));
    }
    .state,
    .unknown .state,
    .offline .state,
    .mono.offline .state,
    .mono.free .state,
    .mono.disabled .state {
      margin: 0;
      padding: 0;
      grid-template:
        "icon ." 1fr
        "icon word" auto
        "icon until" auto
        "icon title" auto
        "icon hint" auto
        "icon ." 1fr / auto minmax(0, 1fr);
      column-gap: calc(4 * var(--unit));
      background: none;
      outline: none;
    }
    .icon,
    .unknown .icon,
    .mono .icon.icon {
      inline-size: min(36cqb, 24cqi);
      block-size: auto;
      color: inherit;
      background: none;
    }
    .word {
      margin-inline-start: -0.06em; /* the space before a large letter */
      font-size: min(26cqb, 58cqi / var(--ems));
      font-weight: 800;
      line-height: 1.15;
      letter-spacing: -0.01em;
    }
    .until {
      margin-block-start: 0.15em;
      overflow: visible;
      display: flex;
      flex-wrap: wrap;
      column-gap: 0.7em;
      font-size: max(18px, min(8.5cqb, 4.6cqi));
      white-space: normal;
    }
    .what {
      display: contents;
    }
    .notes p {
      -webkit-line-clamp: 2;
    }
    .left {
      display: block;
    }
    .title {
      display: inline;
    }
    .next bdi::before,
    bdi + bdi::before {
      content: "\\a0· ";
    }
    .state .title {
      grid-area: title;
      display: flex;
      min-block-size: 1.25em;
      font-size: max(16px, min(6cqb, 3.6cqi));
    }
    .state .why {
      grid-area: title;
      margin: 0;
      font-size: max(16px, min(5.5cqb, 3.2cqi));
    }
    .state bdi {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    .state bdi + bdi {
      flex: none;
      max-inline-size: 50%;
    }
    .acts.titled .word {
      font-size: min(16cqb, 44cqi / var(--ems));
    }
    .acts.helps.titled .word.word {
      font-size: min(11cqb, 44cqi / var(--ems));
    }
    .hint {
      justify-self: start;
      margin-block-start: calc(1.5 * var(--unit));
      padding: 0.1em 0.6em;
      font-size: max(16px, calc(4.5 * var(--unit)));
    }
    .nearby {
      grid-area: nearby;
      display: block;
      margin-block-end: calc(2 * var(--unit));
      font-size: max(14px, calc(2.9 * var(--unit)));
    }
    .nearby h3 {
      margin-block-end: 0.3em;
      font-weight: 600;
    }
    .nearby ul {
      display: flex;
      gap: max(8px, calc(1.6 * var(--unit)));
      list-style: none;
    }
    .nearby li {
      flex: 0 1 calc(100% / 3);
      min-inline-size: 0;
      box-sizing: border-box;
      display: grid;
      grid-template-columns: fit-content(65%) minmax(0, 1fr);
      align-items: baseline;
      column-gap: 0.6em;
      padding: 0.4em 0.8em;
      border: max(1px, calc(0.25 * var(--unit))) solid currentcolor;
      border-radius: max(8px, calc(1.4 * var(--unit)));
    }
    .nearby b,
    .nearby span {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    .nearby b {
      font-size: 1.2em;
    }
    .nearby span:last-child {
      grid-column: 1 / -1;
    }
    .helps .word {
      font-size: min(19cqb, 58cqi / var(--ems));
    }
    .helps .until {
      font-size: max(18px, min(7cqb, 4.6cqi));
    }
    .helps .icon.icon {
      inline-size: min(30cqb, 24cqi);
    }
    .notes {
      grid-area: notes;
      font-size: max(15px, calc(3.6 * var(--unit)));
    }
    .pending {
      display: block;
    }
    .notes .lost {
      display: block;
      inline-size: fit-content;
      padding: 0.1em 0.6em;
      border-radius: 99px;
      color: var(--fill);
      background: var(--on-fill);
      font-weight: 600;
    }
    .coming,
    .notes.urgent ~ .coming {
      display: flex;
      gap: 0 calc(8 * var(--unit));
      font-size: max(16px, calc(4 * var(--unit)));
    }
    .coming > div {
      min-inline-size: 0;
    }
    .coming > div + div {
      display: flex;
      flex: none;
    }
    dd {
      font-weight: 600;
    }
    /* As many of the later bookings as fit into the line */
    .coming dd:first-of-type {
      display: flex;
      flex-wrap: wrap;
      block-size: 1.25em;
    }
    .next {
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .later {
      display: inline;
    }
    .later::before {
      content: "\\a0· ";
    }
    .day {
      margin-block-start: calc(2.5 * var(--unit));
    }
    .strip {
      block-size: max(22px, calc(6 * var(--unit)));
      border-radius: max(4px, calc(1 * var(--unit)));
    }
    .strip .now {
      inline-size: max(3px, calc(0.7 * var(--unit)));
    }
    .hours {
      font-size: max(12px, calc(2.8 * var(--unit)));
    }
    .unknown .day {
      visibility: hidden;
    }
  }
  /* A portrait panel */
  @container card (block-size >= 360px) and (inline-size >= 320px) and (aspect-ratio < 1) {
    .room {
      --unit: min(0.62cqb, 1.25cqi);
    }
    .state,
    .unknown .state,
    .offline .state,
    .mono.offline .state,
    .mono.free .state,
    .mono.disabled .state {
      grid-template: "icon" auto "word" auto "until" auto "title" auto "hint" auto / minmax(0, 1fr);
      justify-items: center;
      text-align: center;
    }
    .icon,
    .unknown .icon,
    .mono .icon.icon {
      inline-size: min(20cqb, 42cqi);
    }
    .word {
      font-size: min(15cqb, 84cqi / var(--ems));
    }
    .until {
      justify-self: center;
      font-size: max(18px, min(4.5cqb, 7cqi));
    }
    .until {
      flex-direction: column;
      align-items: center;
    }
    .until,
    .state .why {
      text-align: center;
    }
    .word {
      margin: 0;
    }
    .titled .icon.icon {
      inline-size: min(15cqb, 42cqi);
    }
    .acts.titled .icon.icon.icon {
      inline-size: min(7cqb, 42cqi);
    }
    .acts.titled .word {
      font-size: min(11cqb, 84cqi / var(--ems));
    }
    .acts.helps.titled .word.word {
      font-size: min(8cqb, 84cqi / var(--ems));
    }
    .state .title {
      max-inline-size: 100%;
      font-size: max(16px, min(3.2cqb, 5cqi));
    }
    .hint {
      justify-self: center;
    }
    .helps .word {
      font-size: min(12cqb, 84cqi / var(--ems));
    }
    .helps .until {
      font-size: max(18px, min(4cqb, 7cqi));
    }
    .helps .icon.icon {
      inline-size: min(15cqb, 42cqi);
    }
    .nearby ul {
      flex-direction: column;
      gap: max(4px, calc(0.8 * var(--unit)));
    }
    .nearby li {
      flex: none;
      grid-template-columns: fit-content(40%) minmax(0, 1fr) auto;
      padding-block: 0.3em;
    }
    .nearby b {
      font-size: 1.1em;
    }
    .nearby span:last-child {
      grid-column: 3;
    }
    .coming,
    .notes.urgent ~ .coming {
      flex-direction: column;
    }
  }
  @container card (inline-size < 480px) {
    .next .title {
      display: none;
    }
  }
  @container card (block-size < 440px) {
    .nearby.nearby {
      display: none;
    }
  }
`;
