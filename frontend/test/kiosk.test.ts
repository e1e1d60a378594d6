/** A card on a wall. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { RoomCard } from "../src/cards/room-card";
import type { Hass } from "../src/hass";
import { forgetRelease } from "../src/view/kiosk";
import { at, hassWith } from "./office";
import { all, showRoom, tell } from "./screen";

const OFFICE = [[at(8), at(10, 30)]];
const MINUTE = 60_000;

const bars = vi.fn();
const reload = vi.fn();
const release = vi.fn();
const request = vi.fn(async () => ({ release }));
const onBars = (event: Event) => bars((event as CustomEvent<{ enable: boolean }>).detail.enable);

beforeEach(() => {
  window.addEventListener("hass-kiosk-mode", onBars);
  vi.stubGlobal("fetch", async () => ({ ok: true }));
  vi.spyOn(window.location, "reload").mockImplementation(reload);
  Object.defineProperty(navigator, "wakeLock", { value: { request }, configurable: true });
});

afterEach(() => {
  document.body.replaceChildren();
  window.removeEventListener("hass-kiosk-mode", onBars);
  window.history.replaceState(null, "", "?");
  sessionStorage.clear();
  forgetRelease();
  vi.restoreAllMocks();
  for (const mock of [bars, reload, release, request]) mock.mockClear();
});

const callWS: NonNullable<Hass["callWS"]> = async () => ({ now: Date.now(), office: OFFICE }) as never;
const home = (more: Partial<Hass> = {}) => hassWith({ orion: ["off"] }, { callWS, user: { is_admin: true }, ...more });

async function hang(hass = home(), config: object = {}, layout = "panel"): Promise<RoomCard> {
  const card = await showRoom(hass, { kiosk: true, ...config });
  card.layout = layout;
  await pass(0, card);
  return card;
}

async function pass(time: number, card: RoomCard): Promise<void> {
  await vi.advanceTimersByTimeAsync(time);
  await card.updateComplete;
}

test("the bars are hidden and the screen is awake while the card is on the page", async () => {
  const card = await hang();
  expect(card.hasAttribute("kiosk")).toBe(true);
  expect(bars.mock.calls).toEqual([[true]]);
  expect(request).toHaveBeenCalledOnce();

  card.remove();
  expect(card.hasAttribute("kiosk")).toBe(false);
  expect(bars.mock.calls).toEqual([[true], [false]]);
  expect(release).toHaveBeenCalledOnce();
});

test("the screen is kept awake again when the page is visible again", async () => {
  await hang();
  document.dispatchEvent(new Event("visibilitychange"));
  expect(request).toHaveBeenCalledTimes(2);
});

test("a browser that refuses or lacks the wake lock changes nothing", async () => {
  request.mockRejectedValueOnce(new Error("low battery"));
  expect((await hang()).hasAttribute("kiosk")).toBe(true);
  Object.defineProperty(navigator, "wakeLock", { value: undefined });
  expect((await hang()).hasAttribute("kiosk")).toBe(true);
});

test.each([
  ["in a section", {}, "grid"],
  ["without the option", { kiosk: false }, "panel"],
])("%s a card is no kiosk", async (_, config, layout) => {
  expect((await hang(home(), config, layout)).hasAttribute("kiosk")).toBe(false);
  expect(bars).not.toHaveBeenCalled();
});

test("in an editor a card is no kiosk", async () => {
  const card = await hang();
  card.preview = true;
  await card.updateComplete;
  expect(card.hasAttribute("kiosk")).toBe(false);
});

test("bars that were hidden before stay hidden", async () => {
  (await hang(home({ kioskMode: true }))).remove();
  expect(bars).not.toHaveBeenCalled();
});

test("the address can ask for a kiosk, for a card that fills the view", async () => {
  window.history.replaceState(null, "", "?kiosk=on");
  expect((await hang(home(), { kiosk: false })).hasAttribute("kiosk")).toBe(true);
  expect((await hang(home(), { kiosk: false }, "grid")).hasAttribute("kiosk")).toBe(false);
});

test("the address can ask for the bars", async () => {
  window.history.replaceState(null, "", "?kiosk=off");
  expect((await hang()).hasAttribute("kiosk")).toBe(false);
});

test("an administrator gets the bars back by Escape, other users do not", async () => {
  const press = () => window.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  const guest = await hang(home({ user: { is_admin: false } }));
  press();
  await guest.updateComplete;
  expect(guest.hasAttribute("kiosk")).toBe(true);
  guest.remove();

  const card = await hang();
  press();
  await card.updateComplete;
  expect(card.hasAttribute("kiosk")).toBe(false);
});

test("an administrator gets the bars back by a finger held on the name", async () => {
  const card = await hang();
  const finger = (type: string) =>
    all(card, ".name")[0]?.dispatchEvent(new PointerEvent(type, { bubbles: true, composed: true }));

  finger("pointerdown");
  await pass(2_900, card);
  finger("pointerup");
  await pass(1_000, card);
  expect(card.hasAttribute("kiosk")).toBe(true);

  finger("pointerdown");
  await pass(3_000, card);
  expect(card.hasAttribute("kiosk")).toBe(false);
});

test("out of office hours the card is dark until somebody touches it", async () => {
  const card = await hang();
  expect(card.hasAttribute("dim")).toBe(false);
  await pass(30 * MINUTE, card);
  expect(card.hasAttribute("dim")).toBe(true);

  card.dispatchEvent(new PointerEvent("pointerdown"));
  await card.updateComplete;
  expect(card.hasAttribute("dim")).toBe(false);
  await pass(MINUTE, card);
  expect(card.hasAttribute("dim")).toBe(true);
});

test.each([
  ["the option is off", { dim: false }, callWS],
  ["the card is black and white", { monochrome: true }, callWS],
  ["the office hours are not known", {}, (async () => ({ now: Date.now() }) as never) as typeof callWS],
])("the card stays bright if %s", async (_, config, call) => {
  const card = await hang(home({ callWS: call }), config);
  await pass(60 * MINUTE, card);
  expect(card.hasAttribute("dim")).toBe(false);
});

test("a page that does not reconnect is loaded again when Home Assistant answers", async () => {
  const answers = vi.fn(async () => ({ ok: false }));
  vi.stubGlobal("fetch", answers);
  const card = await hang();
  await tell(card, home({ connected: false }));
  await pass(MINUTE, card);
  expect(answers).not.toHaveBeenCalled();
  await pass(2 * MINUTE, card);
  expect(answers).toHaveBeenCalled();
  expect(reload).not.toHaveBeenCalled();

  answers.mockResolvedValue({ ok: true });
  await pass(MINUTE, card);
  expect(reload).toHaveBeenCalledOnce();
  await pass(9 * MINUTE, card); // not again and again
  expect(reload).toHaveBeenCalledOnce();
  await pass(2 * MINUTE, card);
  expect(reload).toHaveBeenCalledTimes(2);
});

test.each([
  ["is loaded again if Home Assistant comes back with other cards", "?v=2", 1],
  ["stays if Home Assistant comes back with the same cards", "", 0],
])("the page %s", async (_, version, times) => {
  const bundle = import.meta.url.replace("file://", "").replace("test/kiosk.test.ts", "src/view/kiosk.ts");
  const call: typeof callWS = async ({ type }) =>
    (type === "lovelace/resources"
      ? [{ url: "/other.js" }, { url: `${bundle}${version}` }]
      : { now: Date.now() }) as never;
  const card = await hang(home({ callWS: call }));
  await tell(card, home({ callWS: call, connected: false }));
  await tell(card, home({ callWS: call }));
  await pass(0, card);
  expect(reload).toHaveBeenCalledTimes(times);
});
