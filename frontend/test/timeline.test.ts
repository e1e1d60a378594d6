// @vitest-environment node
import { expect, test } from "vitest";
import { readRoom } from "../src/model/room";
import { dayAround, hoursAround, timelineOf } from "../src/model/timeline";
import { at, booked, hassWith, ZONE } from "./office";

const utc = (text: string) => Date.parse(`${text}Z`);
const hoursOf = (now: number, zone = ZONE, from = 8, to = 19) =>
  dayAround(now, zone, from, to).hours.map(({ hour }) => hour);

test("a day is shown from its first to its last hour", () => {
  const day = dayAround(at(14, 6), ZONE, 8, 19);

  expect([day.start, day.end]).toEqual([at(8), at(19)]);
  expect(day.hours).toHaveLength(12);
});

test.each([
  ["early", at(6, 30), 6, 19],
  ["at midnight", at(0), 0, 19],
  ["late", at(21, 15), 8, 22],
  ["at the end of the day", at(19), 8, 20],
  ["just before midnight", at(23, 59), 8, 24],
])("the shown hours include now: %s", (_, now, first, last) => {
  const hours = hoursOf(now);

  expect([hours[0], hours.at(-1)]).toEqual([first, last]);
  const day = dayAround(now, ZONE, 8, 19);
  expect(day.start <= now && now < day.end).toBe(true);
});

test("midnight starts a new day", () => {
  expect(dayAround(at(23, 59, 59), ZONE, 0, 24).start).toBe(at(0));
  expect(dayAround(at(24), ZONE, 0, 24).start).toBe(at(0, 0, 0, 1));
});

test.each([
  ["2026-03-29T10:00", 23],
  ["2026-10-25T10:00", 25],
  ["2026-10-26T10:00", 24],
])("days with clock changes have 23 or 25 hours: %s", (now, length) => {
  const day = dayAround(utc(now), "Europe/Berlin", 0, 24);

  expect((day.end - day.start) / 3_600_000).toBe(length);
  const starts = day.hours.map((hour) => hour.at);
  expect(starts).toEqual([...new Set(starts)].sort((one, other) => one - other));
});

test("bookings are fractions of the day, cut off at its ends", () => {
  const day = dayAround(at(12), ZONE, 8, 18);
  const bookings = booked([at(7), at(8)], [at(10), at(11)], [at(17), at(20)], [at(18), at(20)]);
  const early = booked([at(7), at(9)]);
  const room = readRoom(hassWith({ orion: ["off", bookings] }), "binary_sensor.orion");
  const timeline = timelineOf(room, day, at(13));

  expect(timeline.bars).toEqual([
    { from: 0.2, to: 0.3 },
    { from: 0.9, to: 1 },
  ]);
  expect(timelineOf(readRoom(hassWith({ orion: ["off", early] }), room.id), day, at(13)).bars).toEqual([
    { from: 0, to: 0.1 },
  ]);
  expect(timeline.now).toBe(0.5);
  expect(timeline.ticks.map(({ hour, at: share }) => [hour, share]).slice(0, 2)).toEqual([
    [8, 0],
    [9, 0.1],
  ]);
  expect(timeline.ticks).toHaveLength(10);
});

test("the hours around now move with it, also over midnight", () => {
  const day = hoursAround(at(23, 20), ZONE, 1, 3);

  expect([day.start, day.end]).toEqual([at(22, 20), at(26, 20)]);
  expect(day.hours).toEqual([
    { hour: 23, at: at(23) },
    { hour: 0, at: at(24) },
    { hour: 1, at: at(25) },
    { hour: 2, at: at(26) },
  ]);
  const room = readRoom(hassWith({ orion: ["off"] }), "binary_sensor.orion");
  expect(timelineOf(room, day, at(23, 20)).now).toBe(0.25);
  expect(timelineOf(room, day, at(23, 20)).ticks).toHaveLength(4);
  expect(hoursAround(at(0, 30), ZONE, 1, 2).hours.map(({ hour }) => hour)).toEqual([0, 1, 2]);
});

test("the hours around now stay real when clocks change", () => {
  const hours = hoursAround(utc("2026-03-29T00:30"), "Europe/Berlin", 1, 3).hours; // 01:30, 02:00 is skipped

  expect(hours.map(({ hour }) => hour)).toEqual([1, 3, 4, 5]);
  expect(hours.map((hour) => hour.at)).toEqual([0, 1, 2, 3].map((hour) => Date.UTC(2026, 2, 29, hour)));
});
