/**
 * Stands in for container queries in browsers that have none: Chromium before 105 (the WebViews of older tablets) and
 * Safari before 16 (iPadOS 15). It writes the rules that apply at the size of the card into a style sheet.
 */

import type { CSSResult, ReactiveController, ReactiveControllerHost } from "lit";

/** The size of the surface of a card, in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** The containers that are the surface of a card. Queries of others do not apply. */
const SURFACES = ["card", "board"];
const QUERY = /@container (\w+) ([^{]+){/;
const OPERATORS: Readonly<Record<string, (one: number, other: number) => boolean>> = {
  "<": (one, other) => one < other,
  "<=": (one, other) => one <= other,
  ">": (one, other) => one > other,
  ">=": (one, other) => one >= other,
};

/** Return whether the browser has container queries. */
export function hasContainerQueries(): boolean {
  return CSS.supports("container-type", "size");
}

/** Gives a card its styles, and writes them again when its size changes. */
export class SizedStyles implements ReactiveController {
  readonly #sheet = document.createElement("style");
  readonly #css: string;
  readonly #resized = new ResizeObserver(([entry]) => entry && this.#write(entry.contentRect));
  #surface: Element | null = null;

  constructor(
    card: ReactiveControllerHost,
    private readonly root: ShadowRoot,
    styles: readonly CSSResult[],
  ) {
    this.#css = styles.map(({ cssText }) => cssText).join("\n");
    this.#write({ width: 0, height: 0 });
    root.append(this.#sheet);
    card.addController(this);
  }

  hostConnected(): void {
    if (this.#surface) this.#resized.observe(this.#surface);
  }

  hostDisconnected(): void {
    this.#resized.disconnect();
  }

  hostUpdated(): void {
    const surface = this.root.querySelector("ha-card");
    if (!surface || surface === this.#surface) return;
    this.#surface = surface;
    this.#resized.disconnect();
    this.#resized.observe(surface);
  }

  #write(size: Size): void {
    this.#sheet.textContent = stylesAt(this.#css, size);
  }
}

/** Return styles without container queries, as they apply at a size. */
export function stylesAt(css: string, size: Size): string {
  const query = QUERY.exec(css);
  if (!query) return withPixels(css, size);
  const [start, name = "", condition = ""] = query;
  const from = query.index + start.length;
  const to = endOf(css, from);
  const applies = SURFACES.includes(name) && holds(condition, size);
  return (
    withPixels(css.slice(0, query.index) + (applies ? css.slice(from, to) : ""), size) +
    stylesAt(css.slice(to + 1), size)
  );
}

/** Return the position of the brace that ends a block. */
function endOf(css: string, from: number): number {
  let depth = 1;
  for (let at = from; at < css.length; at++) {
    if (css[at] === "{") depth++;
    if (css[at] === "}" && --depth === 0) return at;
  }
  return css.length;
}

/** Replace units that are a percentage of the container. */
function withPixels(css: string, { width, height }: Size): string {
  return css.replace(/([\d.]+)cq([ib])\b/g, (_, share, axis) => {
    const pixels = (Number(share) * (axis === "i" ? width : height)) / 100;
    return `${Number(pixels.toFixed(2))}px`;
  });
}

/** Return whether a condition such as "(96px <= block-size < 168px) and (inline-size < 150px)" holds. */
function holds(condition: string, size: Size): boolean {
  let rest = condition;
  while (rest.includes("(")) rest = rest.replace(/\(([^()]*)\)/g, (_, inner) => ` ${holds(inner, size)} `);
  if (/\bor\b/.test(rest)) return rest.split(/\bor\b/).some((part) => holds(part, size));
  if (/\band\b/.test(rest)) return rest.split(/\band\b/).every((part) => holds(part, size));
  const parts = rest.trim().split(/\s*([<>]=?)\s*/);
  if (parts.length === 1) return parts[0] === "true";
  const numbers = parts.filter((_, index) => index % 2 === 0).map((part) => numberOf(part, size));
  const operators = parts.filter((_, index) => index % 2 === 1);
  return operators.every((operator, index) => OPERATORS[operator]?.(numbers[index] ?? 0, numbers[index + 1] ?? 0));
}

function numberOf(part: string, { width, height }: Size): number {
  if (part === "inline-size") return width;
  if (part === "block-size") return height;
  return part === "aspect-ratio" ? width / height : Number.parseFloat(part);
}
