import { css } from "lit";

/** As the badges of Home Assistant, with the icon and the color of the state. */
export const badgeStyles = css`
  :host {
    display: block;
  }
  ha-card {
    position: relative;
    box-sizing: border-box;
    display: flex;
    align-items: center;
    gap: 8px;
    block-size: var(--ha-badge-size, 36px);
    padding-inline: 6px 14px;
    border-radius: var(--ha-badge-border-radius, calc(var(--ha-badge-size, 36px) / 2));
    white-space: nowrap;
  }
  .icon {
    box-sizing: border-box;
    flex: none;
    inline-size: 24px;
    block-size: 24px;
    padding: 3px;
    border-radius: 50%;
    color: var(--on-fill);
    background: var(--fill);
  }
  .unknown .icon,
  .offline .icon,
  .mono.free .icon {
    color: var(--ink);
    background: none;
    outline: 1px dashed currentcolor;
  }
  .mono.free:not(.offline) .icon {
    outline-style: solid;
  }
  .info {
    display: flex;
    flex-direction: column;
    unicode-bidi: plaintext;
  }
  small {
    color: var(--quiet);
    font-size: 10px;
    font-weight: 500;
    line-height: 12px;
  }
  b {
    font-size: 12px;
    font-weight: 500;
    line-height: 16px;
  }
  .tap:focus-visible {
    outline: 2px solid var(--primary-color, currentcolor);
    outline-offset: 1px;
  }
`;
