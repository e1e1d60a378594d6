/** One action on a room from the first touch to the result: PIN, confirmation, waiting, result. */

import type { Hass } from "../hass";
import { type Offer, requestOf } from "../model/offers";
import { MINUTE, SECOND } from "../model/zone";
import { type Outcome, perform } from "./perform";

export type Phase =
  | { readonly kind: "idle" }
  | { readonly kind: "pin"; readonly offer: Offer; readonly typed: string; readonly fault: "wrong" | "locked" | null }
  | { readonly kind: "confirm"; readonly offer: Offer }
  | { readonly kind: "working"; readonly offer: Offer }
  | ({ readonly offer: Offer } & Outcome);

const IDLE: Phase = { kind: "idle" };

/** A question or a message that nobody reacts to goes away, so that the next person finds the panel as usual. */
const FORGET = MINUTE;
const FORGET_DONE = 8 * SECOND;
/** Longer than the integration waits for a room's reply. */
const PATIENCE = 3 * MINUTE;
const MAX_WRONG_PINS = 5;
const LOCKED = MINUTE;

export class Run {
  phase: Phase = IDLE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The number of the current call: the answer to an earlier call is not shown. */
  #call = 0;
  #touchedAt = 0;
  #wrongPins = 0;
  #lockedUntil = Number.NEGATIVE_INFINITY;

  constructor(private readonly onChange: () => void) {}

  /** Begin with what was offered. Does nothing while an action is running: a second press is a mistake. */
  begin(offer: Offer, pin: string, hass: Hass, roomId: string): void {
    if (this.phase.kind === "working") return;
    this.#touchedAt = performance.now();
    if (pin) this.#set({ kind: "pin", offer, typed: "", fault: this.#isLocked ? "locked" : null });
    else this.#checked(offer, hass, roomId);
  }

  /** Type a digit of the PIN. The last digit goes on. */
  type(digit: string, pin: string, hass: Hass, roomId: string): void {
    if (this.phase.kind !== "pin" || this.#isLocked) return;
    const { offer } = this.phase;
    const typed = this.phase.typed + digit;
    if (typed.length < pin.length) {
      this.#set({ kind: "pin", offer, typed, fault: null });
    } else if (typed === pin) {
      this.#wrongPins = 0;
      this.#checked(offer, hass, roomId);
    } else {
      this.#wrongPins += 1;
      const isLast = this.#wrongPins >= MAX_WRONG_PINS;
      if (isLast) {
        this.#wrongPins = 0;
        this.#lockedUntil = performance.now() + LOCKED;
      }
      this.#set({ kind: "pin", offer, typed: "", fault: isLast ? "locked" : "wrong" });
    }
  }

  /** Take the last digit of the PIN back. */
  erase(): void {
    if (this.phase.kind === "pin") this.#set({ ...this.phase, typed: this.phase.typed.slice(0, -1), fault: null });
  }

  /** Go on after the confirmation. */
  confirm(hass: Hass, roomId: string): void {
    if (this.phase.kind === "confirm") this.#perform(this.phase.offer, hass, roomId);
  }

  /** Go back to what is offered. An action that is running goes on. */
  dismiss(): void {
    if (this.phase.kind !== "working") this.#set(IDLE);
  }

  /** Handle a lost connection: the answer to a call that is running may never arrive, and a question is out of date. */
  lose(): void {
    if (this.phase.kind === "working") this.#set({ kind: "unknown", offer: this.phase.offer });
    else if (this.#isAsking) this.dismiss();
  }

  /** Withdraw a question about what runs in the room: it is over. */
  over(): void {
    const { phase } = this;
    if ((phase.kind === "pin" || phase.kind === "confirm") && phase.offer.kind !== "book") this.dismiss();
  }

  /** Forget everything, for a card that leaves the page or shows another room. */
  leave(): void {
    this.#call += 1;
    clearTimeout(this.#timer);
    this.phase = IDLE;
  }

  get #isLocked(): boolean {
    return performance.now() < this.#lockedUntil;
  }

  get #isAsking(): boolean {
    return this.phase.kind === "pin" || this.phase.kind === "confirm";
  }

  #checked(offer: Offer, hass: Hass, roomId: string): void {
    if (offer.kind === "end") this.#set({ kind: "confirm", offer });
    else this.#perform(offer, hass, roomId);
  }

  #perform(offer: Offer, hass: Hass, roomId: string): void {
    this.#call += 1;
    const call = this.#call;
    this.#set({ kind: "working", offer });
    const { service, data } = requestOf(offer, roomId, performance.now() - this.#touchedAt);
    perform(hass, service, data).then((outcome) => {
      // A late answer replaces "unknown", but does not disturb a question
      if (call === this.#call && !this.#isAsking) this.#set({ ...outcome, offer });
    });
  }

  #set(phase: Phase): void {
    this.phase = phase;
    clearTimeout(this.#timer);
    if (phase.kind === "working") this.#timer = setTimeout(() => this.lose(), PATIENCE);
    else if (phase.kind !== "idle") {
      this.#timer = setTimeout(() => this.dismiss(), phase.kind === "done" ? FORGET_DONE : FORGET);
    }
    this.onChange();
  }
}
