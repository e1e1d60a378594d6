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
  expect(sections[0]?.cards[1]).toMatchObject({ hide_place: true });
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

interface Card {
  readonly type: string;
  readonly entity?: string;
  readonly name?: string;
  readonly heading?: string;
  readonly content?: string;
  readonly entities?: readonly { readonly entity: string; readonly name?: string }[];
}

/** Return a `hass` with sensors of utilization; keys are the devices of rooms, or "account". */
function withShares(base: Hass, shares: Readonly<Record<string, Readonly<Record<string, string>>>>): Hass {
  const made = { states: { ...base.states }, entities: { ...base.entities } };
  for (const [device, sensors] of Object.entries(shares)) {
    for (const [translation_key, state] of Object.entries(sensors)) {
      const entity_id = `sensor.${device}_${translation_key}`;
      made.states[entity_id] = { entity_id, state, attributes: {} };
      made.entities[entity_id] = {
        entity_id,
        platform: "feishu_freebusy",
        translation_key,
        device_id: `device-${device}`,
      };
    }
  }
  return { ...base, ...made };
}

async function utilization(of: Hass): Promise<Card[][] | undefined> {
  const view = (await views(of)).find(({ path }) => path === "utilization");
  return view?.sections?.map(({ cards }) => cards);
}

function shown(sections: Card[][] | undefined): unknown {
  return sections?.map((cards) => [cards[0]?.heading, ...cards.slice(1).map(({ type, entity }) => entity ?? type)]);
}

const ACCOUNT = { booked_today: "50", booked_this_month: "40" };
const sized = hassWith({
  vega: ["on", { capacity: 4 }],
  lyra: ["off", { capacity: 20 }],
  orion: ["off", { capacity: 5 }],
  altair: ["off", { capacity: 8 }],
  deneb: ["off", { capacity: 0 }],
});

test("there is no view of the utilization without its sensors", async () => {
  const hidden = withShares(hass, { account: ACCOUNT });
  for (const [id, entry] of Object.entries(hidden.entities)) {
    if (id.includes("account") && entry) Object.assign(entry, { hidden: true });
  }
  const others = { "sensor.other_booked_today": { ...hass.entities["binary_sensor.vega"], platform: "demo" } };

  expect(await utilization(hass)).toBeUndefined();
  expect(await utilization(hidden)).toBeUndefined();
  expect(await utilization({ ...hass, entities: { ...hass.entities, ...others } as Hass["entities"] })).toBeUndefined();
});

test("the sensors of the account show all rooms, and how to enable those of the rooms", async () => {
  const sections = await utilization(withShares(hass, { account: ACCOUNT }));

  expect(shown(sections)).toEqual([
    [
      "All rooms",
      "markdown",
      "heading",
      "sensor.account_booked_this_month",
      "sensor.account_booked_today",
      "statistics-graph",
    ],
    ["Each room", "markdown"],
  ]);
  expect(sections?.[0]?.at(-1)?.entities).toEqual([{ entity: "sensor.account_booked_today", name: "Booked" }]);
  expect(sections?.[1]?.[1]?.content).toContain("(/config/entities?domain=feishu_freebusy)");
});

test("rooms are grouped by size, the most booked first, unknown shares last", async () => {
  const share = (booked_this_month: string) => ({ booked_this_month });
  const rooms = {
    orion: share("20.5"),
    altair: share("61"),
    vega: share("99"),
    lyra: share("unknown"),
    deneb: share("7"),
  };
  const sections = await utilization(withShares(sized, rooms));

  expect(shown(sections)).toEqual([
    ["Up to 4 seats", "sensor.vega_booked_this_month"],
    ["5 to 8 seats", "sensor.altair_booked_this_month", "sensor.orion_booked_this_month"],
    ["17 seats or more", "sensor.lyra_booked_this_month"],
    ["Number of seats unknown", "sensor.deneb_booked_this_month"],
  ]);
  expect(sections?.[1]?.[1]).toMatchObject({ type: "tile", name: "Altair", features: [{ type: "bar-gauge" }] });
});

test("rooms to which nobody came have a section of their own", async () => {
  const rooms = { vega: { no_show_this_month: "3" }, orion: { no_show_this_month: "12", no_show_today: "0" } };

  expect(shown((await utilization(withShares(sized, rooms)))?.slice(0, 1))).toEqual([
    [
      "Booked, but nobody came",
      "sensor.orion_no_show_this_month",
      "sensor.vega_no_show_this_month",
      "statistics-graph",
    ],
  ]);
});

test("a graph has at most eight lines", async () => {
  const names = Array.from({ length: 9 }, (_, index) => `room${index}`);
  const many = hassWith(Object.fromEntries(names.map((name) => [name, ["off"]])));
  const graphs = async (count: number) => {
    const rooms = Object.fromEntries(names.slice(0, count).map((name) => [name, { booked_today: "5" }]));
    return (await utilization(withShares(many, rooms)))?.flat().filter(({ type }) => type === "statistics-graph");
  };

  expect((await graphs(8))?.map(({ entities }) => entities?.length)).toEqual([8]);
  expect(await graphs(9)).toEqual([]);
});

test("two accounts keep their full names, and the view comes before the doors", async () => {
  const two = withShares(sized, { account: ACCOUNT, other: ACCOUNT });
  const cards = (await utilization(two))?.[0] ?? [];

  expect(cards.filter(({ type }) => type === "tile").map(({ entity, name }) => [entity, name])).toEqual([
    ["sensor.account_booked_this_month", undefined],
    ["sensor.other_booked_this_month", undefined],
  ]);
  expect((await views(two)).map(({ path }) => path).slice(0, 4)).toEqual([
    "board",
    "building-1",
    "utilization",
    "door-altair",
  ]);
});
