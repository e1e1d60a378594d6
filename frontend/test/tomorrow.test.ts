/** The page of tomorrow on a door panel. */

import { expect, test, vi } from "vitest";
import type { RoomCard } from "../src/cards/room-card";
import { at, booked, hassWith, iso } from "./office";
import { all, showRoom, text } from "./screen";

const BOOKED = booked(
  [at(11), at(12)],
  [at(23, 30), at(24, 30)],
  [at(9, 0, 0, 1), at(10, 0, 0, 1)],
  [at(14, 0, 0, 1), at(15, 0, 0, 1)],
);

async function panel(bookings: object = BOOKED, config: object = {}): Promise<RoomCard> {
  const card = await showRoom(hassWith({ orion: ["off", { next_busy_time: iso(at(11)), ...bookings }] }), config);
  card.layout = "panel";
  await card.updateComplete;
  return card;
}

async function turn(card: RoomCard): Promise<void> {
  (all(card, ".turn")[0] as HTMLElement).click();
  await card.updateComplete;
}

/** Move a pointer from one point to another. */
async function drag(card: RoomCard, across: number, down = 0, pointerType = "touch"): Promise<void> {
  const event = (type: string, clientX: number, clientY: number) =>
    card.dispatchEvent(new PointerEvent(type, { clientX, clientY, pointerType, isPrimary: true, pointerId: 1 }));
  event("pointerdown", 300, 300);
  event("pointerup", 300 + across, 300 + down);
  await card.updateComplete;
}

test("a key shows the bookings of tomorrow, and those of today again", async () => {
  const card = await panel();
  expect(all(card, ".turn")[0]?.getAttribute("aria-label")).toBe("Tomorrow");

  await turn(card);
  expect(text(card, ".coming")).toBe("TomorrowNov 23 23:30 – 00:3009:00 – 10:0014:00 – 15:00");
  expect(all(card, ".strip")[0]?.getAttribute("aria-label")).toBe(
    "Tomorrow: Nov 23 23:30 – 00:30, 09:00 – 10:00, 14:00 – 15:00",
  );
  expect(all(card, ".strip .bar").map((bar) => bar.getAttribute("style"))).toEqual([
    "inset-inline-start:9.091%;inline-size:9.091%", // the hours from 8 to 19
    "inset-inline-start:54.545%;inline-size:9.091%",
  ]);
  expect(all(card, ".turn")[0]?.getAttribute("aria-label")).toBe("Today");

  await turn(card);
  expect(text(card, ".coming dt")).toBe("Next:");
});

test("a day without bookings says so", async () => {
  const card = await panel({});
  await turn(card);
  expect(text(card, ".coming")).toBe("TomorrowNo bookings");
});

test("today comes back when nobody touches the panel", async () => {
  const card = await panel();
  await turn(card);
  await vi.advanceTimersByTimeAsync(60_000);
  await card.updateComplete;
  expect(text(card, ".coming dt")).not.toBe("Tomorrow");
});

test("a finger turns the page by a swipe, a mouse or a short way does not", async () => {
  const card = await panel();
  for (const [across, down, pointer] of [
    [-40, 0],
    [-100, 80],
    [-200, 0, "mouse"],
  ] as [number, number, string?][]) {
    await drag(card, across, down, pointer);
    expect(all(card, ".ahead")).toHaveLength(0);
  }
  await drag(card, -120, 20);
  expect(all(card, ".ahead")).toHaveLength(1);
  await drag(card, -120); // there is no third page
  expect(all(card, ".ahead")).toHaveLength(1);
  await drag(card, 120);
  expect(all(card, ".ahead")).toHaveLength(0);
});

test("on a right-to-left page a swipe to the right shows tomorrow", async () => {
  const card = await panel();
  card.style.direction = "rtl";
  await drag(card, 120);
  expect(all(card, ".ahead")).toHaveLength(1);
});

test("a tile does not turn", async () => {
  const card = await panel();
  card.layout = "grid";
  await drag(card, -120);
  expect(all(card, ".ahead")).toHaveLength(0);
});

test("a room whose state is not known has no page of tomorrow", async () => {
  const card = await showRoom(hassWith({ orion: ["unavailable"] }));
  expect(all(card, ".turn")).toHaveLength(0);
});
