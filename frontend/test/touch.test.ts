/** The badge, and what happens when a card is touched. */

import { expect, test, vi } from "vitest";
import type { RoomsBadge } from "../src/cards/rooms-badge";
import { at, hassWith, iso } from "./office";
import { all, change, office, showBadge, showRoom, tell, text } from "./screen";

const acted = vi.fn();
const more = { action: "more-info" };
const open = { action: "navigate", navigation_path: "board" };
const none = { action: "none" };

async function surface(config: object): Promise<(event: string) => void> {
  acted.mockClear();
  const card = await showRoom(hassWith({ orion: ["off"] }), config);
  card.addEventListener("hass-action", (event) => acted((event as CustomEvent).detail.action));
  return (event) => all(card, ".tap")[0]?.dispatchEvent(new Event(event, { cancelable: true }));
}

function touch(send: (event: string) => void, time = 50): void {
  send("pointerdown");
  vi.advanceTimersByTime(time);
  send("pointerup");
  send("click");
}

test("a tap, a hold and a double tap have their own actions", async () => {
  const send = await surface({ tap_action: more, hold_action: open, double_tap_action: open });

  touch(send);
  expect(acted).not.toHaveBeenCalled(); // it may be tapped again
  vi.advanceTimersByTime(250);
  expect(acted.mock.calls).toEqual([["tap"]]);
  touch(send);
  touch(send);
  vi.advanceTimersByTime(1000);
  expect(acted.mock.calls).toEqual([["tap"], ["double_tap"]]);
  touch(send, 500);
  vi.advanceTimersByTime(1000);
  expect(acted.mock.calls).toEqual([["tap"], ["double_tap"], ["hold"]]);
});

test("a browser that sends no click after a hold takes the next tap", async () => {
  const send = await surface({ tap_action: more, hold_action: open });

  send("pointerdown");
  vi.advanceTimersByTime(600);
  send("pointerup");
  vi.advanceTimersByTime(300);
  send("click"); // of a keyboard
  expect(acted.mock.calls).toEqual([["hold"], ["tap"]]);
});

test("without a double tap, a tap acts at once, also if it is long", async () => {
  const send = await surface({ tap_action: more });

  touch(send, 700);
  expect(acted.mock.calls).toEqual([["tap"]]);
});

test("a finger that moves away does not hold", async () => {
  const send = await surface({ hold_action: open, tap_action: none });

  send("pointerdown");
  send("pointerleave");
  vi.advanceTimersByTime(600);
  send("pointerup");
  touch(send);
  expect(acted).not.toHaveBeenCalled();
});

test("the menu of the browser opens only if a hold does nothing else", async () => {
  for (const [config, isPrevented] of [
    [{ tap_action: more }, false],
    [{ hold_action: open }, true],
  ] as const) {
    const card = await showRoom(hassWith({ orion: ["off"] }), config);
    const event = new Event("contextmenu", { cancelable: true });
    all(card, ".tap")[0]?.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(isPrevented);
  }
});

test("a removed card forgets a tap", async () => {
  const card = await showRoom(hassWith({ orion: ["off"] }), { hold_action: open });
  all(card, ".tap")[0]?.dispatchEvent(new Event("pointerdown"));
  card.remove();
  expect(vi.getTimerCount()).toBe(0);
});

// The badge

test("a badge counts free rooms, and follows them", async () => {
  const badge = await showBadge(office);
  expect(text(badge, "b")).toBe("2 free");
  expect(all(badge, "ha-card")[0]?.className).toBe("free");
  expect(all(badge, "button, small")).toHaveLength(0);

  await tell(badge, change(office, { orion: ["on"], mira: ["on"] }));
  expect(text(badge, "b")).toBe("0 free");
  expect(all(badge, "ha-card")[0]?.className).toBe("busy");
});

test("a badge counts rooms of a floor, with seats, or that stay free", async () => {
  const count = async (config: object) => text(await showBadge(office, config), "b");

  expect(await count({ place: "Tower A / 3F" })).toBe("1 free");
  expect(await count({ min_seats: 20 })).toBe("1 free");
  expect(await count({ free_for: 30 })).toBe("1 free"); // Mira is booked in 20 minutes
});

test("a badge never says that unknown rooms are busy or free", async () => {
  const badge = await showBadge(hassWith({ lyra: ["unavailable"] }), { name: "3F" });

  expect(text(badge, "b")).toBe("No data");
  expect(all(badge, "ha-card")[0]?.className).toBe("unknown");
});

test("a badge shows a lost connection, and speaks the language of the user", async () => {
  const badge = await showBadge({ ...office, locale: { ...office.locale, language: "zh-Hans" } });
  expect(text(badge, "b")).toBe("2 间空闲");

  await tell(badge, { ...office, connected: false });
  expect(all(badge, "ha-card")[0]?.className).toBe("free offline");
});

test("a tap on a badge acts, and screen readers know it", async () => {
  acted.mockClear();
  const badge = await showBadge(office, { name: "3F", tap_action: open });
  badge.addEventListener("hass-action", (event) => acted((event as CustomEvent).detail));
  const [button] = all(badge, "button") as HTMLButtonElement[];
  expect(button?.getAttribute("aria-label")).toBe("3F: 2 free");

  button?.click();
  expect(acted.mock.calls[0]?.[0]).toMatchObject({ action: "tap", config: { tap_action: open } });
});

test("a badge has an editor, and refuses wrong options", async () => {
  const element = customElements.get("feishu-rooms-badge") as unknown as typeof RoomsBadge;
  const form = await element.getConfigForm();

  expect(element.getStubConfig()).toEqual({});
  expect(JSON.stringify(form.schema)).toContain("double_tap_action");
  expect(form.computeHelper({ name: "tap_action" })).toBe("Such as navigating to the board.");
  expect(() => form.assertConfig({ min_seats: "8" })).toThrow("“min_seats”");
  expect(() => form.assertConfig({ hold_action: "none" })).toThrow("“hold_action”");
});

test("a room with requests is marked at every size", async () => {
  const hass = hassWith({ orion: ["off", { pending: 1, next_busy_time: iso(at(11)) }] });
  const card = await showRoom(hass);
  expect(all(card, ".mark")).toHaveLength(1);

  await tell(card, change(hass, { orion: ["off"] }));
  expect(all(card, ".mark")).toHaveLength(0);
});
