/** The code that opens a new event on a phone. */

import { expect, test } from "vitest";
import type { Hass } from "../src/hass";
import { inviteOf } from "../src/model/invite";
import { readRoom } from "../src/model/room";
import { statusOf } from "../src/model/status";
import { at, booked, hassWith, iso, type Told } from "./office";
import { all, showRoom, tell, text } from "./screen";

const FEISHU = "https://open.feishu.cn/app/cli_1";

function withConsole(hass: Hass, configuration_url: string): Hass {
  return { ...hass, devices: { "device-orion": { configuration_url } } };
}

function invite(told: Told[string], now: number, page = FEISHU) {
  const hass = withConsole(hassWith({ orion: told }), page);
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
  ["https://open.larksuite.com/app/cli_1", "lark", "applink.larksuite.com"],
])("the link of %s is that of its cloud", (page, app, host) => {
  expect(invite(free(), at(10), page)).toMatchObject({
    app,
    link: `https://${host}/client/calendar/event/create?startTime=${at(10) / 1000}&endTime=${at(10, 30) / 1000}`,
  });
});

test.each<[string, Told[string], string]>([
  ["a private cloud", free(), "https://feishu.example.com/app/cli_1"],
  ["a room out of use", ["on", { busy_until: iso(at(11)), disabled_reason: "" }], FEISHU],
  ["a room that is busy without an end in sight", ["on", {}], FEISHU],
  ["a room whose next free half hour may end beyond the known days", busy([at(9), at(8, 45, 0, 1)]), FEISHU],
  ["a room that is booked until tomorrow evening", busy([at(9), at(18, 0, 0, 1)]), FEISHU],
  ["a room whose state is not known", ["unavailable"], FEISHU],
])("there is no code for %s", (_, told, page) => {
  expect(invite(told, at(10), page)).toBeNull();
});

test("the panel draws the code and names the room beside it", async () => {
  const hass = withConsole(hassWith({ orion: free() }), FEISHU);
  const card = await showRoom(hass, { qr: true });
  expect(text(card, ".invite")).toBe("Book in Feishu 10:00 – 10:30 Scan, then add the room Orion");
  const [code] = all(card, ".invite svg");
  expect(code?.getAttribute("aria-label")).toBe("QR code: new event in Feishu");
  expect(code?.querySelector("path")?.getAttribute("d")).toMatch(/^M0 0h1v1h-1zM1 0h1v1h-1z/);

  await tell(card, { ...hass, connected: false });
  expect(all(card, ".invite")).toHaveLength(0);
  expect(all(await showRoom(hass), ".invite")).toHaveLength(0);
});
