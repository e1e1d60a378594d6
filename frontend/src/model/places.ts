/** Places on a floor plan, in percent of the picture. */

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Places nearer to an edge are moved, so that a whole pin is on the picture. */
const EDGE = 3;
const PER_ROW = 4;

/** Return the first place of the room with this index: in rows, for somebody to drag. */
export function firstPlace(index: number): Place {
  const row = Math.floor(index / PER_ROW);
  return onPlan({ x: 14 + 24 * (index % PER_ROW), y: 14 + 18 * (row % 5) });
}

/** Return a place on the picture, with one decimal. */
export function onPlan({ x, y }: Place): Place {
  const inside = (share: number) => Math.round(Math.min(100 - EDGE, Math.max(EDGE, share)) * 10) / 10;
  return { x: inside(x), y: inside(y) };
}
