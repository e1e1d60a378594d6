/** Colors, logo and background that the configuration of a card chooses. */

import { expect, test } from "vitest";
import { isColor } from "../src/view/look";
import { at, hassWith, iso } from "./office";
import { all, showRoom, TO_11, text } from "./screen";

const COLORS = { free_color: [255, 240, 200], busy_color: "#5A1478" };
const style = (card: Awaited<ReturnType<typeof showRoom>>) => (all(card, "ha-card")[0] as HTMLElement).style;
const look = (card: Awaited<ReturnType<typeof showRoom>>) => all(card, "ha-card")[0]?.className;

test.each([
  ["#17723a", true],
  ["#FFF000", true],
  ["green", false],
  ["#fff", false],
  [[0, 128, 255], true],
  [[0, 128], false],
  [[0, 128, 256], false],
  [[0, 128, -1], false],
  [[0, 0.5, 0], false],
  [5, false],
])("the color %j is allowed: %s", (value, isAllowed) => {
  expect(isColor(value)).toBe(isAllowed);
});

test.each([
  ["light", { orion: ["off"] }, "#000", "free pale"],
  ["dark", { orion: TO_11 }, "#fff", "busy"],
] as const)("on a %s color texts have the most contrast", async (_, told, ink, classes) => {
  const card = await showRoom(hassWith({ orion: [...told.orion] }), COLORS);

  expect(style(card).getPropertyValue("--feishu-freebusy-free-color")).toBe("rgb(255,240,200)");
  expect(style(card).getPropertyValue("--feishu-freebusy-busy-color")).toBe("rgb(90,20,120)");
  expect(style(card).getPropertyValue("--on-fill")).toBe(ink);
  expect(look(card)).toBe(classes);
});

test("a state without a chosen color keeps its own", async () => {
  const soon = hassWith({ orion: ["off", { next_busy_time: iso(at(10, 5)) }] });
  const card = await showRoom(soon, COLORS);
  expect(style(card).getPropertyValue("--on-fill")).toBe("");
  expect(look(card)).toBe("free soon pale"); // amber
});

test("the background is a picture behind what is known", async () => {
  const background = '/local/a "b".jpg';
  const card = await showRoom(hassWith({ orion: ["off"] }), { background });
  expect(style(card).getPropertyValue("--picture")).toBe('url("/local/a \\"b\\".jpg")');
  expect(look(card)).toBe("free pictured");

  expect(look(await showRoom(hassWith({ orion: ["unavailable"] }), { background }))).toBe("unknown");
  expect(look(await showRoom(hassWith({ orion: ["off"] }), { background, monochrome: true }))).toBe("free mono");
});

test("a logo is beside the name, and is left out while it can't be loaded", async () => {
  const card = await showRoom(hassWith({ orion: ["off"] }), { logo: "/local/logo.svg" });
  const [logo] = all(card, ".name img") as [HTMLImageElement];
  expect(logo.getAttribute("src")).toBe("/local/logo.svg");
  expect(text(card, ".name")).toBe("Orion");

  logo.dispatchEvent(new Event("error"));
  expect(logo.hidden).toBe(true);
  logo.dispatchEvent(new Event("load"));
  expect(logo.hidden).toBe(false);
  expect(all(await showRoom(hassWith({ orion: ["off"] })), ".logo")).toHaveLength(0);
});
