// @vitest-environment node
import { expect, test } from "vitest";
import { needsAnother, neighborsOf } from "../src/model/nearby";
import { readRoom } from "../src/model/room";
import { statusOf } from "../src/model/status";
import { MINUTE } from "../src/model/zone";
import { at, hassWith, iso, type Told } from "./office";

const NOW = { now: at(10), lostAt: null, isClockRight: true, soon: 10 * MINUTE };

function nearby(others: Told, here: Told[string] = ["on"]): string[] {
  const hass = hassWith({ orion: here, ...others });
  const rooms = Object.keys(hass.states).map((id) => readRoom(hass, id));
  const [room] = rooms;
  if (!room) return [];
  return neighborsOf(room, rooms, NOW).map(({ room: { name }, place }) => (place ? `${name} ${place}` : name));
}

const until = (hour: number, minute = 0) => ({ next_busy_time: iso(at(hour, minute)) });

test("only rooms that are free for 15 minutes are named", () => {
  const rooms: Told = {
    vega: ["on"],
    lyra: ["unavailable"],
    mira: ["off", until(10, 14)],
    deneb: ["off", until(10, 15)],
    rigel: ["off"],
  };

  expect(nearby(rooms)).toEqual(["Rigel", "Deneb"]);
});

test("the same floor is first, then the building", () => {
  const rooms: Told = {
    spica: ["off", { building: "Tower B" }],
    vega: ["off", { floor: "4F" }],
    lyra: ["off", until(11)],
  };

  expect(nearby(rooms)).toEqual(["Lyra", "Vega 4F", "Spica Tower B / 3F"]);
});

test("a building of the same name in another city, and another one in the same city, are other buildings", () => {
  const rooms: Told = {
    spica: ["off", { building: "Shanghai / Tower B", capacity: 20 }],
    vega: ["off", { building: "Shanghai / Tower A", floor: "4F", capacity: 2, ...until(11) }],
    lyra: ["off", { building: "Beijing / Tower A", capacity: 20, ...until(11) }],
  };

  expect(nearby(rooms, ["on", { building: "Shanghai / Tower A" }])).toEqual([
    "Vega 4F",
    "Spica Shanghai / Tower B / 3F",
    "Lyra Beijing / Tower A / 3F",
  ]);
});

test("enough seats count more than a long time, and three rooms are enough", () => {
  const rooms: Told = {
    vega: ["off", { capacity: 4 }],
    lyra: ["off", { capacity: 20, ...until(11) }],
    mira: ["off", { capacity: 8, ...until(12) }],
    deneb: ["off", { capacity: null }],
  };

  expect(nearby(rooms)).toEqual(["Mira", "Lyra", "Deneb"]);
  expect(nearby(rooms, ["on", { capacity: null }])).toEqual(["Deneb", "Vega", "Mira"]);
});

test("rooms without a place are near to each other", () => {
  const nowhere = { building: "", floor: "" };

  expect(nearby({ vega: ["off", nowhere], lyra: ["off"] }, ["on", nowhere])).toEqual(["Vega", "Lyra Tower A / 3F"]);
});

test.each([
  [["off"], false],
  [["off", until(10, 9)], true],
  [["on"], true],
  [["on", { disabled_reason: "Repairs" }], true],
  [["unavailable"], false],
] as [Told[string], boolean][])("somebody before a room in the state %j needs another: %j", (told, expected) => {
  const room = readRoom(hassWith({ orion: told }), "binary_sensor.orion");

  expect(needsAnother(statusOf(room, NOW))).toBe(expected);
});
