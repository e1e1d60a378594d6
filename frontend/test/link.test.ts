/** What the cards show when Home Assistant may not be there. */

import { expect, test, vi } from "vitest";
import { at, hassWith } from "./office";
import { office, showBoard, showRoom, tell, text, words } from "./screen";

test("a lost connection is said at once, and after the grace there is no data", async () => {
  const hass = hassWith({ orion: ["off"] });
  const card = await showRoom(hass);

  await tell(card, { ...hass, connected: false });
  expect(text(card, ".lost")).toBe("Not connected since 10:00");
  expect(text(card, ".word")).toBe("Free");

  await vi.advanceTimersByTimeAsync(10 * 60_000);
  await card.updateComplete;
  expect(text(card, ".word")).toBe("No data");
  expect(text(card, ".until")).toBe("No connection to Home Assistant since 10:00.");

  await tell(card, hass);
  expect(text(card, ".word")).toBe("Free");
  expect(text(card, ".lost")).toBeUndefined();
});

test("after a sleep nothing is relied on until Home Assistant answers", async () => {
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

test("an answer that comes after the connection was lost changes nothing", async () => {
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

test("a connection that died in the sleep stays lost until there is a new one", async () => {
  const ping = () => Promise.reject(new Error("Connection lost"));
  const hass = hassWith({ orion: ["off"] }, { connection: { ping } });
  const card = await showRoom(hass);

  vi.setSystemTime(at(12));
  window.dispatchEvent(new Event("pageshow"));
  await vi.advanceTimersByTimeAsync(0);
  await tell(card, { ...hass, connected: false });
  expect(text(card, ".until")).toBe("No connection to Home Assistant since 10:00.");
  await tell(card, hass);
  expect(text(card, ".word")).toBe("Free");
});

test("a lost connection is said on the board, and after the grace no room is free", async () => {
  const board = await showBoard(office);

  await tell(board, { ...office, connected: false });
  expect(text(board, ".lost")).toBe("Not connected since 10:00");
  expect(words(board)).toEqual(["Free", "Busy", "Free", "No data"]);

  await vi.advanceTimersByTimeAsync(10 * 60_000);
  await board.updateComplete;
  expect(words(board)).toEqual(["No data", "No data", "No data", "No data"]);
  expect(text(board, ".summary")).toBe("0 of 4 free");
});
