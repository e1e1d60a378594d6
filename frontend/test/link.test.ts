/** What the cards show when the connection to Home Assistant is lost or uncertain. */

import { expect, test, vi } from "vitest";
import type { Hass } from "../src/hass";
import { at, booked, hassWith, iso } from "./office";
import { all, type Card, change, office, showBoard, showRoom, tell, text, UNTIL_11, words } from "./screen";

/** Return `hass` with new state objects, as a new connection sends them. */
const renewed = (hass: Hass): Hass => ({ ...hass, states: { ...hass.states } });

test("a lost connection shows at once, and no data after the grace period", async () => {
  const hass = hassWith({ orion: ["off"] });
  const card = await showRoom(hass);

  await tell(card, { ...hass, connected: false });
  expect(text(card, ".lost")).toBe("Not connected since 10:00");
  expect(text(card, ".word")).toBe("Free");
  expect(all(card, "ha-card")[0]?.className).toBe("free offline");

  await vi.advanceTimersByTimeAsync(10 * 60_000);
  await card.updateComplete;
  expect(text(card, ".word")).toBe("No data");
  expect(text(card, ".until")).toBe("No connection to Home Assistant since 10:00.");
  expect(all(card, "ha-card")[0]?.className).toBe("unknown");

  await tell(card, renewed(hass));
  expect(text(card, ".word")).toBe("Free");
  expect(text(card, ".lost")).toBeUndefined();
});

test("after a sleep there is no data until Home Assistant answers", async () => {
  let answer = () => {};
  const ping = () => new Promise<void>((resolve) => (answer = resolve));
  const card = await showRoom(hassWith({ orion: ["off"] }, { connection: { ping } }));

  vi.setSystemTime(at(12));
  document.dispatchEvent(new Event("visibilitychange"));
  await card.updateComplete;
  expect(text(card, ".word")).toBe("No data");

  answer();
  await vi.advanceTimersByTimeAsync(0);
  await card.updateComplete;
  expect(text(card, ".word")).toBe("Free");
});

test("an answer after the connection was lost changes nothing", async () => {
  let answer = () => {};
  const ping = () => new Promise<void>((resolve) => (answer = resolve));
  const hass = hassWith({ orion: ["off"] }, { connection: { ping } });
  const card = await showRoom(hass);
  vi.setSystemTime(at(12));
  document.dispatchEvent(new Event("visibilitychange"));
  await tell(card, { ...hass, connected: false });

  answer();
  await vi.advanceTimersByTimeAsync(0);
  await card.updateComplete;
  expect(text(card, ".word")).toBe("No data");
});

test("a connection that died during sleep stays lost until there is a new one", async () => {
  const ping = () => Promise.reject(new Error("Connection lost"));
  const hass = hassWith({ orion: ["off"] }, { connection: { ping } });
  const card = await showRoom(hass);

  vi.setSystemTime(at(12));
  window.dispatchEvent(new Event("pageshow"));
  await vi.advanceTimersByTimeAsync(0);
  await tell(card, { ...hass, connected: false });
  expect(text(card, ".until")).toBe("No connection to Home Assistant since 10:00.");
  await tell(card, renewed(hass));
  expect(text(card, ".word")).toBe("Free");
  expect(text(card, ".lost")).toBeUndefined();
});

test("a board shows a lost connection, and no free room after the grace period", async () => {
  const board = await showBoard(office);

  await tell(board, { ...office, connected: false });
  expect(text(board, ".lost")).toBe("Not connected since 10:00");
  expect(words(board)).toEqual(["Free", "Busy", "Free", "No data"]);

  await vi.advanceTimersByTimeAsync(10 * 60_000);
  await board.updateComplete;
  expect(words(board)).toEqual(["No data", "No data", "No data", "No data"]);
  expect(text(board, ".summary")).toBe("0 of 4 free");
});

// A dead connection that still counts as connected

const MINUTE = 60_000;
const PATIENCE = 15_000;

/** A connection that answers each ping, or lets it wait until `answer()`. */
function connection() {
  const waiting: (() => void)[] = [];
  const line = {
    alive: true,
    ping: vi.fn(() => (line.alive ? Promise.resolve() : new Promise<void>((resolve) => waiting.push(resolve)))),
    answer: () => {
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
  return line;
}

async function pass(time: number, ...cards: Card[]): Promise<void> {
  await vi.advanceTimersByTimeAsync(time);
  for (const card of cards) await card.updateComplete;
}

test("a dead connection is noticed within a minute", async () => {
  const line = connection();
  const card = await showRoom(hassWith({ orion: ["off", UNTIL_11] }, { connection: line }));
  await pass(5 * MINUTE, card);
  line.alive = false;

  await pass(MINUTE + PATIENCE - 1, card);
  expect(text(card, ".lost")).toBeUndefined();
  await pass(1, card);
  expect(text(card, ".lost")).toBe("Not connected since 10:05");
  expect(text(card, ".word")).toBe("Free");

  await pass(10 * MINUTE, card);
  expect(text(card, ".word")).toBe("No data");
  expect(text(card, ".until")).toBe("No connection to Home Assistant since 10:05.");
  await pass(75 * MINUTE, card);
  expect(card.shadowRoot?.textContent).not.toMatch(/free/i);
});

test("an answer to the next ping or a late answer restores the data", async () => {
  const line = connection();
  const board = await showBoard({ ...office, connection: line });

  line.alive = false;
  await pass(15 * MINUTE, board);
  expect(words(board)).toEqual(["No data", "No data", "No data", "No data"]);
  line.alive = true;
  await pass(MINUTE, board);
  expect(words(board)).toEqual(["Free", "Busy", "Free", "No data"]);
  expect(text(board, ".lost")).toBeUndefined();

  line.alive = false;
  await pass(MINUTE + 2 * PATIENCE, board);
  expect(text(board, ".lost")).toBe("Not connected since 10:16");
  line.answer();
  await pass(0, board);
  expect(text(board, ".lost")).toBeUndefined();
  await pass(PATIENCE, board);
  expect(text(board, ".lost")).toBeUndefined();
});

test("a rejected ping is no answer", async () => {
  const card = await showRoom(
    hassWith({ orion: ["off"] }, { connection: { ping: () => Promise.reject(new Error()) } }),
  );

  await pass(MINUTE + PATIENCE, card);
  expect(text(card, ".lost")).toBe("Not connected since 10:00");
});

test("all cards of a page share one ping per minute and its answer", async () => {
  const line = connection();
  const hass = { ...office, connection: line };
  const cards = [await showRoom(hass), await showBoard(hass), await showRoom({ ...hass })];

  await pass(3 * MINUTE, ...cards);
  expect(line.ping).toHaveBeenCalledTimes(3);

  line.alive = false;
  await pass(MINUTE + PATIENCE, ...cards);
  expect(line.ping).toHaveBeenCalledTimes(4);
  expect(cards.map((card) => text(card, ".lost"))).toEqual(Array(3).fill("Not connected since 10:03"));
  expect(text(await showRoom(hass), ".lost")).toBe("Not connected since 10:03");
});

test("removed cards do not ping and have no timer", async () => {
  const line = connection();
  line.alive = false;
  const hass = { ...office, connection: line };
  const [first, last] = [await showRoom(hass), await showBoard(hass)];
  await pass(MINUTE, first, last);

  first.remove();
  await pass(PATIENCE, last);
  expect(text(last, ".lost")).toBe("Not connected since 10:00");

  await pass(MINUTE - PATIENCE, last);
  last.remove();
  expect(vi.getTimerCount()).toBe(0);
  await pass(5 * MINUTE);
  expect(line.ping).toHaveBeenCalledTimes(2);
});

test("without a connection or without a ping there is no check", async () => {
  const line = connection();
  const lost = await showRoom({ ...office, connection: line, connected: false });
  const mute = await showRoom({ ...office, connection: {} });

  await pass(2 * MINUTE, lost, mute);
  expect(line.ping).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(1);
  expect(text(mute, ".word")).toBe("Free");
});

// A restored connection

test("a new connection counts only after it sends new states", async () => {
  const hass = { ...office, connection: connection() };
  const [card, other] = [await showRoom(hass), await showRoom(hass)];
  for (const each of [card, other]) await tell(each, { ...hass, connected: false });
  await pass(89.5 * MINUTE, card, other);

  for (const each of [card, other]) await tell(each, hass);
  expect(text(card, ".word")).toBe("No data");
  expect(text(card, "[role=status]")).toBe("Orion: No data, No connection to Home Assistant since 10:00.");

  await tell(card, change(hass, { orion: ["on", { busy_until: iso(at(12)), ...booked([at(11), at(12)]) }] }));
  expect(text(card, "[role=status]")).toBe("Orion: Busy, until 12:00");
  expect(text(other, ".word")).toBe("No data");
  await tell(other, renewed(hass));
  expect(text(other, ".word")).toBe("Free");
});

test("new states from a new connection end the silence of the old one", async () => {
  const line = connection();
  const hass = { ...office, connection: line };
  const card = await showRoom(hass);
  line.alive = false;
  await pass(2 * MINUTE, card);

  await tell(card, { ...hass, connected: false });
  expect(text(card, ".lost")).toBe("Not connected since 10:00");
  await tell(card, hass);
  expect(text(card, ".lost")).toBe("Not connected since 10:00");
  await tell(card, renewed(hass));
  expect(text(card, ".lost")).toBeUndefined();
});

test.each([
  ["answers", connection()],
  ["has no ping", {}],
])("a connection without new states does not stay lost: one that %s", async (_, line) => {
  const hass = { ...office, connection: line };
  const card = await showRoom(hass);
  await tell(card, { ...hass, connected: false });
  await pass(10.5 * MINUTE, card);
  await tell(card, hass);
  expect(text(card, ".word")).toBe("No data");

  await pass(MINUTE / 2, card);
  expect(text(card, ".word")).toBe("Free");
});
