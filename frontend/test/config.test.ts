// @vitest-environment node
import { expect, test } from "vitest";
import { assertBoard, assertRoom } from "../src/cards/config";
import { boardForm, type Field, roomForm } from "../src/cards/forms";
import { textsIn } from "../src/texts";

const en = textsIn("en");
const zh = textsIn("zh-CN");
const ORION = { type: "custom:feishu-room-card", entity: "binary_sensor.orion" };

test.each([
  [{}, "Choose a room: “entity” is missing."],
  [{ entity: "" }, "Choose a room: “entity” is missing."],
  [{ entity: "calendar.orion" }, "“calendar.orion” is not a room: use the room's binary sensor."],
  [{ ...ORION, soon: "10" }, "“soon” must be a number of minutes."],
  [{ ...ORION, soon: -1 }, "“soon” must be a number of minutes."],
  [{ ...ORION, day_start: 25 }, "“day_start” must be an hour from 0 to 24."],
  [{ ...ORION, day_end: 17.5 }, "“day_end” must be an hour from 0 to 24."],
  [{ ...ORION, day_start: 19 }, "The day must end after it starts."],
  [{ ...ORION, monochrome: "yes" }, "“monochrome” must be true or false."],
  [{ ...ORION, tap_action: "more-info" }, "“tap_action” must be an action."],
  [{ ...ORION, name: 5 }, "“name” must be text."],
  [{ ...ORION, actions: "yes" }, "“actions” must be true or false."],
  [{ ...ORION, titles: "all" }, "“titles” must be true or false."],
  [{ ...ORION, pin: 1234 }, "“pin” must be 4 to 8 digits in quotes."],
  [{ ...ORION, pin: "123" }, "“pin” must be 4 to 8 digits in quotes."],
])("room configuration %j is refused: %s", (config, fault) => {
  expect(() => assertRoom(config, en)).toThrow(fault);
});

test.each([
  [{ entities: "binary_sensor.orion" }, "“entities” must be a list of binary sensors."],
  [{ entities: [{ entity: "calendar.orion" }] }, "“entities” must be a list of binary sensors."],
  [{ entities: [null] }, "“entities” must be a list of binary sensors."],
  [{ entities: ["calendar.orion"] }, "“entities” must be a list of binary sensors."],
  [
    { entities: [{ entity: "binary_sensor.orion", tap_action: "none" }] },
    "“entities” must be a list of binary sensors.",
  ],
  [{ page_seconds: "8" }, "“page_seconds” must be a number of seconds."],
  [{ min_seats: "8" }, "“min_seats” must be a number of seats."],
  [{ free_first: 1 }, "“free_first” must be true or false."],
])("board configuration %j is refused: %s", (config, fault) => {
  expect(() => assertBoard(config, en)).toThrow(fault);
});

test("errors are in the given language", () => {
  expect(() => assertRoom({}, zh)).toThrow("请选择会议室：缺少“entity”。");
});

test.each([
  ORION,
  { ...ORION, soon: 0, day_start: 0, day_end: 24, hide_clock: true, monochrome: false, name: "" },
  { ...ORION, actions: true, pin: "0123" },
  { ...ORION, titles: true },
  { ...ORION, actions: false, pin: "" },
  { ...ORION, tap_action: { action: "none" }, name: null, grid_options: { rows: 2 }, card_mod: {}, visibility: [] },
])("valid options and options of others pass: %j", (config) => {
  expect(() => assertRoom(config, en)).not.toThrow();
});

test("a board needs no options", () => {
  expect(() => assertBoard({ type: "custom:feishu-rooms-board-card" }, en)).not.toThrow();
});

function fields(schema: readonly Field[]): Field[] {
  return schema.flatMap((field) => (field.schema ? fields(field.schema) : [field]));
}

test.each([
  ["room", roomForm],
  ["board", boardForm],
])("each field of the %s form has a label in both languages", (_, form) => {
  for (const texts of [en, zh]) {
    const { schema, computeLabel } = form(texts.language, () => {});
    for (const field of fields(schema)) expect([field.name, computeLabel(field)]).not.toContain(undefined);
  }
});

test("the form of the board says what its options do", () => {
  const { schema, computeHelper } = boardForm("en", () => {});
  const field = (name: string) => fields(schema).find((each) => each.name === name) as Field;

  expect(field("place").selector).toMatchObject({ select: { options: [], custom_value: true } });
  expect(computeHelper(field("tap_action"))).toBe("If empty, it shows the details of the room.");
  expect(computeHelper(field("day_start"))).toBe("If both are empty, the strips show the hours around now.");
  expect(computeHelper(field("soon"))).toBe("If empty, 10 minutes.");
});

test("the form refuses what the card refuses, except a missing room and a short PIN", () => {
  const { assertConfig } = roomForm("en", (config) => assertRoom(config, en));

  expect(() => assertConfig({ type: "custom:feishu-room-card" })).not.toThrow();
  expect(() => assertConfig({ ...ORION, pin: "12" })).not.toThrow(); // still being typed
  expect(() => assertConfig({ ...ORION, pin: 12 })).toThrow("“pin”");
  expect(() => assertConfig({ ...ORION, soon: "x" })).toThrow("“soon”");
  const board = boardForm("en", (config) => assertBoard(config, en));
  expect(() => board.assertConfig({ soon: "x" })).toThrow("“soon”");
});
