import { css } from "lit";

/** A floor plan with pins, on a card and in its editor. */
export const planStyles = css`
  .plan {
    position: relative;
    aspect-ratio: var(--ratio);
    margin-inline: auto;
    background: repeating-linear-gradient(0deg, #8883 0 1px, transparent 1px 48px),
      repeating-linear-gradient(90deg, #8883 0 1px, transparent 1px 48px);
  }
  .plan img {
    display: block;
    inline-size: 100%;
    block-size: 100%;
    background: #fff;
    pointer-events: none; /* browsers drag pictures */
  }
  .pin {
    box-sizing: border-box;
    display: flex;
    align-items: center;
    gap: 0.4em;
    padding: 0.25em 0.8em 0.25em 0.35em;
    border: 2px solid var(--ground);
    border-radius: 99px;
    color: var(--on-fill);
    background: var(--fill);
    font: inherit;
    line-height: 1.25;
    text-align: start;
    white-space: nowrap;
    box-shadow: 0 1px 4px rgb(0 0 0 / 35%);
  }
  .seen {
    max-inline-size: 11em;
  }
  /* The padding is for letters that are taller than the line */
  .pin b,
  .pin small {
    display: block;
    padding-block: 0.1em;
    margin-block: -0.1em;
    overflow: hidden;
    text-overflow: ellipsis;
    unicode-bidi: plaintext;
  }
  .pin b {
    font-weight: 600;
  }
  .pin small {
    font-size: 0.85em;
  }
  .pin:focus-visible {
    outline: 3px solid var(--primary-color, currentcolor);
    outline-offset: 2px;
  }
`;

export const mapCardStyles = css`
  :host {
    display: block;
  }
  :host([fits]) {
    contain: size;
    block-size: 100%;
  }
  :host([fits][layout="panel"]) {
    min-block-size: 240px;
  }
  ha-card {
    position: relative;
    box-sizing: border-box;
    overflow: hidden;
    container: card / inline-size;
  }
  :host([fits]) ha-card {
    block-size: 100%;
    container-type: size;
  }
  h2,
  .plan {
    font-size: max(16px, min(1.8cqi, 32px));
  }
  /* The heading has a height of 2.4em */
  :host([fits]) .plan {
    inline-size: min(100cqi, 100cqb * var(--ratio));
  }
  :host([fits]) h2 + .plan {
    inline-size: min(100cqi, (100cqb - 2.4em) * var(--ratio));
  }
  h2 {
    margin: 0;
    padding: 0 0.8em;
    overflow: hidden;
    font-weight: 600;
    line-height: 2.4em;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .lost {
    position: absolute;
    inset-block-start: 8px;
    inset-inline-end: 8px;
    z-index: 1;
    margin: 0;
    padding: 2px 10px;
    border-radius: 99px;
    color: #1d1500;
    background: #f6b40e;
    font-weight: 600;
  }
  ul {
    position: absolute;
    inset: 0;
    margin: 0;
    padding: 0;
    list-style: none;
    font-size: max(13px, min(1.5cqi, 24px));
  }
  li {
    position: absolute;
    transform: translate(-50%, -50%);
  }
  li:hover,
  li:focus-within {
    z-index: 1;
  }
  .icon {
    flex: none;
    inline-size: 2em;
    block-size: 2em;
  }
  button.pin {
    cursor: pointer;
    touch-action: manipulation;
    -webkit-tap-highlight-color: transparent;
  }
  /* A finger needs more than the pin */
  button.pin::after {
    content: "";
    position: absolute;
    inset: -6px;
  }
  .busy.soon .pin {
    box-shadow: 0 0 0 3px var(--soon);
  }
  .unknown .pin,
  .mono .pin,
  .offline .pin.pin {
    border: 2px dashed currentcolor;
  }
  .mono .free .pin,
  .mono .busy .pin {
    border-style: solid;
  }
  .offline .pin.pin {
    color: var(--ink);
    background: var(--ground);
    box-shadow: none;
  }
  /* On a phone there is room for the icons only */
  @container card (inline-size < 560px) {
    .pin {
      padding: 3px;
    }
    .seen {
      display: none;
    }
    .icon {
      inline-size: 26px;
      block-size: 26px;
    }
  }
`;
