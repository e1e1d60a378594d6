/** Styles in browsers that have no container queries. */

import { expect, test, vi } from "vitest";
import { stylesAt } from "../src/view/containers";
import { hassWith } from "./office";
import { all, showRoom } from "./screen";

const at = (css: string, width: number, height: number) =>
  stylesAt(css, { width, height }).replaceAll(/\s+/g, " ").trim();

test.each<[string, [number, number, boolean][]]>([
  [
    "(block-size >= 96px)",
    [
      [10, 96, true],
      [10, 95, false],
    ],
  ],
  [
    "(inline-size < 150px) and (96px <= block-size < 168px)",
    [
      [149, 96, true],
      [150, 96, false],
      [149, 168, false],
    ],
  ],
  [
    "((block-size >= 400px) and (inline-size >= 560px)) or (inline-size > 900px)",
    [
      [560, 400, true],
      [901, 0, true],
      [900, 0, false],
    ],
  ],
  [
    "(block-size >= 360px) and (aspect-ratio < 1)",
    [
      [359, 360, true],
      [360, 360, false],
    ],
  ],
  [
    "(168px <= block-size < 220px) and (inline-size <= 220px)",
    [
      [220, 200, true],
      [221, 200, false],
    ],
  ],
])("the condition %s holds as in a browser", (condition, cases) => {
  const css = `@container card ${condition} { a { color: red } }`;
  expect(cases.map(([width, height]) => [width, height, at(css, width, height) !== ""])).toEqual(cases);
});

test("rules keep their order, and queries of other containers never hold", () => {
  const css =
    "a { top: 0 } @container card (inline-size > 0px) { b { top: 1px } @media print { b { top: 2px } } } c { top: 3px } @container hours (inline-size > 0px) { d { top: 4px } } e { top: 5px }";

  expect(at(css, 1, 1)).toBe(
    "a { top: 0 } b { top: 1px } @media print { b { top: 2px } } c { top: 3px } e { top: 5px }",
  );
  expect(at(css, 0, 0)).toBe("a { top: 0 } c { top: 3px } e { top: 5px }");
});

test("percentages of the container become pixels", () => {
  expect(at("a { inline-size: min(36cqb, 24.5cqi); block-size: max(1cqb, 2px) }", 200, 50)).toBe(
    "a { inline-size: min(18px, 49px); block-size: max(0.5px, 2px) }",
  );
});

test("a card in an old browser follows its size", async () => {
  let tell = (_: { width: number; height: number }) => {};
  const observed: Element[] = [];
  vi.stubGlobal("CSS", { supports: () => false });
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(call: (entries: object[]) => void) {
        tell = (contentRect) => call([{ contentRect }]);
      }
      observe = (element: Element) => observed.push(element);
      disconnect = () => observed.splice(0);
    },
  );
  const card = await showRoom(hassWith({ orion: ["off"] }));
  const styles = () => all(card, "style")[0]?.textContent ?? "";
  expect(all(card, "ha-card")).toEqual(observed);
  expect(styles()).toContain("/* A line */");
  expect(styles()).not.toContain("@container");

  const before = styles().length;
  tell({ width: 800, height: 600 });
  expect(styles().length).toBeGreaterThan(before);
  expect(styles()).not.toMatch(/cq[ib]/);

  card.remove();
  expect(observed).toEqual([]);
  document.body.append(card);
  expect(observed).toEqual(all(card, "ha-card"));
});
