/** Booking, extending and ending on a room card. */

import { beforeAll, expect, test, vi } from "vitest";
import type { RoomCard } from "../src/cards/room-card";
import type { Hass } from "../src/hass";
import { at, BOOKING, hassWith, iso, type Told, withButtons } from "./office";
import { all, change, showRoom, TO_11, tell, text, UNTIL_11 } from "./screen";

type Call = NonNullable<Hass["callService"]>;

const ROOM = "binary_sensor.orion";
const TEXTS: Readonly<Record<string, string>> = {
  "component.feishu_freebusy.exceptions.refusal_taken.message": "The room is not free for all of that time.",
};

beforeAll(() => {
  // happy-dom has no modal dialogs; opening and closing is enough here
  HTMLDialogElement.prototype.showModal = HTMLDialogElement.prototype.show;
});

/** A `hass` that allows booking, and the calls that the card makes. */
function desk(told: Told[string] = ["off", UNTIL_11]) {
  const calls: { service: string; data: object; resolve(response: object): void; reject(error: unknown): void }[] = [];
  const callService = vi.fn(
    (...[domain, service, data, target, notifyOnError, returnResponse]: Parameters<Call>) =>
      new Promise<{ response: object }>((resolve, reject) => {
        expect([domain, target, notifyOnError, returnResponse]).toEqual(["feishu_freebusy", undefined, false, true]);
        calls.push({ service, data, resolve: (response) => resolve({ response }), reject });
      }),
  );
  const loadBackendTranslation = async () => (key: string) => TEXTS[key] ?? "";
  const hass: Hass = {
    ...hassWith({ orion: told }),
    services: { feishu_freebusy: BOOKING },
    callService,
    loadBackendTranslation,
  };
  return { hass, calls, callService };
}

const keys = (card: RoomCard) =>
  all(card, ".key").map((key) => key.getAttribute("aria-label") || key.textContent?.trim());
const said = (card: RoomCard) => text(card, ".said");
const dialog = (card: RoomCard) => all(card, "dialog")[0] as HTMLDialogElement;

async function settle(card: RoomCard): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  await card.updateComplete;
}

async function press(card: RoomCard, name: string): Promise<void> {
  const key = all(card, "button").find(
    (each) => (each.getAttribute("aria-label") || each.textContent?.trim()) === name,
  );
  expect([name, key]).not.toContain(undefined);
  (key as HTMLButtonElement).click();
  await settle(card);
}

const ACTS = { actions: true };
const FREE = ["Book for 15 min", "Book for 30 min", "Book for 60 min"];
const BUSY = ["Extend by 15 min", "Extend by 30 min", "End"];

test("nothing is offered unless the card and Home Assistant allow it", async () => {
  const { hass } = desk();
  const { services: _, ...without } = hass;

  expect(all(await showRoom(hass), "button:not(.turn), dialog")).toHaveLength(0);
  expect(all(await showRoom(without, ACTS), "button:not(.turn)")).toHaveLength(0);
  expect(keys(await showRoom(hass, ACTS))).toEqual(FREE);
});

test("keys appear when booking is allowed later", async () => {
  const { hass } = desk();
  const card = await showRoom({ ...hass, services: {} }, ACTS);
  expect(keys(card)).toEqual([]);

  await tell(card, hass);
  expect(keys(card)).toEqual(FREE);
});

test("a free room is booked, and the card says until when", async () => {
  const { hass, calls } = desk();
  const card = await showRoom(hass, ACTS);

  await press(card, "Book for 30 min");
  expect(calls).toMatchObject([{ service: "book_room", data: { entity_id: ROOM, duration: { minutes: 30 } } }]);
  expect(said(card)).toBe("Booking… Feishu needs a few seconds.");
  expect(keys(card)).toEqual([]);

  await tell(card, change(hass, { orion: ["on", { busy_until: iso(at(10, 30)) }] }));
  calls[0]?.resolve({ name: "Orion", start: iso(at(10)), end: iso(at(10, 30)), event_id: "e" });
  await settle(card);
  expect(said(card)).toBe("Orion is booked until 10:30.");
  expect(keys(card)).toEqual(["OK"]);

  await vi.advanceTimersByTimeAsync(8_000);
  await card.updateComplete;
  expect(said(card)).toBe("");
  expect(keys(card)).toEqual(BUSY);
});

test("a second press does nothing", async () => {
  const { hass, callService } = desk();
  const card = await showRoom(hass, ACTS);
  const [key] = all(card, ".key") as HTMLButtonElement[];

  key?.click();
  key?.click();
  await settle(card);
  key?.click();

  expect(callService).toHaveBeenCalledOnce();
});

test("a refusal is shown with its reason in the user's language", async () => {
  const { hass, calls } = desk();
  const card = await showRoom(hass, ACTS);
  const refused = { code: "service_validation_error", message: "Validation error: taken" };

  await press(card, "Book for 30 min");
  calls[0]?.reject({ ...refused, translation_domain: "feishu_freebusy", translation_key: "refusal_taken" });
  await settle(card);
  expect(said(card)).toBe("Not booked. The room is not free for all of that time.");

  await press(card, "OK");
  expect(keys(card)).toEqual(FREE);
  await press(card, "Book for 15 min");
  calls[1]?.reject(refused);
  await settle(card);
  expect(said(card)).toBe("Not booked. Validation error: taken");

  await vi.advanceTimersByTimeAsync(60_000);
  await card.updateComplete;
  expect(keys(card)).toContain("Book for 15 min");
});

test.each(["unauthorized", "home_assistant_error"])("a user without the right is told so (%s)", async (code) => {
  const { hass, calls } = desk();
  const card = await showRoom(hass, ACTS);

  await press(card, "Book for 30 min");
  calls[0]?.reject({ code, message: "Unauthorized" });
  await settle(card);

  expect(said(card)).toBe("Not booked. You are not allowed to change this room.");
});

test("a refusal without a reason has a text", async () => {
  const { hass, calls } = desk();
  const card = await showRoom(hass, ACTS);

  await press(card, "Book for 30 min");
  calls[0]?.reject({ code: "unknown_error" });
  await settle(card);

  expect(said(card)).toBe("Not booked. Home Assistant gives no reason.");
});

test.each([[{ error: { code: 3, message: "Connection lost" } }], [3], [new TypeError("no socket")]])(
  "a lost connection leaves it open whether it worked (%#)",
  async (error) => {
    const { hass, calls } = desk();
    const card = await showRoom(hass, ACTS);

    await press(card, "Book for 30 min");
    calls[0]?.reject(error);
    await settle(card);

    expect(said(card)).toMatch(/^The connection was lost, so it is not known/);
  },
);

test("while the connection is lost nothing is offered, and a late answer still counts", async () => {
  const { hass, calls } = desk();
  const card = await showRoom(hass, ACTS);
  await press(card, "Book for 30 min");

  await tell(card, { ...hass, connected: false });
  await settle(card);
  expect(said(card)).toMatch(/^The connection was lost/);
  await press(card, "OK");
  expect(keys(card)).toEqual([]);

  calls[0]?.resolve({ name: "Orion", end: iso(at(10, 30)) });
  await settle(card);
  expect(said(card)).toBe("Orion is booked until 10:30.");
});

test("an answer that does not come within three minutes is unknown", async () => {
  const { hass } = desk();
  const card = await showRoom(hass, ACTS);
  await press(card, "Book for 30 min");

  await vi.advanceTimersByTimeAsync(180_000);
  await card.updateComplete;
  expect(said(card)).toMatch(/^The connection was lost/);
});

test("an extension is a call with its length", async () => {
  const { hass, calls } = desk([...TO_11]);
  const card = await showRoom(hass, ACTS);

  await press(card, "Extend by 15 min");
  expect(calls).toMatchObject([{ service: "extend_booking", data: { duration: { minutes: 15 } } }]);
  calls[0]?.resolve({ name: "Orion", end: iso(at(11, 15)) });
  await settle(card);
  expect(said(card)).toBe("Orion is booked until 11:15.");
});

test("a meeting is ended only after a confirmation", async () => {
  const { hass, calls } = desk([...TO_11]);
  const card = await showRoom(hass, ACTS);

  await press(card, "End");
  expect(said(card)).toBe("End this meeting now? The room becomes free for others.");
  expect(card.shadowRoot?.activeElement?.textContent).toBe("Keep it");
  await press(card, "Keep it");
  expect(keys(card)).toEqual(BUSY);
  expect(calls).toEqual([]);

  await press(card, "End");
  await press(card, "End now");
  expect(calls).toMatchObject([{ service: "end_booking", data: { entity_id: ROOM } }]);
  calls[0]?.resolve({ name: "Orion", end: iso(at(10)), confirmed: true });
  await settle(card);
  expect(said(card)).toBe("The meeting in Orion has ended.");
});

test("a meeting that has begun since the key was touched is not ended: the call says how long ago that was", async () => {
  const { hass, calls } = desk([...TO_11]);
  const card = await showRoom(hass, WITH_PIN);

  await press(card, "End");
  await vi.advanceTimersByTimeAsync(20_000);
  await type(card, "2580");
  await vi.advanceTimersByTimeAsync(25_000);
  await press(card, "End now");

  expect(calls).toMatchObject([{ service: "end_booking", data: { after: { milliseconds: 45_000 } } }]);
});

test.each([{}, { pin: "2580" }])("a question goes away when the meeting is over (%j)", async (config) => {
  const { hass, calls } = desk([...TO_11]);
  const card = await showRoom(hass, { ...ACTS, ...config });

  await press(card, "End");
  await tell(card, change(hass, { orion: ["off"] }));
  await settle(card);

  expect(keys(card)).toEqual(FREE);
  expect(calls).toEqual([]);
});

test("an end that Feishu does not show yet is said as such", async () => {
  const { hass, calls } = desk([...TO_11]);
  const card = await showRoom(hass, ACTS);

  await press(card, "End");
  await press(card, "End now");
  calls[0]?.resolve({ name: null, confirmed: false });
  await settle(card);

  expect(said(card)).toBe("The meeting in Orion is ended, but Feishu still shows it.");
});

test("a question that nobody answers goes away", async () => {
  const { hass } = desk([...TO_11]);
  const card = await showRoom(hass, ACTS);

  await press(card, "End");
  await vi.advanceTimersByTimeAsync(60_000);
  await card.updateComplete;
  expect(keys(card)).toEqual(BUSY);
});

test.each([{}, { pin: "2580" }])("a question goes away when the connection is lost (%j)", async (config) => {
  const { hass, calls } = desk([...TO_11]);
  const card = await showRoom(hass, { ...ACTS, ...config });

  await press(card, "End");
  expect(said(card)).not.toBe("");
  await tell(card, { ...hass, connected: false });
  await settle(card);
  expect(keys(card)).toEqual([]);
  expect(dialog(card).open).toBe(false);

  await tell(card, { ...hass, states: { ...hass.states } });
  await settle(card);
  expect(keys(card)).toEqual(BUSY);
  expect(calls).toEqual([]);
});

test("the end is offered when the button of the room becomes available", async () => {
  const { hass } = desk([...TO_11]);
  const locked = withButtons(hass, "orion", { end: "unavailable" });
  const card = await showRoom(locked, ACTS);
  expect(keys(card)).toEqual(BUSY.slice(0, 2));

  const states = {
    ...locked.states,
    "button.orion_end": { entity_id: "button.orion_end", state: "unknown", attributes: {} },
  };
  await tell(card, { ...locked, states });
  expect(keys(card)).toEqual(BUSY);
});

// The PIN

const WITH_PIN = { actions: true, pin: "2580" };

async function type(card: RoomCard, digits: string): Promise<void> {
  for (const digit of digits) await press(card, digit);
}

test("an action waits for the PIN", async () => {
  const { hass, calls } = desk();
  const card = await showRoom(hass, WITH_PIN);

  await press(card, "Book for 30 min");
  expect(dialog(card).open).toBe(true);
  expect(said(card)).toBe("Book for 30 min: Enter the PIN");
  await type(card, "25");
  expect(all(card, ".dots")[0]?.getAttribute("aria-label")).toBe("2 digits entered");
  await press(card, "Delete the last digit");
  await type(card, "581");
  expect(said(card)).toBe("Wrong PIN");
  expect(calls).toEqual([]);

  for (const key of "2580") {
    dialog(card).dispatchEvent(new KeyboardEvent("keydown", { key }));
    await settle(card);
  }
  expect(calls).toHaveLength(1);
  expect(dialog(card).open).toBe(false);
});

test("an end with a PIN asks for both", async () => {
  const { hass, calls } = desk([...TO_11]);
  const card = await showRoom(hass, WITH_PIN);

  await press(card, "End");
  await type(card, "2580");
  expect(calls).toEqual([]);
  expect(dialog(card).open).toBe(false);
  await press(card, "End now");
  expect(calls).toHaveLength(1);
});

test("five wrong PINs lock the keys for a minute", async () => {
  const { hass, calls } = desk();
  const card = await showRoom(hass, WITH_PIN);

  await press(card, "Book for 30 min");
  await type(card, "0000".repeat(5));
  expect(said(card)).toBe("Too many attempts. Try again in a minute.");
  await type(card, "2580");
  await press(card, "Cancel");
  await press(card, "Book for 30 min");
  expect(said(card)).toBe("Too many attempts. Try again in a minute.");
  expect(calls).toEqual([]);

  await vi.advanceTimersByTimeAsync(60_000);
  await card.updateComplete;
  await press(card, "Book for 30 min");
  await type(card, "2580");
  expect(calls).toHaveLength(1);
});

test("a key that is no digit is left to the page", async () => {
  const { hass } = desk();
  const card = await showRoom(hass, WITH_PIN);
  await press(card, "Book for 30 min");
  const heard = vi.fn();
  document.body.addEventListener("keydown", heard);

  for (const key of ["7", "Backspace", "Tab"]) {
    dialog(card).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true }));
  }

  document.body.removeEventListener("keydown", heard);
  expect(heard).toHaveBeenCalledOnce();
});

// The dialog of a small card

test("a small card opens a dialog that shows all of it", async () => {
  const { hass, calls } = desk();
  const card = await showRoom(hass, ACTS);

  await press(card, "Orion: Book");
  expect(dialog(card).open).toBe(true);
  expect(dialog(card).contains(all(card, ".actions")[0] ?? null)).toBe(true);
  await press(card, "Book for 30 min");
  await press(card, "Close");
  expect(dialog(card).open).toBe(false);

  calls[0]?.reject({ code: "home_assistant_error", message: "No" });
  await settle(card);
  expect(dialog(card).open).toBe(true);
  expect(said(card)).toBe("Not booked. No");
  await press(card, "OK");
  expect(dialog(card).open).toBe(false);
});

test("a dialog closes when the result was shown, or when nobody touches it", async () => {
  const { hass, calls } = desk();
  const card = await showRoom(hass, ACTS);
  const wait = async (seconds: number) => {
    await vi.advanceTimersByTimeAsync(seconds * 1_000);
    await card.updateComplete;
  };

  await press(card, "Orion: Book");
  await wait(59);
  await press(card, "Book for 30 min");
  calls[0]?.resolve({ name: "Orion", end: iso(at(10, 30)) });
  await wait(7);
  expect(dialog(card).open).toBe(true);
  await wait(1);
  expect(dialog(card).open).toBe(false);

  await press(card, "Orion: Book");
  await wait(60);
  expect(dialog(card).open).toBe(false);
});

test("a touch beside the dialog closes it", async () => {
  const { hass } = desk();
  const card = await showRoom(hass, ACTS);
  await press(card, "Orion: Book");

  all(card, ".sheet")[0]?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  expect(dialog(card).open).toBe(true);
  dialog(card).dispatchEvent(new MouseEvent("click", { bubbles: true }));
  await settle(card);
  expect(dialog(card).open).toBe(false);
});

test("a card in an editor does nothing", async () => {
  const { hass, callService } = desk();
  const card = await showRoom(hass, ACTS);
  card.preview = true;

  await press(card, "Book for 30 min");
  await press(card, "Orion: Book");

  expect(callService).not.toHaveBeenCalled();
  expect(dialog(card).open).toBe(false);
});

test("a card that leaves the page forgets a question, but not a call that is running", async () => {
  const { hass, calls } = desk();
  const card = await showRoom(hass, WITH_PIN);
  await press(card, "Book for 30 min");

  card.remove();
  expect(vi.getTimerCount()).toBe(0);
  document.body.append(card);
  await settle(card);
  expect(dialog(card).open).toBe(false);
  expect(keys(card)).toEqual(FREE);

  await press(card, "Book for 30 min");
  await type(card, "2580");
  card.remove();
  document.body.append(card);
  calls[0]?.resolve({ name: "Orion", end: iso(at(10, 30)) });
  await settle(card);
  expect(said(card)).toBe("Orion is booked until 10:30.");
});

test("a card that gets another room forgets the action of the first", async () => {
  const { hass, calls } = desk();
  const card = await showRoom({ ...hass, states: { ...hass.states, ...hassWith({ vega: ["off"] }).states } }, ACTS);
  await press(card, "Book for 30 min");

  card.setConfig({ type: "custom:feishu-room-card", entity: "binary_sensor.vega", ...ACTS });
  calls[0]?.resolve({ name: "Orion", end: iso(at(10, 30)) });
  await settle(card);

  expect(said(card)).toBe("");
  expect(keys(card)).toEqual(FREE);
});

test("texts are Chinese for a Chinese user", async () => {
  const { hass, calls } = desk();
  const card = await showRoom({ ...hass, locale: { ...hass.locale, language: "zh-Hans" } }, ACTS);
  expect(keys(card)).toEqual(["预订 15 分钟", "预订 30 分钟", "预订 60 分钟"]);

  await press(card, "预订 30 分钟");
  calls[0]?.resolve({ name: "Orion", end: iso(at(10, 30)) });
  await settle(card);
  expect(said(card)).toBe("Orion：已预订至 10:30。");
});
