/** Turns the pages of a board, unless somebody is using it. */

import { MINUTE, SECOND } from "../model/zone";

/** How long a page stays after somebody has touched the board. */
const REST = MINUTE;

export class Pager {
  #page = 0;
  #pages = 1;
  #seconds = 0;
  #restsUntil = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly onTurn: () => void) {}

  /** Return the page to show of so many pages. With 0 seconds, they are only turned by hand. */
  pageOf(pages: number, seconds: number): number {
    const isNew = pages !== this.#pages || seconds !== this.#seconds;
    this.#pages = pages;
    this.#seconds = seconds;
    this.#page = Math.min(this.#page, pages - 1);
    if (isNew) this.#arm();
    return this.#page;
  }

  /** Turn pages by hand. */
  turn(by: number): void {
    this.#page = (this.#page + by + this.#pages) % this.#pages;
    this.rest();
    this.onTurn();
  }

  /** Leave the page for a while, because somebody is using the board. */
  rest(): void {
    this.#restsUntil = performance.now() + REST;
    this.#arm();
  }

  /** Begin again with the first page. */
  reset(): void {
    this.#page = 0;
    this.#arm();
  }

  /** Stop turning pages until `pageOf` is called. */
  stop(): void {
    this.#pages = 1;
    this.#page = 0;
    this.#restsUntil = Number.NEGATIVE_INFINITY;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#pages < 2 || !this.#seconds) return;
    const wait = Math.max(this.#seconds * SECOND, this.#restsUntil - performance.now());
    this.#timer = setTimeout(() => {
      this.#page = (this.#page + 1) % this.#pages;
      this.#arm();
      this.onTurn();
    }, wait);
  }
}
