/** The code and the link that open a new event in Feishu. */

import { expect, test } from "vitest";
import type { RoomCard } from "../src/cards/room-card";
import type { Hass } from "../src/hass";
import { inviteOf } from "../src/model/invite";
import { readRoom } from "../src/model/room";
import { statusOf } from "../src/model/status";
import { at, booked, hassWith, iso, type Told, withButtons } from "./office";
import { all, showRoom, tell, text } from "./screen";

const FEISHU = "https://applink.feishu.cn/client/calendar/view?type=meeting";

function withPage(hass: Hass, configuration_url: string): Hass {
  return { ...hass, devices: { "device-orion": { configuration_url } } };
}

function invite(told: Told[string], now: number, page = FEISHU) {
  const hass = withPage(hassWith({ orion: told }), page);
  const room = readRoom(hass, "binary_sensor.orion");
  return inviteOf(hass, room, statusOf(room, { now, lostAt: null, isClockRight: true, soon: 0 }), now);
}

const free = (...spans: [number, number][]): Told[string] => [
  "off",
  { next_busy_time: spans[0] ? iso(spans[0][0]) : null, ...booked(...spans) },
];
const busy = (...spans: [number, number][]): Told[string] => [
  "on",
  { busy_until: iso(spans[0]?.[1] ?? 0), ...booked(...spans) },
];

test.each<[string, Told[string], number, number, number]>([
  ["half an hour from the next quarter", free(), at(10, 1), at(10, 15), at(10, 45)],
  ["at a full quarter, from now", free(), at(10), at(10), at(10, 30)],
  ["less, if a booking follows", free([at(10, 30), at(11)]), at(10, 10), at(10, 15), at(10, 30)],
  ["after a booking that is too near", free([at(10, 20), at(11, 5)]), at(10, 10), at(11, 15), at(11, 45)],
  ["after the booking that runs", busy([at(9), at(10, 40)]), at(10), at(10, 45), at(11, 15)],
  [
    "after bookings without a gap between them",
    busy([at(9), at(11)], [at(11, 10), at(12)]),
    at(10),
    at(12),
    at(12, 30),
  ],
])("the time is %s", (_, told, now, start, end) => {
  expect(invite(told, now)?.slot).toEqual({ start, end });
});

test.each([
  [FEISHU, "feishu", "applink.feishu.cn"],
  ["https://applink.larksuite.com/client/calendar/view?type=meeting", "lark", "applink.larksuite.com"],
])("the link of %s is that of its cloud", (page, app, host) => {
  expect(invite(free(), at(10), page)).toMatchObject({
    app,
    link: `https://${host}/client/calendar/event/create?startTime=${at(10) / 1000}&endTime=${at(10, 30) / 1000}`,
  });
});

test.each<[string, Told[string], string]>([
  ["a private cloud", free(), ""],
  ["a host that is not documented", free(), "https://applink.example.com/client/calendar/view?type=meeting"],
  ["a room out of use", ["on", { busy_until: iso(at(11)), disabled_reason: "" }], FEISHU],
  ["a room that is busy without an end in sight", ["on", {}], FEISHU],
  ["a room whose next free half hour may end beyond the known days", busy([at(9), at(8, 45, 0, 1)]), FEISHU],
  ["a room that is booked until tomorrow evening", busy([at(9), at(18, 0, 0, 1)]), FEISHU],
  ["a room whose state is not known", ["unavailable"], FEISHU],
])("there is no code for %s", (_, told, page) => {
  expect(invite(told, at(10), page)).toBeNull();
});

test("the panel draws the code and names the room beside it", async () => {
  const hass = withPage(hassWith({ orion: free() }), FEISHU);
  const card = await showRoom(hass, { qr: true });
  expect(text(card, ".invite")).toBe("Book in Feishu 10:00 – 10:30 Scan, then add the room Orion");
  const [code] = all(card, ".invite svg");
  expect(code?.getAttribute("aria-label")).toBe("QR code: new event in Feishu");
  expect(code?.querySelector("path")?.getAttribute("d")).toMatch(/^M0 0h1v1h-1zM1 0h1v1h-1z/);

  await tell(card, { ...hass, connected: false });
  expect(all(card, ".invite")).toHaveLength(0);
  expect(all(await showRoom(hass), ".invite")).toHaveLength(0);
});

const link = (card: RoomCard, look: string) => all(card, `a.${look}`)[0] as HTMLAnchorElement | undefined;

test("a link opens a new event with the time and a title", async () => {
  const hass = withPage(hassWith({ orion: free() }), FEISHU);
  const card = await showRoom(hass, { link: true });
  for (const found of [link(card, "key"), link(card, "open")]) {
    expect(found?.href).toBe(
      `https://applink.feishu.cn/client/calendar/event/create?startTime=${at(10) / 1000}&endTime=${at(10, 30) / 1000}&summary=Meeting`,
    );
    expect(found?.target).toBe("_blank");
    expect(found?.textContent).toBe("Book in Feishu");
    expect(found?.getAttribute("aria-label")).toBe("Book in Feishu: 10:00 – 10:30. Add the room Orion there.");
  }
  expect(all(card, ".invite")).toHaveLength(0);

  const chinese = await showRoom({ ...hass, locale: { ...hass.locale, language: "zh-Hans" } }, { link: true });
  expect(link(chinese, "open")?.textContent).toBe("用飞书预订");
  expect(link(chinese, "open")?.href).toMatch(/&summary=%E4%BC%9A%E8%AE%AE$/);
});

test("the link is the last key where the card can book, too", async () => {
  const hass = withButtons(withPage(hassWith({ orion: free() }), FEISHU), "orion", {});
  const card = await showRoom(hass, { link: true, actions: true });
  expect(all(card, ".room .key").map(({ textContent }) => textContent?.trim())).toEqual([
    "15 min",
    "30 min",
    "60 min",
    "Book in Feishu",
  ]);
  expect(link(card, "open")).toBeUndefined();
  expect(text(card, "button.open")).toBe("Book");
});

test.each<[string, object, Partial<Hass>]>([
  ["unless it is switched on", { link: false }, {}],
  ["while the connection is lost", {}, { connected: false }],
  ["on e-paper", { monochrome: true }, {}],
  ["if Home Assistant hides its bars", {}, { kioskMode: true }],
])("there is no link %s", async (_, config, more) => {
  const hass = withPage(hassWith({ orion: free() }, more), FEISHU);
  expect(all(await showRoom(hass, { link: true, ...config }), "a")).toHaveLength(0);
});

test("a kiosk has the code, but no link", async () => {
  const card = await showRoom(withPage(hassWith({ orion: free() }), FEISHU), { link: true, qr: true, kiosk: true });
  expect(all(card, "a")).toHaveLength(2);
  card.layout = "panel";
  await card.updateComplete;
  await card.updateComplete;
  expect(all(card, "a")).toHaveLength(0);
  expect(all(card, ".invite")).toHaveLength(1);
});
