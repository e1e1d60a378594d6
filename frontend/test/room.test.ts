// @vitest-environment node
import { expect, test } from "vitest";
import type { Entity } from "../src/hass";
import { readRoom } from "../src/model/room";
import { at, booked, hassWith, iso, ZONE } from "./office";

const ORION = "binary_sensor.orion";

test("a room is read from its entity", () => {
  const attributes = {
    ...booked([at(9), at(10)], [at(13), at(14)]),
    busy_until: iso(at(10)),
    next_busy_time: iso(at(13)),
    next_free_time: iso(at(10)),
    pending: 2,
    equipment: ["TV", null],
    titles: [{ start: iso(at(9)), end: iso(at(10)), title: "Review", organizer: null }],
  };

  const hass = hassWith({ orion: ["on", attributes] });
  const entity = { ...hass.states[ORION], last_changed: iso(at(9)) } as Entity;
  expect(readRoom({ ...hass, states: { [ORION]: entity } }, ORION)).toEqual({
    id: ORION,
    name: "Orion",
    place: "Tower A / 3F",
    building: "Tower A",
    seats: 8,
    equipment: ["TV"],
    state: "busy",
    since: at(9),
    busyUntil: at(10),
    nextBusy: at(13),
    nextFree: at(10),
    disabledReason: null,
    pending: 2,
    bookings: [
      { start: at(9), end: at(10) },
      { start: at(13), end: at(14) },
    ],
    labels: [{ start: at(9), end: at(10), title: "Review", organizer: "" }],
  });
});

test.each([
  ["off", "free"],
  ["on", "busy"],
  ["unavailable", "unavailable"],
  ["unknown", "unavailable"],
  ["ON", "unavailable"],
  ["", "unavailable"],
])("the state %j is read as %s", (state, expected) => {
  expect(readRoom(hassWith({ orion: [state] }), ORION).state).toBe(expected);
});

test("a room without an entity is missing, not free", () => {
  const room = readRoom(hassWith({}), ORION);

  expect([room.state, room.name, room.place]).toEqual(["missing", ORION, ""]);
});

test.each([
  ["NOT_RUNNING", "unavailable"],
  ["STARTING", "unavailable"],
  ["RUNNING", "missing"],
])("a room without an entity while Home Assistant is %s is %s", (state, expected) => {
  expect(readRoom(hassWith({}, { config: { time_zone: ZONE, state } }), ORION).state).toBe(expected);
});

test("an unavailable room gets its place from its device", () => {
  const hass = hassWith({ orion: ["unavailable"] }, { devices: { "device-orion": { model: "Tower A / 3F" } } });

  expect(readRoom(hass, ORION)).toMatchObject({ place: "Tower A / 3F", building: "Tower A" });
});

test.each([
  [{ building: null }, "3F"],
  [{ floor: null }, "Tower A"],
  [{ building: null, floor: null }, ""],
])("with %j the place is %j", (attributes, place) => {
  expect(readRoom(hassWith({ orion: ["off", attributes] }), ORION).place).toBe(place);
});

test("attributes that can't be read count as not known", () => {
  const broken = {
    busy_until: "soon",
    next_busy_time: 5,
    capacity: "many",
    pending: null,
    bookings: [null, { start: "x", end: iso(at(9)) }, { start: iso(at(10)), end: iso(at(9)) }],
    titles: "Review",
  };
  const room = readRoom(hassWith({ orion: ["on", broken] }), ORION);

  expect([room.busyUntil, room.nextBusy, room.seats, room.pending]).toEqual([null, null, null, 0]);
  expect([room.bookings, room.labels]).toEqual([[], []]);
});

test("a configured name replaces the room's own", () => {
  expect(readRoom(hassWith({ orion: ["off"] }), ORION, "The big one").name).toBe("The big one");
  expect(readRoom(hassWith({ orion: ["off"] }), ORION, "").name).toBe("Orion");
});
