import { css } from "lit";

/** The keys of a room card. A key is at least 48 px high and wide. A card that is too small for all has one, for a dialog. */
export const roomActionsStyles = css`
  button {
    font: inherit;
  }
  .key,
  .open {
    box-sizing: border-box;
    min-block-size: 48px;
    min-inline-size: 48px;
    padding: 0 16px;
    border: 2px solid transparent;
    border-radius: 12px;
    font-weight: 600;
    white-space: nowrap;
    cursor: pointer;
    touch-action: manipulation;
    -webkit-tap-highlight-color: transparent;
  }
  a {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 0.4em;
    text-decoration: none;
  }
  .key:focus-visible,
  .open:focus-visible {
    outline: 3px solid currentcolor;
    outline-offset: 2px;
  }
  .sign {
    flex: none;
    inline-size: 1.4em;
    block-size: 1.4em;
    fill: none;
    stroke: currentcolor;
    stroke-width: 2.4;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .sign.working {
    animation: turn 1s linear infinite;
  }
  .mono .sign.working {
    animation: none;
  }
  @keyframes turn {
    to {
      transform: rotate(1turn);
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .sign.working {
      animation-duration: 4s;
    }
  }

  /* On a card */
  .open {
    position: relative;
    display: none;
    align-items: center;
    justify-content: center;
    gap: 6px;
    padding: 0 10px;
    color: var(--on-fill);
    background: var(--fill);
    font-size: 15px;
  }
  .busy .open,
  .mono .open {
    border-color: currentcolor;
    color: var(--ink);
    background: none;
  }
  .room > .actions {
    display: none;
  }
  @container card (inline-size >= 220px) and (block-size < 240px) {
    .open {
      grid-area: open;
      display: flex;
      align-self: center;
    }
    .open span {
      display: none;
    }
  }
  @container card (inline-size >= 220px) and (block-size < 168px) {
    .acts .room {
      grid-template-columns: auto minmax(0, 1fr) auto;
      grid-template-areas: "icon name open" "icon state open";
    }
    .open {
      margin-block: -6px;
    }
  }
  @container card (inline-size >= 220px) and (96px <= block-size < 168px) {
    .acts .room {
      grid-template-areas: "icon name open" "icon state open" "day day day";
    }
  }
  @container card (inline-size >= 220px) and (168px <= block-size < 240px) {
    .acts .room {
      grid-template-areas: "name open" "about open" "state state" "below below" "day day";
    }
    .acts .name {
      align-self: end;
    }
  }
  @container card (block-size >= 240px) {
    .acts .room {
      grid-template:
        "name clock" auto
        "about about" auto
        "state state" minmax(0, 1fr)
        "below below" auto
        "day day" auto
        "open open" auto / minmax(0, 1fr) auto;
    }
    .open {
      grid-area: open;
      display: flex;
      margin-block-start: 6px;
    }
    .acts .hours,
    .acts .coming {
      display: none;
    }
  }
  @container card (240px <= block-size < 300px) {
    .acts .left {
      display: none;
    }
  }
  @container card (inline-size < 190px) {
    .busy .open span,
    a.open span {
      display: none;
    }
  }

  /* In a dialog, and on a panel */
  .actions {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .keys {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .label {
    font-weight: 600;
  }
  .said {
    display: flex;
    align-items: center;
    gap: 0.5em;
    font-weight: 600;
    outline: none;
  }
  .actions:not(.is-idle) .said {
    flex: 1 1 12em;
  }
  .actions.is-idle .said {
    position: absolute;
  }
  .key.digit {
    font-size: 1.4em;
  }

  dialog {
    box-sizing: border-box;
    inline-size: min(400px, 100vw - 32px);
    max-block-size: calc(100vh - 32px);
    max-block-size: calc(100dvh - 32px);
    padding: 0;
    border: 0;
    border-radius: 20px;
    color: var(--text);
    background: var(--ground);
    font-size: 16px;
    line-height: 1.35;
    box-shadow: 0 8px 40px rgb(0 0 0 / 40%);
  }
  dialog.mono {
    border: 2px solid #000;
    border-radius: 0;
    box-shadow: none;
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 55%);
  }
  .sheet {
    padding: 16px 20px 20px;
  }
  .top {
    display: flex;
    align-items: center;
    gap: 12px;
    margin-block-end: 12px;
  }
  .top h2 {
    flex: 1;
    overflow: hidden;
    text-overflow: ellipsis;
    font-size: 20px;
    font-weight: 600;
    white-space: nowrap;
  }
  .top .key {
    display: grid;
    place-items: center;
    padding: 0;
    border: 0;
    border-radius: 50%;
  }
  .sheet .actions {
    flex-direction: column;
    align-items: stretch;
    gap: 16px;
  }
  .sheet .actions:not(.is-idle) .said {
    flex: none;
    min-block-size: 2.7em;
  }
  .sheet .keys {
    display: grid;
    grid-template-columns: 1fr 1fr;
  }
  .sheet .label {
    grid-column: 1 / -1;
  }
  .sheet .key {
    min-block-size: 56px;
    color: #fff;
    background: var(--key, var(--free));
    font-size: 17px;
  }
  .sheet .key.quiet {
    border-color: var(--quiet);
    color: var(--text);
    background: none;
  }
  .sheet .top .key {
    min-block-size: 48px;
    border-color: transparent;
  }
  .sheet .is-confirm .key:not(.quiet) {
    background: var(--busy);
  }
  .sheet .is-idle .key.quiet,
  .sheet .keys .key:only-child {
    grid-column: 1 / -1;
  }
  dialog:not(.mono) .failed {
    color: #bd2016;
  }
  dialog:not(.mono) .done {
    color: #17723a;
  }
  dialog.dark .failed {
    color: #ff8177;
  }
  dialog.dark .done {
    color: #5fcf86;
  }
  .sheet .is-pin .keys {
    grid-template-columns: repeat(3, 1fr);
  }
  .sheet .key.digit {
    border-color: var(--quiet);
    color: var(--text);
    background: none;
    font-size: 22px;
  }
  .sheet .key.erase {
    display: grid;
    place-items: center;
    padding: 0;
  }
  .dots {
    display: flex;
    justify-content: center;
    gap: 14px;
  }
  .dots i {
    inline-size: 14px;
    block-size: 14px;
    border: 2px solid currentcolor;
    border-radius: 50%;
  }
  .dots .typed {
    background: currentcolor;
  }

  @container card (block-size >= 360px) and (inline-size >= 320px) {
    .acts .room {
      grid-template:
        "name clock" auto
        "about clock" auto
        "state state" minmax(0, 1fr)
        "invite invite" auto
        "nearby nearby" auto
        "notes notes" auto
        "below below" auto
        "actions actions" auto
        "day day" auto / minmax(0, 1fr) auto;
    }
    .room .open {
      grid-area: actions;
      min-block-size: 52px;
      margin-block-start: calc(2 * var(--unit));
      border: 0;
      color: var(--fill);
      background: var(--on-fill);
      font-size: 17px;
    }
    .acts .word {
      font-size: min(21cqb, 58cqi / var(--ems));
    }
    .acts .until {
      font-size: max(18px, min(7.5cqb, 4.6cqi));
    }
    .acts.helps .state {
      grid-template:
        "icon . ." 1fr
        "icon word hint" auto
        "icon until until" auto
        "icon title title" auto
        "icon . ." 1fr / auto minmax(0, auto) 1fr;
    }
    .acts.helps .hint {
      margin-block-start: 0;
    }
    .acts.helps .word {
      font-size: min(16cqb, 44cqi / var(--ems));
    }
    .acts.helps .until {
      font-size: max(16px, min(6cqb, 4.6cqi));
    }
    .acts.helps .icon.icon {
      inline-size: min(24cqb, 22cqi);
    }
    .room > .actions {
      grid-area: actions;
      position: relative;
      min-block-size: max(48px, calc(9 * var(--unit)));
      margin-block-start: calc(2.5 * var(--unit));
      font-size: max(16px, calc(3.4 * var(--unit)));
    }
    .room > .actions .keys {
      gap: max(8px, calc(1.6 * var(--unit)));
    }
    .room > .actions.is-idle .keys {
      flex: 1;
    }
    .room .key {
      min-block-size: max(48px, calc(9 * var(--unit)));
      padding-inline: max(16px, calc(3 * var(--unit)));
      border-radius: max(12px, calc(2 * var(--unit)));
      color: var(--fill);
      background: var(--on-fill);
    }
    .room .key.quiet {
      border-color: currentcolor;
      color: var(--on-fill);
      background: none;
    }
    /* A failure stands out on every color */
    .room > .is-refused,
    .room > .is-unknown {
      padding: calc(1.2 * var(--unit)) max(12px, calc(2 * var(--unit)));
      border-radius: max(12px, calc(2 * var(--unit)));
      color: var(--fill);
      background: var(--on-fill);
    }
    .room > .is-refused .key,
    .room > .is-unknown .key {
      color: var(--on-fill);
      background: var(--fill);
    }
    .room .is-idle .key {
      flex: 1 1 auto;
      max-inline-size: 12em;
    }
    .room .is-idle .key.quiet {
      margin-inline-start: auto;
    }
    .room .is-idle .quiet + .quiet {
      margin-inline-start: 0;
    }
  }
  @container card ((block-size >= 400px) and (inline-size >= 560px)) or
    ((block-size >= 600px) and (inline-size >= 320px) and (aspect-ratio < 1)) {
    .open.open {
      display: none;
    }
    .room > .actions {
      display: flex;
    }
    .acts .hours {
      display: block;
    }
    .acts .coming {
      display: flex;
    }
  }
  @container card (block-size >= 360px) and (inline-size >= 320px) and (aspect-ratio < 1) {
    .acts .word {
      font-size: min(13cqb, 84cqi / var(--ems));
    }
    .acts .until {
      font-size: max(18px, min(4cqb, 7cqi));
    }
    .acts.helps .state {
      grid-template: "icon" auto "word" auto "until" auto "title" auto "hint" auto / minmax(0, 1fr);
    }
    .acts.helps .hint {
      margin-block-start: calc(1.5 * var(--unit));
    }
    .acts.helps .word {
      font-size: min(9cqb, 84cqi / var(--ems));
    }
    .acts.helps .until {
      font-size: max(16px, min(3cqb, 7cqi));
    }
    .acts.helps .icon.icon {
      inline-size: min(11cqb, 42cqi);
    }
    .room .is-idle .keys {
      display: grid;
      grid-template-columns: 1fr 1fr;
    }
    .room .is-idle .label,
    .room .is-idle .key.quiet {
      grid-column: 1 / -1;
    }
    .room .is-idle .key {
      max-inline-size: none;
    }
    .room .is-idle .key.quiet {
      margin: 0;
    }
    .room > .actions:not(.is-idle) .said {
      flex-basis: 100%;
    }
  }
`;
