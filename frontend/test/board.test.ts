// @vitest-environment node
import { expect, test } from "vitest";
import { type Filter, filtered, freeRooms, grouped, placesOf, type Row, sizesOf } from "../src/model/board";
import { Formats } from "../src/model/formats";
import { readRoom } from "../src/model/room";
import { dayAround } from "../src/model/timeline";
import { viewOf } from "../src/model/view";
import { MINUTE } from "../src/model/zone";
import { textsIn } from "../src/texts";
import { at, hassWith, iso, type Told, ZONE } from "./office";

const NOW = at(10);
const ALL: Filter = { place: "", seats: 0, freeFor: 0 };
const texts = textsIn("en");
const formats = Formats.of(hassWith({}), texts);

function rowsOf(told: Told): Row[] {
  const hass = hassWith(told);
  const moment = {
    now: NOW,
    lostAt: null,
    isClockRight: false,
    day: dayAround(NOW, ZONE, 8, 19),
    soon: 10 * MINUTE,
    steady: false,
  };
  return Object.keys(hass.states).map((id) => {
    const room = readRoom(hass, id);
    return { room, view: viewOf(room, { ...moment, texts, formats }) };
  });
}

const rows = rowsOf({
  vega: ["on", { floor: "10F", capacity: 4 }],
  lyra: ["off", { floor: "2F", capacity: 12, next_busy_time: iso(at(10, 20)) }],
  deneb: ["unavailable"],
  altair: ["on", { floor: "2F", capacity: 6, disabled_reason: "" }],
  orion: ["off", { floor: "10F", next_busy_time: iso(at(10, 5)) }],
  mira: ["off", { floor: "10F" }],
});

const names = (found: readonly Row[]) => found.map(({ room }) => room.name);
const orders = (byPlace: boolean, freeFirst: boolean) =>
  grouped(rows, byPlace, freeFirst, formats.compare).map((group) => [group.place, group.free, names(group.rows)]);

test("rooms are grouped by floor, floors sort by number, rooms without a place come last", () => {
  expect(orders(true, false)).toEqual([
    ["Tower A / 2F", 1, ["Altair", "Lyra"]],
    ["Tower A / 10F", 2, ["Mira", "Orion", "Vega"]],
    ["", 0, ["Deneb"]],
  ]);
});

test("free rooms come first on request, rooms booked soon after the other free ones", () => {
  expect(orders(false, true)).toEqual([["", 3, ["Lyra", "Mira", "Orion", "Vega", "Altair", "Deneb"]]]);
});

test("no rooms make no groups", () => {
  expect(grouped([], true, false, formats.compare)).toEqual([]);
  expect(grouped([], false, false, formats.compare)).toEqual([]);
});

test.each<[Partial<Filter>, string[]]>([
  [{}, ["Vega", "Lyra", "Deneb", "Altair", "Orion", "Mira"]],
  [{ place: "Tower A / 2F" }, ["Lyra", "Altair"]],
  [{ seats: 8 }, ["Lyra", "Orion", "Mira"]],
  [{ freeFor: 20 }, ["Lyra", "Mira"]],
  [{ freeFor: 21 }, ["Mira"]],
  [{ place: "Tower A / 10F", seats: 5, freeFor: 1 }, ["Orion", "Mira"]],
  [{ place: "Tower B" }, []],
])("the filter %j matches %j", (filter, expected) => {
  expect(names(filtered(rows, { ...ALL, ...filter }, NOW))).toEqual(expected);
});

test("filter choices come from the rooms", () => {
  expect(placesOf(rows, formats.compare)).toEqual(["Tower A / 2F", "Tower A / 10F"]);
  expect(sizesOf(rows)).toEqual([6, 8, 12]); // every room has at least the smallest size
  expect(freeRooms(rows)).toBe(3);
});
