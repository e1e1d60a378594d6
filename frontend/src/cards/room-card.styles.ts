import { css } from "lit";

/** By available space: a line, a tile or a card, on the theme's background. Larger ones are panels. */
export const roomCardStyles = css`
  :host {
    display: block;
    block-size: 100%;
    user-select: none;
    -webkit-user-select: none;
  }
  /* In a column, or with rows: auto, the card gets no height from outside, but size containment needs one. */
  :host(:not([layout])),
  :host([auto]) {
    block-size: 248px;
  }
  :host([layout="panel"]) {
    min-block-size: 240px;
  }
  ha-card {
    position: relative;
    box-sizing: border-box;
    block-size: 100%;
    overflow: hidden;
    container: card / size;
    line-height: 1.25;
  }
  p,
  h2,
  h3,
  ul,
  dl,
  dd {
    margin: 0;
    padding: 0;
    font-weight: inherit;
  }
  .tap:focus-visible {
    outline: 3px solid var(--primary-color, currentcolor);
    outline-offset: -4px;
  }
  /* The padding is for letters that are taller than the line */
  .name,
  .nearby b,
  .nearby span {
    padding-block-end: 0.12em;
    margin-block-end: -0.12em;
  }
  .name,
  .about,
  .until {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .until,
  dd {
    font-variant-numeric: tabular-nums;
  }
  /* Our texts run left to right even on a right-to-left page; their alignment follows the page */
  p,
  h2,
  h3,
  li,
  dt,
  dd,
  .left {
    unicode-bidi: plaintext;
    text-align: var(--near);
  }

  /* A line */
  .room {
    box-sizing: border-box;
    block-size: 100%;
    padding: 8px 12px;
    display: grid;
    grid-template: "icon name" auto "icon state" auto / auto minmax(0, 1fr);
    column-gap: 12px;
    align-content: center;
  }
  .name {
    grid-area: name;
    font-size: 14px;
    font-weight: 500;
  }
  .state {
    display: contents;
  }
  .icon {
    grid-area: icon;
    align-self: center;
    box-sizing: border-box;
    inline-size: 38px;
    block-size: 38px;
    padding: 6px;
    border-radius: 50%;
    color: var(--on-fill);
    background: var(--fill);
  }
  .busy.soon .icon {
    box-shadow: 0 0 0 3px var(--soon);
  }
  .unknown .icon,
  .offline .icon,
  .mono.free .icon,
  .mono.disabled .icon {
    outline: 2px dashed currentcolor;
    outline-offset: -2px;
  }
  /* If both do not fit into the line, the second is left out */
  .what {
    grid-area: state;
    display: flex;
    flex-wrap: wrap;
    column-gap: 6px;
    block-size: 17px;
    overflow: hidden;
  }
  .word {
    color: var(--ink);
    font-size: 13px;
    font-weight: 700;
    line-height: 17px;
    white-space: nowrap;
  }
  .until {
    color: var(--quiet);
    font-size: 12px;
    line-height: 17px;
  }
  /* What was known before the connection was lost: the color of the state is only in the text and in a broken line */
  .offline .room {
    --fill: var(--ground);
    --on-fill: var(--ink);
    --bar: var(--ink);
  }
  .about,
  .clock,
  .why,
  .hint,
  .left,
  .notes,
  .nearby,
  .coming,
  .later,
  .title,
  .day {
    display: none;
  }

  /* A tile, with its day */
  @container card (block-size >= 96px) {
    .room {
      grid-template: "icon name" auto "icon state" auto "day day" auto / auto minmax(0, 1fr);
      row-gap: 2px;
    }
    .what {
      block-size: auto;
      max-block-size: 34px;
    }
    .day {
      grid-area: day;
      display: block;
      margin-block-start: 8px;
    }
    .strip {
      block-size: 18px;
    }
    .hours {
      display: none;
    }
  }
  /* Too narrow for an icon: the whole surface has the color of the state */
  @container card (inline-size < 150px) and (block-size < 168px) {
    .room {
      padding: 6px;
      grid-template: "name" auto "state" auto / minmax(0, 1fr);
      row-gap: 0;
      color: var(--on-fill);
      background: var(--fill);
    }
    .unknown .room,
    .offline .room,
    .mono .room {
      outline: 2px dashed currentcolor;
      outline-offset: -4px;
    }
    .mono.free .room {
      outline-style: solid;
    }
    .mono.offline .room {
      outline-style: dashed;
    }
    /* Instead of the ring and the dot of the icon */
    .busy.soon:not(.mono, .offline) .room {
      box-shadow: inset 0 0 0 4px var(--soon);
    }
    .asked .room::after {
      content: "";
      position: absolute;
      inset-block-start: 4px;
      inset-inline-end: 4px;
      inline-size: 10px;
      block-size: 10px;
      border: 2px solid var(--ground);
      border-radius: 50%;
      background: var(--soon);
    }
    .icon.icon.icon,
    .day.day {
      display: none;
    }
    .name {
      font-size: 13px;
    }
    .word,
    .until {
      color: inherit;
    }
    .word {
      font-size: min(14px, (100cqi - 16px) / var(--ems));
    }
  }
  @container card (inline-size < 150px) and (96px <= block-size < 168px) {
    .what {
      max-block-size: 68px;
    }
    .until {
      white-space: normal;
    }
  }

  /* A card */
  @container card (block-size >= 168px) {
    .room {
      padding: 12px;
      grid-template:
        "name clock" auto
        "about about" auto
        "state state" minmax(0, 1fr)
        "below below" auto
        "day day" auto / minmax(0, 1fr) auto;
      gap: 2px 8px;
      align-content: stretch;
    }
    .name {
      font-size: 16px;
    }
    .about {
      grid-area: about;
      display: block;
      color: var(--quiet);
      font-size: 12px;
      min-block-size: 1.25em;
    }
    .what {
      display: contents;
    }
    .state {
      grid-area: state;
      position: relative;
      margin-block: 6px;
      padding: 8px 12px;
      display: grid;
      grid-template: "icon word hint" auto "icon until until" auto / auto minmax(0, auto) 1fr;
      column-gap: 12px;
      align-content: center;
      border-radius: 8px;
      color: var(--on-fill);
      background: var(--fill);
    }
    .unknown .state,
    .offline .state,
    .mono.free .state,
    .mono.disabled .state {
      outline: 2px dashed currentcolor;
      outline-offset: -2px;
    }
    .mono.free .state {
      outline-style: solid;
    }
    .mono.offline .state {
      outline-style: dashed;
    }
    .offline .icon.icon {
      outline: none;
    }
    .icon,
    .unknown .icon,
    .mono .icon.icon {
      inline-size: 44px;
      block-size: 44px;
      padding: 0;
      outline: none;
    }
    .word {
      grid-area: word;
      color: inherit;
      font-size: 22px;
      line-height: 1.15;
    }
    .until {
      grid-area: until;
      line-height: 1.25;
      justify-self: start;
      max-inline-size: 100%;
      color: inherit;
      font-size: 14px;
    }
    .until:empty {
      display: none;
    }
    .hint {
      grid-area: hint;
      justify-self: end;
      align-self: center;
      display: block;
      padding: 1px 8px;
      border-radius: 99px;
      color: var(--fill);
      background: var(--on-fill);
      font-size: 12px;
      font-weight: 600;
      white-space: nowrap;
    }
    .notes,
    .coming {
      grid-area: below;
      display: block;
      align-self: end;
      font-size: 12px;
    }
    .notes p:not(.pending) {
      display: -webkit-box;
      overflow: hidden;
      -webkit-box-orient: vertical;
      -webkit-line-clamp: 1;
    }
    .coming > div {
      display: flex;
      gap: 6px;
    }
    .coming > div + div {
      display: none;
    }
    .pending,
    .notes.urgent ~ .coming {
      display: none;
    }
    dt {
      color: var(--quiet);
      white-space: nowrap;
    }
    dd {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    .day {
      margin-block-start: 6px;
    }
  }
  @container card (block-size >= 168px) and (inline-size < 280px) {
    .hint {
      display: none;
    }
    .room {
      padding: 10px;
    }
    .icon,
    .unknown .icon,
    .mono .icon.icon {
      inline-size: 36px;
      block-size: 36px;
    }
  }
  @container card (block-size >= 220px) {
    .word {
      font-size: 28px;
    }
    .until {
      font-size: 15px;
      white-space: normal;
    }
    .notes p,
    .why {
      -webkit-line-clamp: 2;
    }
    .left {
      display: block;
      white-space: nowrap;
    }
    .hours {
      display: block;
      margin-block-start: 3px;
      color: var(--quiet);
      font-size: 11px;
    }
  }
  @container card (block-size >= 220px) and (inline-size >= 220px) {
    .notes .why.why {
      display: none;
    }
    .state .why {
      grid-area: 3 / 2 / 4 / -1;
      display: -webkit-box;
      overflow: hidden;
      -webkit-box-orient: vertical;
      font-size: 13px;
      line-height: 1.35;
    }
  }
  @container card (block-size >= 220px) and (inline-size < 320px) {
    dd {
      white-space: normal;
      text-wrap: balance;
    }
  }
  @container card (block-size >= 220px) and (inline-size >= 300px) {
    .word {
      font-size: 32px;
    }
    .icon,
    .unknown .icon,
    .mono .icon.icon {
      inline-size: 56px;
      block-size: 56px;
    }
    .until {
      display: flex;
      flex-wrap: wrap;
      column-gap: 0.7em;
    }
  }
  @container card (inline-size < 420px) {
    .hours .h2 span {
      display: none;
    }
  }
  @container card (block-size >= 168px) and (inline-size < 220px) {
    .state {
      padding-inline: 10px;
      grid-template: "icon word" auto "until until" auto / auto minmax(0, 1fr);
      column-gap: 8px;
    }
    .icon,
    .unknown .icon,
    .mono .icon.icon {
      inline-size: 28px;
      block-size: 28px;
    }
    .word {
      font-size: min(22px, (100cqi - 84px) / var(--ems));
    }
    .until {
      font-size: 13px;
      white-space: normal;
    }
    .coming.coming,
    .hours.hours {
      display: none;
    }
    .room {
      grid-template-columns: minmax(0, 1fr) 0;
    }
  }
  @container card (168px <= block-size < 220px) and (150px <= inline-size < 220px) {
    .until {
      white-space: nowrap;
    }
  }
  @container card (block-size >= 168px) and (inline-size < 150px) {
    .room {
      padding: 6px;
      grid-template-columns: minmax(0, 1fr);
      grid-template-areas: "name" "about" "state" "below" "day";
    }
    .name {
      font-size: 14px;
    }
    .left.left,
    .icon.icon.icon {
      display: none;
    }
    .state {
      padding: 6px;
      grid-template: "word" auto "until" auto / minmax(0, 1fr);
    }
    .word {
      font-size: min(20px, (100cqi - 28px) / var(--ems));
    }
    .until {
      font-size: 12px;
    }
  }
`;
