import { expect, test } from "vitest";
import type { Hass } from "../src/hass";
import { RoomsStrategy } from "../src/strategy/rooms";
import { hassWith } from "./office";

interface View {
  readonly path: string;
  readonly type: string;
  readonly title: string;
  readonly subview?: boolean;
  readonly cards?: { type: string; entity?: string }[];
  readonly sections?: {
    cards: { type: string; heading?: string; entity?: string; tap_action?: { navigation_path: string } }[];
  }[];
}

async function views(hass: Hass, config: object = {}): Promise<View[]> {
  return (await RoomsStrategy.generate(config as Record<string, unknown>, hass)).views as unknown as View[];
}

const hass = hassWith({
  vega: ["on", { building: "Tower B", floor: "1F" }],
  lyra: ["unavailable"],
  orion: ["off", { floor: "10F" }],
  altair: ["off", { floor: "2F" }],
});

test("the dashboard has a board, a view for each building and a panel for each door", async () => {
  const made = await views(hass);

  expect(made.map(({ path, type, title }) => [path, type, title])).toEqual([
    ["board", "panel", "Meeting rooms"],
    ["building-1", "sections", "Elsewhere"],
    ["building-2", "sections", "Tower A"],
    ["building-3", "sections", "Tower B"],
    ["door-lyra", "panel", "Lyra"],
    ["door-altair", "panel", "Altair"],
    ["door-orion", "panel", "Orion"],
    ["door-vega", "panel", "Vega"],
  ]);
  expect(made.filter(({ subview }) => subview).map(({ path }) => path)).toEqual([
    "door-lyra",
    "door-altair",
    "door-orion",
    "door-vega",
  ]);
});

test("buildings of the same name in two cities get a view each", async () => {
  const made = await views(
    hassWith({
      orion: ["off", { building: "Shanghai / Tower A" }],
      vega: ["off", { building: "Shanghai / Tower B" }],
      lyra: ["off", { building: "Beijing / Tower A" }],
    }),
  );

  expect(made.slice(1, 4).map(({ title }) => title)).toEqual([
    "Beijing / Tower A",
    "Shanghai / Tower A",
    "Shanghai / Tower B",
  ]);
});

test("each floor is a section with a tile for each room that opens its panel", async () => {
  const sections = (await views(hass))[2]?.sections ?? [];

  expect(sections.map(({ cards }) => cards.map((card) => card.heading ?? card.entity))).toEqual([
    ["Tower A / 2F", "binary_sensor.altair"],
    ["Tower A / 10F", "binary_sensor.orion"],
  ]);
  expect(sections[0]?.cards[1]?.tap_action?.navigation_path).toBe("door-altair");
});

test("a tap on a room of the board opens its panel", async () => {
  const [board] = (await views(hass))[0]?.cards ?? [];

  expect((board as { entities?: object[] }).entities?.[0]).toEqual({
    entity: "binary_sensor.lyra",
    tap_action: { action: "navigate", navigation_path: "door-lyra" },
  });
});

test("a door panel has no tap action", async () => {
  const door = (await views(hass)).at(-1);

  expect(door?.cards).toEqual([{ type: "custom:feishu-room-card", entity: "binary_sensor.vega" }]);
});

test("door panels can book and show titles if the strategy says so", async () => {
  const card = { type: "custom:feishu-room-card", entity: "binary_sensor.vega" };

  expect((await views(hass, { actions: true })).at(-1)?.cards).toEqual([{ ...card, actions: true }]);
  const options = { actions: true, pin: "2580", titles: true };
  expect((await views(hass, options)).at(-1)?.cards).toEqual([{ ...card, ...options }]);
});

test("only visible rooms of the integration are shown", async () => {
  const entities = {
    ...hass.entities,
    "binary_sensor.vega": { ...hass.entities["binary_sensor.vega"], entity_id: "binary_sensor.vega", hidden: true },
    "binary_sensor.lamp": { entity_id: "binary_sensor.lamp", platform: "demo" },
    "binary_sensor.other": { entity_id: "binary_sensor.other", platform: "feishu_freebusy", translation_key: "other" },
    "sensor.orion": { entity_id: "sensor.orion", platform: "feishu_freebusy" },
  };
  const made = await views({ ...hass, entities });

  expect(made.filter(({ subview }) => subview).map(({ title }) => title)).toEqual(["Lyra", "Altair", "Orion"]);
});

test("without rooms there is only a board", async () => {
  expect((await views(hassWith({}))).map(({ path }) => path)).toEqual(["board"]);
});
