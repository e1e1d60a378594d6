// @vitest-environment node
import { expect, test } from "vitest";
import { readRoom } from "../src/model/room";
import { GRACE, isFreeFor, type Status, statusOf } from "../src/model/status";
import { MINUTE } from "../src/model/zone";
import { at, booked, hassWith, iso } from "./office";

const SOON = 10 * MINUTE;

type Attributes = Readonly<Record<string, unknown>>;

function status(state: string, attributes: Attributes, now: number, lostAt: number | null = null): Status {
  return statusAt(state, attributes, { now, lostAt });
}

function statusAt(
  state: string,
  attributes: Attributes,
  moment: { now: number; lostAt?: number | null; isClockRight?: boolean },
): Status {
  const room = readRoom(hassWith({ orion: [state, attributes] }), "binary_sensor.orion");
  return statusOf(room, { lostAt: null, isClockRight: false, soon: SOON, ...moment });
}

const UNTIL_11 = { next_busy_time: iso(at(11)), ...booked([at(11), at(12)]) };
const BUSY_TO_11 = { busy_until: iso(at(11)), next_free_time: iso(at(11)), ...booked([at(10), at(11)]) };

test("a free room is free until the next booking", () => {
  expect(status("off", UNTIL_11, at(10))).toEqual({
    kind: "free",
    doubt: null,
    until: at(11),
    soon: false,
    next: { start: at(11), end: at(12) },
    nextFree: null,
  });
});

test("a busy room is busy until its block ends", () => {
  expect(status("on", BUSY_TO_11, at(10))).toEqual({
    kind: "busy",
    doubt: null,
    until: at(11),
    soon: false,
    next: null,
    nextFree: null,
  });
});

test("after a gap that is too short, next free is later than the end", () => {
  const attributes = {
    busy_until: iso(at(11)),
    next_busy_time: iso(at(11, 5)),
    next_free_time: iso(at(12)),
    ...booked([at(10), at(11)], [at(11, 5), at(12)]),
  };

  expect(status("on", attributes, at(10))).toMatchObject({
    until: at(11),
    next: { start: at(11, 5), end: at(12) },
    nextFree: at(12),
  });
});

test("a free room without known bookings has no end", () => {
  expect(status("off", {}, at(10))).toMatchObject({ kind: "free", until: null, soon: false, next: null });
});

test("a busy room whose end is not known has no end", () => {
  expect(status("on", {}, at(10))).toMatchObject({ kind: "busy", until: null, soon: false });
});

test("a next booking that is not listed has no end", () => {
  expect(status("off", { next_busy_time: iso(at(9, 0, 0, 3)) }, at(10)).next).toEqual({
    start: at(9, 0, 0, 3),
    end: null,
  });
});

test.each([
  [at(10, 49, 59), false],
  [at(10, 50), true],
  [at(10, 59, 59), true],
])("soon starts at the threshold (%#)", (now, soon) => {
  expect(status("off", UNTIL_11, now).soon).toBe(soon);
  expect(status("on", BUSY_TO_11, now).soon).toBe(soon);
});

test.each(["", "Repairs"])("a room with a disabled reason is disabled, not busy (%j)", (disabled_reason) => {
  expect(status("on", { ...BUSY_TO_11, disabled_reason }, at(10)).kind).toBe("disabled");
});

test.each(["unavailable", "unknown"])("the status of an %s room has no times", (state) => {
  expect(status(state, UNTIL_11, at(10))).toEqual({
    kind: "unknown",
    doubt: "unavailable",
    until: null,
    soon: false,
    next: null,
    nextFree: null,
  });
});

test.each([
  ["off", UNTIL_11],
  ["on", BUSY_TO_11],
])("an announced change that passed without news leaves the status unknown (%s)", (state, attributes) => {
  const late = { now: at(11, 0, 30), isClockRight: true };

  expect(statusAt(state, attributes, { ...late, now: at(11, 0, 29) }).doubt).toBeNull();
  expect(statusAt(state, attributes, late)).toMatchObject({ kind: "unknown", doubt: "overdue", until: null });
  expect(isFreeFor(statusAt(state, attributes, late), late.now, 0)).toBe(false);
});

test("while connected, the state counts and not this device's clock", () => {
  expect(status("on", BUSY_TO_11, at(11, 5))).toMatchObject({ kind: "busy", until: at(11), soon: true });
  expect(status("off", UNTIL_11, at(11, 5))).toMatchObject({ kind: "free", until: at(11) });
});

test("after the connection was lost, known bookings change the status", () => {
  const lost = at(10, 58);
  const day = booked([at(10), at(11)], [at(11, 30), at(12)]);

  expect(status("on", { busy_until: iso(at(11)), ...day }, at(10, 59), lost).kind).toBe("busy");
  expect(status("on", { busy_until: iso(at(11)), ...day }, at(11), lost)).toMatchObject({
    kind: "free",
    until: at(11, 30),
    next: { start: at(11, 30), end: at(12) },
  });
  expect(status("off", UNTIL_11, at(11, 1), lost)).toMatchObject({ kind: "busy", until: at(12), next: null });
});

test("a room whose disabled time ended follows its bookings", () => {
  const attributes = { ...BUSY_TO_11, disabled_reason: "Repairs", ...booked([at(9), at(11)], [at(11), at(12)]) };

  expect(status("on", attributes, at(11), at(10, 58))).toMatchObject({ kind: "busy", until: at(12) });
});

test("after the grace period the status is unknown", () => {
  expect(status("off", {}, at(10) + GRACE - 1, at(10)).kind).toBe("free");
  expect(status("off", {}, at(10) + GRACE, at(10))).toMatchObject({ kind: "unknown", doubt: "offline", until: null });
  expect(status("off", {}, at(10) - 1, at(10)).doubt).toBe("offline"); // the clock was set back
});

test.each([
  ["off", UNTIL_11, at(10, 30), true],
  ["off", UNTIL_11, at(10, 31), false],
  ["off", {}, at(10), true],
  ["on", BUSY_TO_11, at(10), false],
  ["unavailable", {}, at(10), false],
])("free for 30 minutes: %s %j", (state, attributes, now, expected) => {
  expect(isFreeFor(status(state, attributes, now), now, 30 * MINUTE)).toBe(expected);
});
