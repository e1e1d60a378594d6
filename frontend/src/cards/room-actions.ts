/** The part of a room card that books the room, extends and ends what runs in it, and shows the result. */

import { html, nothing, type TemplateResult } from "lit";
import type { Offer } from "../model/offers";
import type { Moment } from "../model/view";
import { sign } from "../view/icons";
import type { Phase } from "../view/run";
import type { BookingLink } from "./room-parts";

/** What a touch does. */
export interface Touches {
  begin(offer: Offer): void;
  type(digit: string): void;
  erase(): void;
  confirm(): void;
  dismiss(): void;
}

const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** Input of the area besides the moment. */
export interface Shown {
  readonly name: string;
  readonly phase: Phase;
  readonly offers: readonly Offer[];
  readonly link: BookingLink | null;
  readonly pinLength: number;
}

/** Return what is offered, or what is asked or said. */
export function actionArea(shown: Shown, moment: Moment, on: Touches): TemplateResult {
  const { phase, offers, link, pinLength } = shown;
  const { actions } = moment.texts;
  const groups = [offers.filter(({ kind }) => kind !== "end"), offers.filter(({ kind }) => kind === "end")];
  const label = groups[0]?.[0] ? actions[groups[0][0].kind] : "";
  return html`<div class="actions is-${phase.kind}">
    <p class="said" role="status" tabindex="-1">${signOf(phase)}${message(shown, moment)}</p>
    ${phase.kind === "pin" ? dots(phase.typed.length, pinLength, moment) : nothing}
    <div class="keys">
      ${
        phase.kind === "idle"
          ? html`${label ? html`<span class="label" aria-hidden="true">${label}</span>` : nothing}
              ${groups.flat().map((offer) => offerKey(offer, moment, on))}${link?.("key quiet") ?? nothing}`
          : answers(phase, moment, on)
      }
    </div>
  </div>`;
}

function offerKey(offer: Offer, moment: Moment, on: Touches): TemplateResult {
  return html`<button
    class=${offer.kind === "end" ? "key quiet" : "key"}
    aria-label=${titleOf(offer, moment)}
    @click=${() => on.begin(offer)}
  >${shortOf(offer, moment)}</button>`;
}

/** Return the keys of a question or a message. */
function answers(phase: Phase, { texts: { actions } }: Moment, on: Touches): TemplateResult | typeof nothing {
  switch (phase.kind) {
    case "idle":
    case "working":
      return nothing;
    case "pin": {
      const digit = (name: string) => html`<button class="key digit" @click=${() => on.type(name)}>${name}</button>`;
      return html`${DIGITS.map(digit)}
        <button class="key quiet cancel" @click=${() => on.dismiss()}>${actions.cancel}</button>
        ${digit("0")}
        <button class="key quiet erase" aria-label=${actions.erase} @click=${() => on.erase()}>${sign("erase")}</button>`;
    }
    case "confirm":
      return html`<button class="key" @click=${() => on.confirm()}>${actions.endNow}</button>
        <button class="key quiet safe" @click=${() => on.dismiss()}>${actions.keep}</button>`;
    default:
      return html`<button class="key" @click=${() => on.dismiss()}>${actions.ok}</button>`;
  }
}

function signOf({ kind }: Phase): TemplateResult | typeof nothing {
  if (kind === "working" || kind === "done") return sign(kind);
  return kind === "refused" || kind === "unknown" ? sign("failed") : nothing;
}

function message({ phase, name }: Shown, moment: Moment): string {
  const { texts, formats, now } = moment;
  const { actions } = texts;
  switch (phase.kind) {
    case "idle":
      return "";
    case "pin":
      if (phase.fault) return phase.fault === "wrong" ? actions.wrongPin : actions.locked;
      return texts.is(titleOf(phase.offer, moment), actions.enterPin);
    case "confirm":
      return actions.confirm;
    case "working":
      return actions.working[phase.offer.kind];
    case "done": {
      const room = phase.name || name;
      if (phase.offer.kind === "end") return (phase.isConfirmed ? actions.ended : actions.notShownYet)(room);
      const end = phase.end === null ? "" : formats.end(phase.end, now);
      return (phase.offer.kind === "book" ? actions.booked : actions.extended)(room, end);
    }
    case "refused": {
      const reason = phase.isForbidden ? actions.forbidden : phase.reason || actions.noReason;
      return actions.refused[phase.offer.kind](reason);
    }
    case "unknown":
      return actions.unknown;
  }
}

/** Show how many digits were typed, but not which. */
function dots(typed: number, length: number, { texts }: Moment): TemplateResult {
  return html`<p class="dots" role="img" aria-label=${texts.actions.digits(typed)}>
    ${Array.from({ length }, (_, index) => html`<i class=${index < typed ? "typed" : ""}></i>`)}
  </p>`;
}

/** Return what an offer is called for a screen reader, such as "Book for 30 min". */
function titleOf(offer: Offer, { texts: { actions }, formats, now }: Moment): string {
  if (offer.kind === "end") return actions.end;
  if ("end" in offer) return actions.bookUntil(formats.end(offer.end, now));
  return (offer.kind === "book" ? actions.bookFor : actions.extendBy)(actions.minutes(offer.minutes));
}

/** Return what stands on the key of an offer, beside "Book" or "Extend". */
function shortOf(offer: Offer, { texts: { actions, until }, formats, now }: Moment): string {
  if (offer.kind === "end") return actions.end;
  return "end" in offer ? until.busy(formats.end(offer.end, now)) : actions.minutes(offer.minutes);
}
