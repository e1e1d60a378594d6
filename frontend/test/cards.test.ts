/** The cards as elements: what they show, and when they render. */

import { expect, test, vi } from "vitest";
import type { RoomCard } from "../src/cards/room-card";
import type { Hass } from "../src/hass";
import { at, booked, hassWith, iso, type Told } from "./office";
import { all, type Card, change, office, showBoard, showRoom, TO_11, tell, text, UNTIL_11, words } from "./screen";

test("a room card shows state, times, clock and strip", async () => {
  const card = await showRoom(hassWith({ orion: ["off", UNTIL_11] }));

  expect(text(card, ".name")).toBe("Orion");
  expect(text(card, ".word")).toBe("Free");
  expect(text(card, ".until")).toBe("until 11:00 1 h left");
  expect(text(card, ".coming")).toBe("Next:11:00 – 12:00");
  expect(text(card, ".clock")).toBe("10:00 Monday, November 23");
  expect(all(card, "ha-card")[0]?.className).toBe("free");
  expect(all(card, ".strip .bar")).toHaveLength(1);
  expect(all(card, ".strip")[0]?.getAttribute("aria-label")).toBe("Bookings today: 11:00 – 12:00");
});

test("an unavailable or missing room is never shown as free", async () => {
  for (const hass of [hassWith({ orion: ["unavailable"] }), hassWith({ orion: ["unknown"] }), hassWith({})]) {
    const card = await showRoom(hass);

    expect(text(card, ".word")).toBe("No data");
    expect(all(card, "ha-card")[0]?.className).toBe("unknown");
    expect(card.shadowRoot?.textContent).not.toMatch(/free/i);
  }
});

test("a card names equipment, the reason under the state, and no floor below a heading of it", async () => {
  const equipment = ["TV", "Whiteboard"];
  const hass = hassWith({ orion: ["on", { disabled_reason: "Repairs", busy_until: iso(at(11)), equipment }] });
  expect(text(await showRoom(hass), ".about")).toBe("Tower A / 3F · 8 seats · TV · Whiteboard");
  const card = await showRoom(hass, { hide_place: true });
  expect(text(card, ".about")).toBe("8 seats · TV · Whiteboard");
  expect(text(card, ".state .why")).toBe("Repairs");
});

test("a change of state is shown and announced", async () => {
  const hass = hassWith({ orion: ["off", UNTIL_11] });
  const card = await showRoom(hass);
  expect(text(card, "[role=status]")).toBe("");

  await tell(card, change(hass, { orion: TO_11 }));

  expect(text(card, ".word")).toBe("Busy");
  expect(text(card, "[role=status]")).toBe("Orion: Busy, until 11:00");
});

test("a change of another entity does not render the card", async () => {
  const hass = hassWith({ orion: ["off"], vega: ["off"] });
  const card = await showRoom(hass);
  const render = vi.spyOn(card as unknown as { render(): unknown }, "render");

  await tell(card, change(hass, { vega: ["on"] }));
  expect(render).not.toHaveBeenCalled();
  await tell(card, change(hass, { orion: ["on"] }));
  expect(render).toHaveBeenCalledOnce();
});

test("the countdown follows the minutes, and midnight starts a new day", async () => {
  const card = await showRoom(hassWith({ orion: ["off", UNTIL_11] }));

  await vi.advanceTimersByTimeAsync(60_000);
  await card.updateComplete;
  expect(text(card, ".until")).toBe("until 11:00 59 min left");

  vi.setSystemTime(at(23, 59, 30));
  await vi.advanceTimersByTimeAsync(60_000);
  await card.updateComplete;
  expect(text(card, ".clock")).toBe("00:00 Tuesday, November 24");
  expect(all(card, ".strip .bar")).toHaveLength(0);
});

test("a removed card has no timer", async () => {
  const card = await showRoom(hassWith({ orion: ["off"] }));
  expect(vi.getTimerCount()).toBe(1);

  card.remove();
  expect(vi.getTimerCount()).toBe(0);
});

test("a card with automatic rows has a height of its own", async () => {
  const hass = hassWith({ orion: ["off"] });

  expect((await showRoom(hass, { grid_options: { rows: "auto" } })).hasAttribute("auto")).toBe(true);
  expect((await showRoom(hass, { grid_options: { rows: 4 } })).hasAttribute("auto")).toBe(false);
});

test("a card has no tap action unless one is configured", async () => {
  const hass = hassWith({ orion: ["off"] });
  expect(all(await showRoom(hass), "button:not(.turn), a, [tabindex]")).toHaveLength(0);
  expect(all(await showRoom(hass, { tap_action: { action: "none" } }), "button:not(.turn)")).toHaveLength(0);

  const card = await showRoom(hass, { tap_action: { action: "more-info" } });
  const acted = vi.fn();
  document.body.addEventListener("hass-action", (event) => acted((event as CustomEvent).detail), { once: true });
  const [button] = all(card, ".tap");
  expect(button?.getAttribute("aria-label")).toBe("Show Orion");
  (button as HTMLButtonElement).click();

  const config = { entity: "binary_sensor.orion", tap_action: { action: "more-info" } };
  expect(acted).toHaveBeenCalledWith({ config, action: "tap" });
});

test("a monochrome card has no clock and no countdown", async () => {
  const card = await showRoom(hassWith({ orion: ["off", UNTIL_11] }), { monochrome: true });

  expect(all(card, "ha-card")[0]?.className).toBe("free mono");
  expect(text(card, ".clock")).toBeUndefined();
  expect(text(card, ".until")).toBe("until 11:00");
});

test("a monochrome screen gets a monochrome card by default", async () => {
  vi.stubGlobal("matchMedia", (query: string) => ({ matches: query === "(monochrome)" }));

  expect(all(await showRoom(hassWith({ orion: ["off"] })), ".mono")).toHaveLength(1);
  expect(all(await showRoom(hassWith({ orion: ["off"] }), { monochrome: false }), ".mono")).toHaveLength(0);
});

test("texts follow the user's language", async () => {
  const hass = hassWith({ orion: ["off", UNTIL_11] });
  const card = await showRoom(hass);

  await tell(card, { ...hass, locale: { ...hass.locale, language: "zh-Hans" } });

  expect(text(card, ".word")).toBe("空闲");
  expect(text(card, ".until")).toBe("11:00 前可用 还有 1 小时");
});

test("past bookings look different", async () => {
  const bookings = booked([at(8), at(9)], [at(9), at(10)], [at(10), at(11)]);
  const card = await showRoom(hassWith({ orion: ["on", bookings] }));

  expect(all(card, ".bar").map(({ className }) => className)).toEqual(["bar over", "bar over", "bar"]);
});

test("a panel of a taken room names rooms that are free, and follows them", async () => {
  const hass = hassWith({
    orion: [...TO_11],
    vega: ["off", { ...UNTIL_11, capacity: 12 }],
    mira: ["off", { floor: "4F" }],
  });
  const card = await showRoom(hass);
  expect(all(card, ".nearby")).toHaveLength(0);

  card.layout = "panel";
  await card.updateComplete;
  const rooms = () => all(card, ".nearby li").map((room) => room.textContent?.replaceAll(/\s+/g, " ").trim());
  expect(rooms()).toEqual(["Vega 12 seats until 11:00", "Mira 4F · 8 seats no bookings ahead"]);
  expect(text(card, ".nearby h3")).toBe("Free nearby");

  const taken = change(hass, { vega: ["on"] });
  await tell(card, taken);
  expect(rooms()).toEqual(["Mira 4F · 8 seats no bookings ahead"]);
  await tell(card, change(taken, { mira: ["unavailable"] }));
  expect(all(card, ".nearby")).toHaveLength(0);
  await tell(card, change(hass, { orion: ["off"] }));
  expect(all(card, ".nearby")).toHaveLength(0);
});

test("rooms nearby can be shown on any card, or on none", async () => {
  const hass = hassWith({ orion: [...TO_11], vega: ["off"] });
  expect(all(await showRoom(hass, { nearby: true }), ".nearby")).toHaveLength(1);

  const card = await showRoom(hass, { nearby: false });
  card.layout = "panel";
  await card.updateComplete;
  expect(all(card, ".nearby")).toHaveLength(0);
});

test("only a room card whose switch is on shows titles, and only if Home Assistant tells them", async () => {
  const titles = [
    { start: iso(at(10)), end: iso(at(11)), title: "<b>Review</b>", organizer: "Li Wei" },
    { start: iso(at(11)), end: iso(at(12)), title: null, organizer: "Zhao Min" },
  ];
  const attributes = { busy_until: iso(at(11)), ...booked([at(10), at(12)]), next_busy_time: iso(at(11)) };
  const hass = hassWith({ orion: ["on", { ...attributes, titles }] });
  const shown = (card: Card) => all(card, "bdi").map(({ textContent }) => textContent);

  expect(shown(await showRoom(hass, { titles: true }))).toEqual(["<b>Review</b>", "Li Wei", "Zhao Min"]);
  for (const card of [await showRoom(hass), await showRoom(hass, { titles: false }), await showBoard(hass)]) {
    expect(card.shadowRoot?.textContent).not.toMatch(/Review|Li Wei|Zhao Min/);
  }
  expect(shown(await showRoom(hassWith({ orion: ["on", attributes] }), { titles: true }))).toEqual([]);
});

// The board

test("a board shows each room, by floor", async () => {
  const board = await showBoard(office);

  expect(all(board, "h3").map((title) => title.textContent?.trim())).toEqual([
    "Tower A / 3F 1 of 2 free",
    "Tower A / 4F 1 of 1 free",
    "Elsewhere 0 of 1 free",
  ]);
  expect(words(board)).toEqual(["Free", "Busy", "Free", "No data"]);
  expect(text(board, ".summary")).toBe("2 of 4 free");
});

test("a board renders only the row that changes, and announces it", async () => {
  const board = await showBoard(office);
  const before = all(board, "li").map((line) => line.innerHTML);

  await tell(board, change(office, { mira: ["on", { floor: "4F" }] }));

  expect(words(board)).toEqual(["Free", "Busy", "Busy", "No data"]);
  const after = all(board, "li").map((line) => line.innerHTML);
  expect(after.map((line, index) => line === before[index])).toEqual([true, true, false, true]);
  expect(text(board, "[role=status]")).toBe("Mira: Busy, until further notice");
});

test("rows follow the time", async () => {
  const board = await showBoard(office);
  const before = all(board, "li").map((line) => line.className);

  vi.setSystemTime(at(10, 9));
  await vi.advanceTimersByTimeAsync(60_000);
  await board.updateComplete;

  expect(before).toEqual(["free", "busy", "free", "unknown"]);
  expect(all(board, "li").map((line) => line.className)).toEqual(["free", "busy", "free soon", "unknown"]);
});

test("several changes at once are announced as a count", async () => {
  const board = await showBoard(office);

  await tell(board, change(office, { mira: ["on"], orion: ["on"] }));

  expect(text(board, "[role=status]")).toBe("2 rooms have changed");
});

test("filters apply, and are reset after a while", async () => {
  const board = await showBoard(office);
  const [floor, seats] = all(board, "select") as HTMLSelectElement[];
  const [toggle] = all(board, ".toggle") as HTMLButtonElement[];
  const names = () => all(board, ".who b").map((name) => name.textContent);
  const choose = async (select: HTMLSelectElement | undefined, value: string) => {
    if (select) select.value = value;
    select?.dispatchEvent(new Event("change"));
    await board.updateComplete;
  };

  await choose(floor, "Tower A / 3F");
  expect(names()).toEqual(["Orion", "Vega"]);
  await choose(floor, "");
  await choose(seats, "20");
  expect(names()).toEqual(["Mira"]);
  await choose(seats, "");
  toggle?.click();
  await board.updateComplete;
  expect(toggle?.getAttribute("aria-pressed")).toBe("true");
  expect(names()).toEqual(["Orion"]);

  await vi.advanceTimersByTimeAsync(3 * 60_000);
  await board.updateComplete;
  expect(names()).toHaveLength(4);
});

test("a board that is removed and added again has no filter", async () => {
  const board = await showBoard(office);
  (all(board, ".toggle")[0] as HTMLButtonElement).click();
  await board.updateComplete;
  expect(all(board, "li")).toHaveLength(1);

  board.remove();
  expect(vi.getTimerCount()).toBe(0);
  document.body.append(board);
  await board.updateComplete;
  expect(all(board, "li")).toHaveLength(4);
});

test("no match and no rooms have different texts", async () => {
  expect(text(await showBoard(office, { place: "Tower Z" }), ".none")).toBe("No room matches.");
  expect(text(await showBoard(hassWith({})), ".none")).toBe("There are no rooms yet.");
});

test("a board follows its configuration", async () => {
  // Cards that filter entities pass objects
  const config = {
    entities: ["binary_sensor.vega", { entity: "binary_sensor.orion" }],
    title: "Lobby",
    free_first: true,
  };
  const board = await showBoard(office, { ...config, hide_filters: true, hide_clock: true, hide_floors: true });

  expect(text(board, "h2")).toBe("Lobby");
  expect(words(board)).toEqual(["Free", "Busy"]);
  expect(all(board, "select, .toggle, .clock, h3")).toHaveLength(0);
});

test("rooms that are added later appear", async () => {
  const board = await showBoard(office);
  const more = hassWith({ ...Object.fromEntries([["deneb", ["off"]]]) } as Told);

  const states = { ...office.states, ...more.states };
  await tell(board, { ...office, states, entities: { ...office.entities, ...more.entities } });

  expect(all(board, "li")).toHaveLength(5);
});

// Registration with Home Assistant

interface Listed {
  readonly type: string;
  readonly name: string;
  readonly description: string;
  readonly getEntitySuggestion?: (hass: Hass, entity: string) => { config: object } | null;
}

const listed = (list: string) => (window as unknown as Record<string, Listed[]>)[list] ?? [];

test("the cards and the dashboard are listed in the language of the page", () => {
  document.documentElement.lang = "zh-Hans";
  const names = [...listed("customCards"), ...listed("customBadges"), ...listed("customStrategies")].map(
    ({ name }) => name,
  );
  document.documentElement.lang = "en";

  expect(names).toEqual(["会议室", "会议室看板", "会议室平面图", "空闲会议室", "会议室"]);
  expect(listed("customCards").map(({ type }) => type)).toEqual([
    "feishu-room-card",
    "feishu-rooms-board-card",
    "feishu-rooms-map-card",
  ]);
});

test("the cards are suggested only for rooms", () => {
  const suggestions = (entity: string) =>
    listed("customCards").map(({ getEntitySuggestion }) => getEntitySuggestion?.(office, entity)?.config);

  expect(suggestions("binary_sensor.orion")).toEqual([
    { type: "custom:feishu-room-card", entity: "binary_sensor.orion" },
    { type: "custom:feishu-rooms-board-card", place: "Tower A / 3F" },
    undefined, // a map has many rooms
  ]);
  expect(suggestions("binary_sensor.lamp")).toEqual([undefined, undefined, undefined]);
});

test("the stub configuration has a room if there is one", () => {
  const element = customElements.get("feishu-room-card") as unknown as typeof RoomCard;

  expect(element.getStubConfig(office, ["light.lamp"], [])).toEqual({ entity: "binary_sensor.orion" });
  expect(element.getStubConfig(office, ["binary_sensor.vega"], [])).toEqual({ entity: "binary_sensor.vega" });
  expect(element.getStubConfig(hassWith({}))).toEqual({ entity: "" });
});

test("both cards have a size, grid options and an editor", async () => {
  const room = await showRoom(office);
  const board = await showBoard(office);

  expect(room.getGridOptions()).toEqual({ columns: 6, rows: 4, min_columns: 3, min_rows: 1 });
  expect([room.getCardSize(), board.getCardSize()]).toEqual([4, 6]);
  for (const tag of ["feishu-room-card", "feishu-rooms-board-card"]) {
    const element = customElements.get(tag) as unknown as typeof RoomCard;
    expect((await element.getConfigForm()).schema.length).toBeGreaterThan(3);
  }
});
