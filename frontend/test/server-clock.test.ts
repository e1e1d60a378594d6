/** What the cards show if the clock of the device is wrong. */

import { expect, test, vi } from "vitest";
import { at, hassWith } from "./office";
import { change, showBoard, showRoom, TO_11, tell, text, UNTIL_11 } from "./screen";

/** Return a Home Assistant whose clock differs from the device's by milliseconds. */
function serverAhead(milliseconds: number) {
  const asked = vi.fn();
  const server = { ahead: milliseconds };
  const callWS = async <T>(message: { readonly type: string }) => {
    asked(message.type);
    return { now: Date.now() + server.ahead } as T;
  };
  return { asked, server, hass: hassWith({ orion: ["off", UNTIL_11] }, { callWS }) };
}

async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

test("times are Home Assistant's on a tablet that is a day behind", async () => {
  vi.setSystemTime(at(10, 0, 0, -1));
  const card = await showRoom(serverAhead(24 * 3_600_000).hass);
  await settled();

  expect(text(card, ".clock")).toBe("10:00 Monday, November 23");
  expect(text(card, ".until")).toBe("until 11:00 1 h left");
});

test("the clock on the card moves at Home Assistant's minute", async () => {
  const card = await showRoom(serverAhead(30_000).hass);
  await settled();
  await vi.advanceTimersByTimeAsync(60_000); // the next minute of the device
  expect(text(card, ".clock")).toContain("10:01");

  await vi.advanceTimersByTimeAsync(30_000);
  await card.updateComplete;
  expect(text(card, ".clock")).toContain("10:02");
});

test("a difference of a second is none", async () => {
  const card = await showRoom(serverAhead(1_400).hass);
  await settled();

  await vi.advanceTimersByTimeAsync(59_000);
  await card.updateComplete;
  expect(text(card, ".clock")).toContain("10:00");
});

test("an announced start that passes without news is doubt, until there is news", async () => {
  const { hass } = serverAhead(0);
  const card = await showRoom(hass);
  await settled();

  await vi.advanceTimersByTimeAsync(60 * 60_000);
  await card.updateComplete;
  expect(text(card, ".word")).toBe("Free"); // the news may be under way
  await vi.advanceTimersByTimeAsync(30_000); // not only at the next minute
  await card.updateComplete;
  expect(text(card, ".word")).toBe("No data");
  expect(text(card, ".until")).toBe("No news since 11:00.");

  await tell(card, change(hass, { orion: TO_11 }));
  expect(text(card, ".word")).toBe("No data"); // it says "until 11:00", too
  await tell(card, change(hass, { orion: ["on"] }));
  expect(text(card, ".word")).toBe("Busy");
});

test("all cards of a page compare the clocks once an hour", async () => {
  const { hass, asked } = serverAhead(0);
  await showRoom(hass);
  await showBoard(hass);
  await settled();
  expect(asked).toHaveBeenCalledTimes(1);

  await vi.advanceTimersByTimeAsync(59 * 60_000);
  expect(asked).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(2 * 60_000);
  expect(asked).toHaveBeenCalledTimes(2);
});

test("a clock that is set while the page is open is noticed", async () => {
  const { hass, server } = serverAhead(-3_600_000); // the tablet was an hour fast
  vi.setSystemTime(at(11));
  const card = await showRoom(hass);
  await settled();
  expect(text(card, ".clock")).toContain("10:00");

  server.ahead = 0;
  vi.setSystemTime(at(10, 0, 30)); // and is put right
  await vi.advanceTimersByTimeAsync(60_000);
  await card.updateComplete;
  expect(text(card, ".clock")).toContain("10:01");
});

test("after a sleep without a connection nothing counts longer because the clock is wrong", async () => {
  const { hass } = serverAhead(-20 * 60_000); // the tablet is twenty minutes fast
  vi.setSystemTime(at(10, 20));
  const ping = () => new Promise<void>(() => {});
  const card = await showRoom({ ...hass, connection: { ping } });
  await settled();

  vi.setSystemTime(at(10, 35)); // asleep for a quarter of an hour
  document.dispatchEvent(new Event("visibilitychange"));
  await card.updateComplete;
  expect(text(card, ".word")).toBe("No data");
});

test("a comparison that failed is made again in a minute", async () => {
  const { hass, server } = serverAhead(24 * 3_600_000);
  let fails = true;
  const callWS: typeof hass.callWS = (message) =>
    fails ? Promise.reject(new Error("unknown command")) : (hass.callWS?.(message) as Promise<never>);
  vi.setSystemTime(at(10, 0, 0, -1));
  const card = await showRoom({ ...hass, callWS });
  await settled();
  fails = false;

  await vi.advanceTimersByTimeAsync(60_000);
  await card.updateComplete;
  expect(server.ahead).toBeGreaterThan(0);
  expect(text(card, ".clock")).toBe("10:01 Monday, November 23");
});

test("changes of states do not repeat a comparison that failed", async () => {
  const { hass } = serverAhead(0);
  const asked = vi.fn();
  const callWS = () => {
    asked();
    return Promise.reject(new Error("unknown command"));
  };
  const card = await showRoom({ ...hass, callWS });
  for (const state of ["on", "off", "on", "off"]) {
    await vi.advanceTimersByTimeAsync(2_000);
    await tell(card, change({ ...hass, callWS }, { orion: [state] }));
  }

  expect(asked).toHaveBeenCalledTimes(1);
});

test.each([
  ["no answer", () => Promise.reject(new Error("offline"))],
  ["an answer that never comes", () => new Promise<never>(() => {})],
  ["a slow answer", () => new Promise((resolve) => setTimeout(() => resolve({ now: at(15) }), 11_000))],
])("with %s the clock of the device is used", async (_, answer) => {
  const callWS = answer as <T>() => Promise<T>;
  const card = await showRoom(hassWith({ orion: ["off", UNTIL_11] }, { callWS }));
  await vi.advanceTimersByTimeAsync(61_000);
  await card.updateComplete;

  expect(text(card, ".clock")).toContain("10:01");
  await vi.advanceTimersByTimeAsync(60 * 60_000);
  await card.updateComplete;
  expect(text(card, ".word")).toBe("Free"); // a clock that may be wrong proves nothing
});
