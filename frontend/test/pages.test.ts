// @vitest-environment node
import { expect, test } from "vitest";
import type { Group, Row } from "../src/model/board";
import { type Column, columnsOf, HEADING, planOf, ROW, scrolled } from "../src/model/pages";

/** Return floors with so many rooms each. */
function floors(...sizes: number[]): Group[] {
  return sizes.map((size, index) => ({
    place: `${index + 1}F`,
    rows: Array.from({ length: size }, (_, room) => `${index + 1}-${room}` as unknown as Row),
    free: 0,
  }));
}

const height = (headings: number, rows: number) => headings * HEADING + rows * ROW;
const shown = (columns: readonly Column[]) =>
  columns.map((parts) =>
    parts.map(({ place, rows, isContinued }) => `${place}${isContinued ? "…" : ""} ${rows.length}`),
  );

test("a column begins with the heading of its floor, also in the middle of a floor", () => {
  const columns = columnsOf(floors(6, 6), height(2, 8));

  expect(shown(columns)).toEqual([["1F 6", "2F 2"], ["2F… 4"]]);
  expect(columns.flat().map(({ all }) => all)).toEqual([6, 6, 6]);
});

test("all rooms are shown once, in their order", () => {
  const groups = floors(12, 1, 7, 30, 2);

  for (const lines of [4, 7, 12.5, 40]) {
    const rooms = columnsOf(groups, lines * ROW).flatMap((parts) => parts.flatMap(({ rows }) => rows));
    expect(rooms).toEqual(groups.flatMap(({ rows }) => rows));
  }
});

test("no heading and no room stands alone", () => {
  expect(shown(columnsOf(floors(6, 6), height(2, 7)))).toEqual([["1F 6"], ["2F 6"]]);
  expect(shown(columnsOf(floors(8), height(1, 7)))).toEqual([["1F 6"], ["1F… 2"]]);
  expect(shown(columnsOf(floors(3, 1), height(2, 4)))).toEqual([["1F 3", "2F 1"]]);
});

test("a column that is too low for two rooms has two", () => {
  expect(shown(columnsOf(floors(4), 1))).toEqual([["1F 2"], ["1F… 2"]]);
});

test("60 rooms on 5 floors fit a lobby screen", () => {
  const groups = floors(12, 12, 12, 12, 12);
  const plan = planOf(groups, 1856, 930);

  expect(plan).toMatchObject({ columns: 3, hasStrips: true });
  expect(plan.size).toBeGreaterThanOrEqual(15);
  expect(columnsOf(groups, plan.height)).toHaveLength(3);
  expect(plan.height * plan.size).toBeLessThanOrEqual(930.01);
});

test("rooms that do not fit in a readable size get pages", () => {
  const groups = floors(12, 12, 12, 12, 12);
  const pages = (width: number, height: number) => {
    const plan = planOf(groups, width, height);
    expect(plan.size).toBeGreaterThanOrEqual(15);
    return [Math.ceil(columnsOf(groups, plan.height).length / plan.columns), plan.hasStrips];
  };

  expect(pages(1216, 560)).toEqual([2, false]);
  expect(pages(1216, 850)).toEqual([2, true]);
  expect(pages(1400, 930)).toEqual([1, false]);
});

test("few rooms are large, but not without a limit", () => {
  expect(planOf(floors(4), 1856, 930)).toMatchObject({ columns: 1, size: 28 });
  expect(planOf([], 1856, 930).columns).toBe(1);
});

test("an area without any height gets a plan, too", () => {
  expect(planOf(floors(300), 700, 20).columns).toBe(1);
});

test.each([
  [60, 1400, 2],
  [60, 1000, 1],
  [10, 1400, 1],
])("a board of %i rooms that scrolls at %i pixels has %i columns", (rooms, width, columns) => {
  const groups = floors(rooms);
  const plan = scrolled(groups, width);

  expect(plan).toMatchObject({ columns, size: 0 });
  expect(columnsOf(groups, plan.height)).toHaveLength(columns);
});
