// @vitest-environment node
import { expect, test } from "vitest";
import type { Hass } from "../src/hass";
import { abilitiesOf, offersOf, requestOf } from "../src/model/offers";
import { readRoom } from "../src/model/room";
import { statusOf } from "../src/model/status";
import { MINUTE } from "../src/model/zone";
import { at, BOOKING, hassWith, iso, type Told, withButtons } from "./office";

const ROOM = "binary_sensor.orion";
const ALL = { book: true, extend: true, end: true };

function offers(told: Told[string], can = ALL, now = at(10)): string[] {
  const room = readRoom(hassWith({ orion: told }), ROOM);
  const status = statusOf(room, { now, lostAt: null, isClockRight: true, soon: 10 * MINUTE });
  return offersOf(status, can, now).map((offer) => {
    if ("minutes" in offer) return `${offer.kind} ${offer.minutes}`;
    return "end" in offer ? `until ${(offer.end - now) / MINUTE}` : offer.kind;
  });
}

const free = (hour: number, minute = 0): Told[string] => ["off", { next_busy_time: iso(at(hour, minute)) }];
const busy = (nextBusy: number | null): Told[string] => [
  "on",
  { busy_until: iso(at(11)), next_busy_time: nextBusy && iso(nextBusy) },
];

test.each([
  [["off"], ["book 15", "book 30", "book 60"]],
  [free(14, 1), ["book 15", "book 30", "book 60"]],
  [free(14), ["book 15", "book 30", "book 60", "until 240"]],
  [free(11), ["book 15", "book 30", "book 60"]],
  [free(10, 40), ["book 15", "book 30", "until 40"]],
  [free(10, 30), ["book 15", "book 30"]],
  [free(10, 14), ["until 14"]],
  [free(10, 4), []],
  [busy(null), ["extend 15", "extend 30", "end"]],
  [busy(at(11, 30)), ["extend 15", "extend 30", "end"]],
  [busy(at(11, 20)), ["extend 15", "end"]],
  [busy(at(11, 10)), ["end"]],
  [["on"], ["end"]],
  [["on", { disabled_reason: "" }], []],
  [["unavailable"], []],
] as [Told[string], string[]][])("%j: %j", (told, expected) => {
  expect(offers(told)).toEqual(expected);
});

test("only what Home Assistant allows is offered", () => {
  expect(offers(["off"], { ...ALL, book: false })).toEqual([]);
  expect(offers(busy(null), { ...ALL, extend: false })).toEqual(["end"]);
  expect(offers(busy(null), { ...ALL, end: false })).toEqual(["extend 15", "extend 30"]);
});

test("an action is allowed if it exists, and if its button would work", () => {
  const office = hassWith({ orion: ["off"], vega: ["off"] });
  const can = (hass: Hass) => abilitiesOf(hass, ROOM);
  const { book_room: _, ...withoutBook } = BOOKING;

  expect(can(office)).toEqual({ book: false, extend: false, end: false });
  expect(can({ ...office, services: { feishu_freebusy: BOOKING } })).toEqual(ALL);
  expect(can({ ...office, services: { feishu_freebusy: withoutBook } })).toEqual({ ...ALL, book: false });
  const buttons = withButtons(office, "orion", { book: "unavailable", extend: "unknown", end: "unavailable" });
  expect(can(buttons)).toEqual({ ...ALL, end: false });
  expect(can(withButtons(office, "vega", { end: "unavailable" }))).toEqual(ALL);
});

test("a request has the room, and the duration or the end", () => {
  expect(requestOf({ kind: "book", minutes: 30 }, ROOM, 9)).toEqual({
    service: "book_room",
    data: { entity_id: ROOM, duration: { minutes: 30 } },
  });
  expect(requestOf({ kind: "book", end: at(11) }, ROOM, 9)).toEqual({
    service: "book_room",
    data: { entity_id: ROOM, end: "2026-11-23T03:00:00.000Z" },
  });
  expect(requestOf({ kind: "extend", minutes: 15 }, ROOM, 9)).toEqual({
    service: "extend_booking",
    data: { entity_id: ROOM, duration: { minutes: 15 } },
  });
  expect(requestOf({ kind: "end" }, ROOM, 8.2)).toEqual({
    service: "end_booking",
    data: { entity_id: ROOM, after: { milliseconds: 9 } },
  });
});
