/** Distributes the rooms of a board over columns and pages, in the largest size in which they fit. */

import type { Group } from "./board";

/** Heights in em. The styles of the board use the same. */
export const ROW = 2.6;
export const HEADING = 2.2;
/** The smallest width of a column, in em, with the strips of the day and without. */
const WITH_STRIPS = 34;
const WITHOUT_STRIPS = 26;
/** Pixels. */
const SMALLEST = 15;
const BIGGEST = 28;
const MOST_COLUMNS = 6;
/** A board that scrolls has two columns if it is wide and has many rooms. */
const WIDE = 1200;
const MANY = 16;
const MOST_PAGES = 50;

/** A floor, or the rest of one that began in an earlier column. */
export interface Part extends Group {
  /** The number of rooms of the whole floor. */
  readonly all: number;
  readonly isContinued: boolean;
}

export type Column = readonly Part[];

export interface Plan {
  /** Columns of a page. */
  readonly columns: number;
  /** Height of a column, in em. */
  readonly height: number;
  /** Size of the text, in pixels; 0 for the usual one. */
  readonly size: number;
  readonly hasStrips: boolean;
}

/** Fill columns of a height. Each begins with the heading of its floor, and no heading stands alone at the end. */
export function columnsOf(groups: readonly Group[], height: number): Column[] {
  const columns: Part[][] = [];
  let left = 0;
  for (const group of groups) {
    let rows = group.rows;
    while (rows.length) {
      let fits = Math.floor((left - HEADING) / ROW + 1e-6);
      if (fits > 2 && rows.length - fits === 1) fits--; // the last room is not alone in the next column
      if (columns.length && fits >= Math.min(rows.length, 2)) {
        const isContinued = rows !== group.rows;
        columns[columns.length - 1]?.push({ ...group, rows: rows.slice(0, fits), all: group.rows.length, isContinued });
        left -= HEADING + ROW * Math.min(fits, rows.length);
        rows = rows.slice(fits);
      } else {
        columns.push([]);
        left = Math.max(height, HEADING + 2 * ROW);
      }
    }
  }
  return columns;
}

/** Return how the rooms fit into an area (in pixels): with few pages, with strips, and with large text, in this order. */
export function planOf(groups: readonly Group[], width: number, height: number): Plan {
  for (let pages = 1; pages < MOST_PAGES; pages++) {
    for (const hasStrips of [true, false]) {
      const plan = bestOf(groups, width, height, pages, hasStrips);
      if (plan.size >= SMALLEST) return plan;
    }
  }
  return bestOf(groups, width, height, MOST_PAGES, false);
}

/** Return the columns of a board that scrolls. */
export function scrolled(groups: readonly Group[], width: number): Plan {
  const isMany = groups.reduce((sum, { rows }) => sum + rows.length, 0) > MANY;
  const columns = isMany && width >= WIDE ? 2 : 1;
  return {
    columns,
    height: columns > 1 ? heightOf(groups, columns) : Number.POSITIVE_INFINITY,
    size: 0,
    hasStrips: true,
  };
}

function bestOf(groups: readonly Group[], width: number, height: number, pages: number, hasStrips: boolean): Plan {
  const least = hasStrips ? WITH_STRIPS : WITHOUT_STRIPS;
  const most = Math.min(MOST_COLUMNS, Math.max(1, Math.floor(width / (least * SMALLEST))));
  const plans = Array.from({ length: most }, (_, index) => {
    const columns = index + 1;
    const needed = heightOf(groups, columns * pages);
    const size = Math.floor(Math.min(BIGGEST, width / columns / least, height / needed) * 4) / 4;
    return { columns, height: Math.max(needed, height / size), size, hasStrips };
  });
  return plans.reduce((best, plan) => (plan.size > best.size ? plan : best));
}

/** Return the smallest height of so many columns. */
function heightOf(groups: readonly Group[], columns: number): number {
  const all = groups.reduce((sum, { rows }) => sum + HEADING + ROW * rows.length, 0);
  let height = Math.max(HEADING + 2 * ROW, all / columns);
  while (columnsOf(groups, height).length > columns) height += ROW / 2;
  return height;
}
