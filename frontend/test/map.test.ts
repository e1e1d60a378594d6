/** The floor plan, and its editor. */

import { expect, test, vi } from "vitest";
import type { MapCard } from "../src/cards/map-card";
import type { MapEditor } from "../src/cards/map-editor";
import type { Hass } from "../src/hass";
import { firstPlace, onPlan } from "../src/model/places";
import { addressOf, isPicture } from "../src/view/picture";
import { all, change, office, show, TO_11, tell, text } from "./screen";

const Element = customElements.get("feishu-rooms-map-card") as unknown as typeof MapCard;
const TYPE = "custom:feishu-rooms-map-card";
const ORION = { entity: "binary_sensor.orion", x: 20, y: 30 };
const VEGA = { entity: "binary_sensor.vega", x: 70, y: 80.5 };
const showMap = (config: object = {}, hass: Hass = office) =>
  show<MapCard>("feishu-rooms-map-card", { rooms: [VEGA, ORION], ...config }, hass);
const heard = (card: MapCard) => all(card, ".pin .unheard").map(({ textContent }) => textContent);
const pins = (card: MapCard) => all(card, ".pin") as HTMLElement[];

test("rooms are on the plan in the color of their state, and a list in the order of their names", async () => {
  const card = await showMap({ title: "3F", image: "/local/3f.svg" });
  expect(heard(card)).toEqual(["Orion: Free, until 11:00", "Vega: Busy, until 11:00"]);
  expect(all(card, "li").map((item) => [item.className, item.getAttribute("style")])).toEqual([
    ["free", "left:20%;top:30%"],
    ["busy", "left:70%;top:80.5%"],
  ]);
  expect(text(card, "h2")).toBe("3F");

  await tell(card, change(office, { orion: TO_11 }));
  expect(heard(card)[0]).toBe("Orion: Busy, until 11:00");
  await tell(card, { ...office, connected: false });
  expect(text(card, ".lost")).toBe("Not connected since 10:00");
});

test("the plan has the shape of its picture", async () => {
  const card = await showMap({ image: "/local/3f.svg" });
  const [picture] = all(card, "img") as HTMLImageElement[];
  expect(picture?.getAttribute("src")).toBe("/local/3f.svg");

  Object.defineProperty(picture, "naturalWidth", { value: 800 });
  Object.defineProperty(picture, "naturalHeight", { value: 400 });
  picture?.dispatchEvent(new Event("load"));
  await card.updateComplete;
  expect(all(card, ".plan")[0]?.getAttribute("style")).toBe("--ratio:2");

  card.setConfig({ type: TYPE, rooms: [ORION] });
  await vi.waitFor(() => expect(all(card, "img")).toHaveLength(0));
});

test("a tap shows the details of a room, or does what is configured", async () => {
  const tapped = async (config: object) => {
    const acted = vi.fn();
    const card = await showMap(config);
    card.addEventListener("hass-action", (event) => acted((event as CustomEvent).detail.config));
    pins(card)[0]?.click();
    return acted.mock.calls[0]?.[0];
  };
  const door = { action: "navigate", navigation_path: "door-orion" };

  expect(await tapped({})).toEqual({ entity: ORION.entity, tap_action: { action: "more-info" } });
  expect(await tapped({ rooms: [{ ...ORION, tap_action: door }], tap_action: { action: "none" } })).toMatchObject({
    tap_action: door,
  });
  const card = await showMap({ tap_action: { action: "none" } });
  expect(all(card, "button")).toHaveLength(0);
  expect(heard(card)).toHaveLength(2);
});

test.each([
  ["panel", {}, true],
  ["grid", { grid_options: { rows: 6 } }, true],
  ["grid", { grid_options: { rows: "auto" } }, false],
])("in a %s with %j, whether the plan fits into the height is %s", async (layout, config, fits) => {
  const card = await showMap(config);
  card.layout = layout;
  await card.updateComplete;
  expect(card.hasAttribute("fits")).toBe(fits);
});

test.each([
  [{ rooms: [{ ...ORION, x: 101 }] }, "“rooms” must be a list of binary sensors, with x and y from 0 to 100."],
  [{ rooms: ["binary_sensor.orion"] }, "“rooms” must be a list"],
  [{ rooms: [{ ...ORION, entity: "light.orion" }] }, "“rooms” must be a list"],
  [{ image: 5 }, "“image” must be a picture."],
])("the map configuration %j is refused", (config, fault) => {
  const card = document.createElement("feishu-rooms-map-card") as MapCard;
  expect(() => card.setConfig({ type: TYPE, ...config })).toThrow(fault);
});

test("a new map has the first rooms, each at a place of its own", () => {
  const { rooms } = Element.getStubConfig(office) as { rooms: { entity: string; x: number; y: number }[] };
  expect(rooms.map(({ entity }) => entity)).toEqual(Object.keys(office.entities));
  expect(new Set(rooms.map(({ x, y }) => `${x} ${y}`)).size).toBe(rooms.length);
  const card = new Element();
  expect([card.getCardSize(), card.getGridOptions()]).toEqual([6, { columns: "full", min_columns: 6, min_rows: 3 }]);
});

test("places are kept on the plan", () => {
  expect(onPlan({ x: -4, y: 120 })).toEqual({ x: 3, y: 97 });
  expect(onPlan({ x: 33.333, y: 50 })).toEqual({ x: 33.3, y: 50 });
  expect(firstPlace(5)).toEqual({ x: 38, y: 32 });
});

test("Home Assistant is asked for the address of its own media only", async () => {
  const callWS = vi.fn().mockResolvedValueOnce({ url: "/api/image/serve/1/original" }).mockRejectedValueOnce("gone");
  const hass = { ...office, callWS } as unknown as Hass;
  const media = { media_content_id: "media-source://image_upload/1" };

  expect(await addressOf("/local/a.png", hass)).toBe("/local/a.png");
  expect(await addressOf({ media_content_id: "/local/b.png" }, hass)).toBe("/local/b.png");
  expect(await addressOf(undefined, hass)).toBe("");
  expect(callWS).not.toHaveBeenCalled();
  expect(await addressOf(media, hass)).toBe("/api/image/serve/1/original");
  expect(await addressOf(media, hass)).toBe("");
  expect([isPicture(media), isPicture({})]).toEqual([true, false]);
});

async function edit(config: object): Promise<{ editor: MapEditor; changed: ReturnType<typeof vi.fn> }> {
  const editor = (await Element.getConfigElement()) as MapEditor;
  const changed = vi.fn();
  editor.addEventListener("config-changed", (event) => changed((event as CustomEvent).detail.config));
  editor.setConfig({ type: TYPE, ...config });
  editor.hass = office;
  document.body.append(editor);
  await editor.updateComplete;
  return { editor, changed };
}

const handles = ({ renderRoot }: MapEditor) => [...renderRoot.querySelectorAll<HTMLElement>(".pin")];

test("a room is dragged to its place", async () => {
  const { editor, changed } = await edit({ rooms: [ORION, VEGA], image: "/local/3f.svg" });
  const [orion] = handles(editor);
  if (!orion) throw new Error("no pin");
  orion.setPointerCapture = () => {};
  const plan = editor.renderRoot.querySelector(".plan") as HTMLElement;
  plan.getBoundingClientRect = () => ({ left: 100, top: 50, width: 400, height: 200 }) as DOMRect;

  orion.dispatchEvent(new PointerEvent("pointerdown"));
  orion.dispatchEvent(new PointerEvent("pointermove", { clientX: 300, clientY: 100 }));
  await editor.updateComplete;
  expect(orion.getAttribute("style")).toBe("left:50%;top:25%");
  expect(changed).not.toHaveBeenCalled();
  orion.dispatchEvent(new PointerEvent("pointerup"));
  expect(changed.mock.calls).toEqual([
    [{ type: TYPE, image: "/local/3f.svg", rooms: [{ ...ORION, x: 50, y: 25 }, VEGA] }],
  ]);
});

test("a drag that is broken off changes nothing", async () => {
  const { editor, changed } = await edit({ rooms: [ORION] });
  const [orion] = handles(editor);
  orion?.dispatchEvent(new PointerEvent("pointermove", { clientX: 300, clientY: 100 }));
  Object.assign(orion ?? {}, { setPointerCapture: () => {} });
  orion?.dispatchEvent(new PointerEvent("pointerdown"));
  orion?.dispatchEvent(new PointerEvent("pointercancel"));
  orion?.dispatchEvent(new PointerEvent("pointerup"));
  expect(changed).not.toHaveBeenCalled();
});

test("arrow keys move a room", async () => {
  const { editor, changed } = await edit({ rooms: [ORION] });
  const press = async (key: string, shiftKey = false) => {
    handles(editor)[0]?.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey }));
    await editor.updateComplete;
  };
  await press("ArrowRight");
  await press("ArrowUp", true);
  await press("Enter");
  expect(changed.mock.calls.map(([{ rooms }]) => rooms)).toEqual([[{ ...ORION, x: 21 }], [{ ...ORION, x: 21, y: 25 }]]);
});

test("the form adds and removes rooms, and keeps the places of the others", async () => {
  const { editor, changed } = await edit({ rooms: [ORION], image: "/local/3f.svg" });
  const form = editor.renderRoot.querySelector("ha-form") as unknown as HTMLElement & {
    data: object;
    schema: { name: string }[];
    computeLabel(field: { name: string }): string;
    computeHelper(field: { name: string }): string;
  };
  expect(form.data).toEqual({ type: TYPE, image: { media_content_id: "/local/3f.svg" }, entities: [ORION.entity] });
  expect(form.computeLabel({ name: "image" })).toBe("Floor plan");
  expect(form.computeHelper({ name: "tap_action" })).toBe("If empty, it shows the details of the room.");

  const value = { type: TYPE, title: "3F", entities: [ORION.entity, VEGA.entity, "binary_sensor.gone"] };
  form.dispatchEvent(new CustomEvent("value-changed", { detail: { value } }));
  expect(changed).toHaveBeenLastCalledWith({
    type: TYPE,
    title: "3F",
    rooms: [ORION, { entity: VEGA.entity, ...firstPlace(1) }],
  });
  form.dispatchEvent(new CustomEvent("value-changed", { detail: { value: { type: TYPE } } }));
  expect(changed).toHaveBeenLastCalledWith({ type: TYPE, rooms: [] });
});

test("the editor refuses what the card refuses", async () => {
  const { editor } = await edit({ rooms: [] });
  expect(() => editor.setConfig({ type: TYPE, rooms: "all" })).toThrow("“rooms”");
});
