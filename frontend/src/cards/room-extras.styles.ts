import { css } from "lit";

/** What only larger cards have: the code for phones, and the key to tomorrow. */
export const roomExtrasStyles = css`
  .invite,
  .turn {
    display: none;
  }
  .days {
    min-inline-size: 0;
  }

  @container card (block-size >= 360px) and (inline-size >= 320px) {
    .room {
      touch-action: pan-y;
    }
    .day {
      display: grid;
      grid-template-columns: minmax(0, 1fr) auto;
      align-items: center;
      gap: calc(2 * var(--unit));
    }
    .turn {
      position: relative;
      z-index: 1;
      box-sizing: border-box;
      display: grid;
      place-items: center;
      inline-size: max(48px, calc(9 * var(--unit)));
      block-size: max(48px, calc(9 * var(--unit)));
      padding: 0;
      border: 0;
      border-radius: 50%;
      color: inherit;
      background: var(--track);
      font-size: max(18px, calc(4 * var(--unit)));
      cursor: pointer;
      touch-action: manipulation;
      -webkit-tap-highlight-color: transparent;
    }
    .turn:focus-visible {
      outline: 3px solid currentcolor;
      outline-offset: 2px;
    }
    .mono .turn {
      border: 2px solid currentcolor;
    }
    .ahead .now {
      display: none;
    }
    .invite {
      --side: min(26cqb, 17cqi);
      grid-area: state;
      place-self: center end;
      inline-size: min-content;
      font-size: max(14px, min(2.6cqb, 1.7cqi));
    }
    .invite p,
    .invite span {
      display: block;
      text-align: center;
    }
    .qr {
      display: block;
      box-sizing: border-box;
      inline-size: var(--side);
      block-size: var(--side);
      margin-block-end: 0.4em;
      margin-inline: auto;
      border-radius: max(6px, calc(1 * var(--unit)));
      background: #fff;
    }
  }
  /* The code is beside the state */
  @container card (block-size >= 480px) and (inline-size >= 760px) and (aspect-ratio >= 1) {
    .invite {
      display: block;
      max-inline-size: calc(1.5 * var(--side));
      inline-size: max-content;
    }
    .invites.invites .state {
      margin-inline-end: calc(1.5 * min(26cqb, 17cqi) + 3 * var(--unit));
    }
    .invites.invites .word.word {
      font-size: min(17cqb, 34cqi / var(--ems));
    }
    .invites.invites .icon.icon.icon {
      inline-size: min(24cqb, 15cqi);
    }
    .invites.invites .until {
      font-size: max(18px, min(6cqb, 3.4cqi));
    }
    .invites.invites .state .title {
      font-size: max(16px, min(4cqb, 2.6cqi));
    }
  }
  /* Rooms that are free now help more than a code for later */
  @container card (aspect-ratio >= 1) {
    .helps .invite {
      --side: min(19cqb, 14cqi);
    }
    .acts.helps .invite.invite {
      display: none;
    }
  }
  @container card (block-size < 700px) {
    .helps .invite.invite {
      display: none;
    }
  }
  @container card (block-size >= 600px) and (inline-size >= 320px) and (aspect-ratio < 1) {
    .plan > div > dd:first-of-type {
      block-size: 2.5em;
    }
  }
  /* The code is below the state */
  @container card (block-size >= 700px) and (inline-size >= 560px) and (aspect-ratio < 1) {
    .invite {
      --side: min(13cqb, 24cqi);
      grid-area: invite;
      place-self: center;
      display: flex;
      align-items: center;
      gap: calc(3 * var(--unit));
      inline-size: auto;
      margin-block-end: calc(2 * var(--unit));
      font-size: max(16px, min(2cqb, 3cqi));
    }
    .invite p,
    .invite span {
      text-align: start;
    }
    .invite .qr {
      flex: none;
      margin: 0;
    }
    .invites.invites .icon.icon.icon {
      inline-size: min(11cqb, 34cqi);
    }
    .invites.invites .word.word {
      font-size: min(9cqb, 84cqi / var(--ems));
    }
    .helps.invites .icon.icon.icon {
      inline-size: min(8cqb, 34cqi);
    }
    .helps.invites .word.word.word {
      font-size: min(7cqb, 84cqi / var(--ems));
    }
  }

  @media (prefers-reduced-motion: no-preference) {
    .ahead .days {
      animation: turn-page 0.2s ease-out;
    }
    .mono .ahead .days {
      animation: none;
    }
    @keyframes turn-page {
      from {
        translate: 24px 0;
      }
    }
  }
`;
