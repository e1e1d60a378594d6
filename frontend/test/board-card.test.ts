/** The board as an element of a known size: columns, pages, taps. */

import { beforeEach, expect, test, vi } from "vitest";
import type { BoardCard } from "../src/cards/board-card";
import { hassWith, type Told } from "./office";
import { all, office, show, showBoard, tell, text } from "./screen";

/** Tells all observers that sizes have changed. */
let resize = () => {};
let size = { width: 0, height: 0 };

beforeEach(() => {
  const calls = new Set<() => void>();
  resize = () => {
    for (const call of calls) call();
  };
  size = { width: 0, height: 0 };
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(private readonly call: () => void) {}
      observe = () => calls.add(this.call);
      disconnect = () => calls.delete(this.call);
    },
  );
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockImplementation(() => size.width);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockImplementation(() => size.height);
});

const many = hassWith(
  Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`r${index}`, ["off", { floor: `${Math.floor(index / 10)}F` }]]),
  ) as Told,
);

async function resized(board: BoardCard, width: number, height: number): Promise<void> {
  size = { width, height };
  resize();
  await board.updateComplete;
}

async function showPanel(config: object = {}, hass = many): Promise<BoardCard> {
  const board = await show<BoardCard>("feishu-rooms-board-card", config, hass);
  board.layout = "panel";
  await resized(board, 1280, 600);
  return board;
}

const page = (board: BoardCard) => text(board, ".pager span");
const [SOME, MINUTE] = [12_000, 60_000];

async function pass(board: BoardCard, time: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(time);
  await board.updateComplete;
}

test("a board that fills a screen turns its pages", async () => {
  const board = await showPanel();
  const first = all(board, "li").length;
  expect(board.hasAttribute("fits")).toBe(true);
  expect(page(board)).toBe("1 / 2");
  expect(all(board, ".pager span")[0]?.getAttribute("aria-label")).toBe("Page 1 of 2");

  await pass(board, SOME);
  expect(page(board)).toBe("2 / 2");
  expect(first + all(board, "li").length).toBe(40);
  for (const column of all(board, ".column")) expect(column.querySelector("h3")).not.toBeNull();

  await pass(board, SOME);
  expect(page(board)).toBe("1 / 2");
});

test("a floor that goes on in the next column repeats its heading", async () => {
  const board = await showPanel();
  await resized(board, 1280, 300);

  const headings = () => all(board, "h3").map((heading) => heading.textContent?.trim());
  expect(headings().slice(0, 2)).toEqual(["Tower A / 0F 10 of 10 free", "Tower A / 0F (continued)"]);
});

test("pages rest while somebody uses the board", async () => {
  const board = await showPanel();

  (all(board, ".pager button")[1] as HTMLButtonElement).click();
  await board.updateComplete;
  expect(page(board)).toBe("2 / 2");
  await pass(board, MINUTE - 1000);
  expect(page(board)).toBe("2 / 2");
  await pass(board, 1000);
  expect(page(board)).toBe("1 / 2");

  (all(board, ".pager button")[0] as HTMLButtonElement).click();
  await board.updateComplete;
  expect(page(board)).toBe("2 / 2");
  all(board, "ha-card")[0]?.dispatchEvent(new Event("pointerdown"));
  await pass(board, SOME);
  expect(page(board)).toBe("2 / 2");
});

test("a filter begins with the first page, and does not change the size", async () => {
  const board = await showPanel();
  const style = () => all(board, ".rooms")[0]?.getAttribute("style");
  const before = style();
  await pass(board, SOME);

  const [floor] = all(board, "select") as HTMLSelectElement[];
  if (floor) floor.value = "Tower A / 2F";
  floor?.dispatchEvent(new Event("change"));
  await board.updateComplete;

  expect(all(board, "li")).toHaveLength(10);
  expect(all(board, ".pager")).toHaveLength(0);
  expect(style()).toBe(before);
});

test("pages turn as configured: more slowly, only by hand on e-paper, never on a board that scrolls", async () => {
  const slow = await showPanel({ page_seconds: 30 });
  const paper = await showPanel({ monochrome: true });
  const scrolls = await showPanel({ page_seconds: 0 });

  await pass(slow, SOME);
  expect([page(slow), page(paper)]).toEqual(["1 / 2", "1 / 2"]);
  await pass(slow, 2 * SOME);
  expect([page(slow), page(paper)]).toEqual(["2 / 2", "1 / 2"]);
  expect(scrolls.hasAttribute("fits")).toBe(false);
  expect(all(scrolls, "li")).toHaveLength(40);
});

test("a board with fixed rows fits its cell, one with automatic rows and one on a phone scroll", async () => {
  const fixed = await showBoard(many, { grid_options: { rows: 6 } });
  const auto = await showBoard(many, { grid_options: { rows: "auto" } });
  for (const board of [fixed, auto]) board.layout = "grid";
  await resized(fixed, 700, 400);
  await auto.updateComplete;
  expect([fixed.hasAttribute("fits"), auto.hasAttribute("fits")]).toEqual([true, false]);
  expect(all(auto, "li")).toHaveLength(40);

  await resized(fixed, 400, 300);
  expect([fixed.hasAttribute("fits"), fixed.hasAttribute("scrolls")]).toEqual([false, true]);

  const phone = await showPanel();
  await resized(phone, 390, 700);
  expect(phone.hasAttribute("fits")).toBe(false);
  expect(all(phone, "li")).toHaveLength(40);
});

test("a phone shows the hours once, a wide board for each floor", async () => {
  const board = await showPanel({ page_seconds: 0 });
  expect(all(board, ".hours")).toHaveLength(4);
  expect(all(board, ".hours")[0]?.querySelectorAll("i")).toHaveLength(9);

  await resized(board, 390, 700);
  expect(all(board, ".hours")).toHaveLength(1);
  expect(all(board, ".once .hours i").map((hour) => hour.textContent?.trim())).toEqual([
    "",
    "10:00",
    "11:00",
    "12:00",
    "13:00",
  ]);
});

test("strips show the configured hours of the day", async () => {
  const board = await showBoard(office, { day_start: 9, day_end: 12 });

  expect(all(board, ".hours")[0]?.querySelectorAll("i")).toHaveLength(3);
});

test("a card that filters entities changes the rooms, but not the filter of a visitor", async () => {
  const type = "custom:feishu-rooms-board-card";
  const board = await showBoard(office, {
    entities: [{ entity: "binary_sensor.orion" }, { entity: "binary_sensor.vega" }],
  });
  (all(board, ".toggle")[0] as HTMLButtonElement).click();
  await board.updateComplete;
  expect(all(board, ".who b").map((name) => name.textContent)).toEqual(["Orion"]);

  board.setConfig({ type, entities: [{ entity: "binary_sensor.vega" }, { entity: "binary_sensor.lyra" }] });
  await board.updateComplete;
  expect(all(board, "li")).toHaveLength(0);
  board.setConfig({ type, free_for: 1, entities: [{ entity: "binary_sensor.orion" }] });
  await board.updateComplete;
  expect(all(board, "li")).toHaveLength(1);
});

/** Put a board with an empty list of rooms into Home Assistant's wrapper, which is in a card that filters entities. */
async function showFiltered(filter: string, config: object): Promise<BoardCard> {
  const wrapper = Object.assign(document.createElement("hui-card"), { config });
  const outer = document.createElement(filter);
  outer.append(wrapper);
  document.body.append(outer);
  const board = await showBoard(office, { entities: [] });
  wrapper.append(board);
  await board.updateComplete;
  return board;
}

test("a board that comes late shows the rooms that a filter has chosen before", async () => {
  const type = "custom:feishu-rooms-board-card";
  const board = await showFiltered("hui-entity-filter-card", { type, entities: ["binary_sensor.vega"] });
  expect(all(board, ".who b").map((name) => name.textContent)).toEqual(["Vega"]);

  const other = await showFiltered("hui-entity-filter-card", { type: "entities", entities: ["binary_sensor.vega"] });
  expect(all(other, "li")).toHaveLength(0);
});

test.each([
  ["hui-entity-filter-card", 0, "No room matches."],
  ["auto-entities", 0, "No room matches."],
  ["hui-grid-section", 4, undefined],
])("an empty list in %s are %d rooms", async (filter, count, words) => {
  const board = await showFiltered(filter, { type: "custom:feishu-rooms-board-card", entities: [] });
  expect(all(board, "li")).toHaveLength(count);
  expect(text(board, ".none")).toBe(words);
});

test("a removed board has no timer", async () => {
  const board = await showPanel();
  board.remove();
  expect(vi.getTimerCount()).toBe(0);
});

test("a tap opens the room: its details, or what is configured for the board or for the room", async () => {
  const tapped = async (config: object) => {
    const acted = vi.fn();
    document.body.addEventListener("hass-action", (event) => acted((event as CustomEvent).detail.config), {
      once: true,
    });
    const board = await showBoard(office, config);
    (all(board, "button.tap")[0] as HTMLButtonElement).click();
    return acted.mock.calls[0]?.[0].tap_action;
  };
  const door = { action: "navigate", navigation_path: "door-orion" };
  const entities = [{ entity: "binary_sensor.orion", tap_action: door }, "binary_sensor.vega"];

  expect(await tapped({})).toEqual({ action: "more-info" });
  expect(await tapped({ tap_action: door })).toEqual(door);
  expect(await tapped({ entities, tap_action: { action: "none" } })).toEqual(door);
  const board = await showBoard(office, { entities, tap_action: { action: "none" } });
  expect(all(board, "li").map((row) => row.querySelectorAll("button").length)).toEqual([1, 0]);
});

test("rows name requests and an end that is near, and a lost connection is seen", async () => {
  const hass = hassWith({ orion: ["off", { pending: 2 }] });
  const board = await showBoard(hass);
  expect(text(board, ".who small")).toBe("8 seats · 2 requests");

  await tell(board, { ...hass, connected: false });
  expect(all(board, "ha-card")[0]?.className).toBe("offline");
});

test("the editor offers the floors of the rooms", async () => {
  const element = customElements.get("feishu-rooms-board-card") as unknown as typeof BoardCard;
  const options = async () => JSON.stringify((await element.getConfigForm()).schema);
  expect(await options()).toContain('"options":[]');

  document.body.append(Object.assign(document.createElement("home-assistant"), { hass: office }));
  expect(await options()).toContain('"options":["Tower A / 3F","Tower A / 4F"]');
});
