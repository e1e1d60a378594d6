/** Recognizes a finger that swipes across a card. */

import type { ReactiveController } from "lit";

/** Pixels. */
const FAR = 60;

export class Swipe implements ReactiveController {
  #start: PointerEvent | undefined;

  /** `onSwipe` gets true for a swipe to the next page: to the left, on a right-to-left page to the right. */
  constructor(
    private readonly host: HTMLElement,
    private readonly onSwipe: (isForth: boolean) => void,
  ) {}

  hostConnected(): void {
    this.host.addEventListener("pointerdown", this.#begin);
    this.host.addEventListener("pointerup", this.#end);
  }

  hostDisconnected(): void {
    this.host.removeEventListener("pointerdown", this.#begin);
    this.host.removeEventListener("pointerup", this.#end);
  }

  readonly #begin = (event: PointerEvent) => {
    this.#start = event.pointerType !== "mouse" && event.isPrimary ? event : undefined;
  };

  readonly #end = (event: PointerEvent) => {
    if (!this.#start || event.pointerId !== this.#start.pointerId) return;
    const across = event.clientX - this.#start.clientX;
    const down = event.clientY - this.#start.clientY;
    this.#start = undefined;
    if (Math.abs(across) < FAR || Math.abs(across) < 2 * Math.abs(down)) return;
    this.onSwipe(across < 0 !== (getComputedStyle(this.host).direction === "rtl"));
  };
}
