// @vitest-environment node
import { expect, test } from "vitest";
import type { Entity, Hass } from "../src/hass";
import { Formats } from "../src/model/formats";
import { readRoom } from "../src/model/room";
import { dayAround } from "../src/model/timeline";
import { type RoomView, viewOf } from "../src/model/view";
import { MINUTE } from "../src/model/zone";
import { textsIn } from "../src/texts";
import { at, booked, hassWith, iso, ZONE } from "./office";

interface Circumstances {
  readonly language?: string;
  readonly lostAt?: number;
  readonly isClockRight?: boolean;
  readonly steady?: boolean;
}

function view(
  hass: Hass,
  now: number,
  { language = "en", lostAt, isClockRight = false, steady = false }: Circumstances = {},
): RoomView {
  const texts = textsIn(language);
  const formats = Formats.of({ ...hass, locale: { ...hass.locale, language } }, texts);
  return viewOf(readRoom(hass, "binary_sensor.orion"), {
    now,
    lostAt: lostAt ?? null,
    isClockRight,
    day: dayAround(now, ZONE, 8, 19),
    soon: 10 * MINUTE,
    steady,
    texts,
    formats,
  });
}

const free = hassWith({ orion: ["off", { next_busy_time: iso(at(11)), ...booked([at(11), at(12)]) }] });
const busy = hassWith({
  orion: [
    "on",
    {
      busy_until: iso(at(11)),
      next_busy_time: iso(at(11, 5)),
      next_free_time: iso(at(12)),
      pending: 2,
      ...booked([at(9), at(11)], [at(11, 5), at(12)]),
    },
  ],
});

test("a free room", () => {
  expect(view(free, at(10, 6, 30))).toMatchObject({
    name: "Orion",
    place: "Tower A / 3F",
    seats: "8 seats",
    word: "Free",
    until: "until 11:00",
    left: "54 min left",
    hint: "",
    next: "11:00 – 12:00",
    nextFree: "",
    note: "",
    pending: "",
    bookings: "Bookings today: 11:00 – 12:00",
    phrase: "Free, until 11:00",
  });
});

test("a busy room, in Chinese", () => {
  expect(view(busy, at(10, 55), { language: "zh-Hans" })).toMatchObject({
    seats: "8 人",
    word: "占用中",
    until: "至 11:00",
    left: "还有 5 分钟",
    hint: "即将结束",
    next: "11:05 – 12:00",
    nextFree: "12:00",
    pending: "2 个预订待审批",
    bookings: "今天的预订：09:00 – 11:00，11:05 – 12:00",
    phrase: "占用中，至 11:00",
  });
});

test("Chinese puts a space before digits, but not before Chinese words", () => {
  const until = (instant: number) => hassWith({ orion: ["on", { busy_until: iso(instant) }] });

  expect(view(until(at(11)), at(10), { language: "zh-Hans" }).until).toBe("至 11:00");
  expect(view(until(at(1, 10, 0, 1)), at(10), { language: "zh-Hans" })).toMatchObject({
    until: "至明天 01:10",
    left: "还有 15 小时 10 分钟",
  });
});

test("a booking that starts soon has a hint", () => {
  expect(view(free, at(10, 52))).toMatchObject({ word: "Free", hint: "Booked soon", left: "8 min left" });
});

test.each([
  [{}, "no bookings ahead", "", ""],
  [{ next_busy_time: iso(at(9, 0, 0, 1)) }, "rest of the day", "", "tomorrow 09:00"],
  [{ next_busy_time: iso(at(24)) }, "until 00:00", "14 h left", "tomorrow 00:00"],
])("a room that is free today: %j", (attributes, until, left, next) => {
  expect(view(hassWith({ orion: ["off", attributes] }), at(10))).toMatchObject({ until, left, next });
});

test.each([
  [{}, "until further notice", ""],
  [{ busy_until: iso(at(9, 30, 0, 1)) }, "until tomorrow 09:30", "23 h 30 min left"],
  [{ busy_until: iso(at(10, 0, 0, 1)) }, "until tomorrow 10:00", ""],
  [{ busy_until: iso(at(10, 0, 0, 9)) }, "until Dec 2 10:00", ""],
])("a room that is busy for long: %j", (attributes, until, left) => {
  expect(view(hassWith({ orion: ["on", attributes] }), at(10))).toMatchObject({ until, left });
});

/** Return a `hass` in which the state of the room began at an instant. */
function since(instant: number, hass: Hass): Hass {
  const [id = ""] = Object.keys(hass.states);
  const entity = { ...hass.states[id], last_changed: iso(instant) } as Entity;
  return { ...hass, states: { [id]: entity } };
}

test("a disabled room says why, but does not count the time", () => {
  const attributes = { busy_until: iso(at(12)), disabled_reason: "Repairs" };

  expect(view(hassWith({ orion: ["on", attributes] }), at(10))).toMatchObject({
    word: "Out of use",
    until: "until 12:00",
    left: "",
    note: "Repairs",
    next: "",
    phrase: "Out of use, until 12:00, Repairs",
  });
});

test.each([
  [hassWith({ orion: ["unavailable"] }), {}, "State not known right now."],
  [since(at(9, 40), hassWith({ orion: ["unavailable"] })), {}, "State not known since 09:40."],
  [hassWith({}), {}, "Home Assistant has no binary_sensor.orion."],
  [free, { lostAt: at(9) }, "No connection to Home Assistant since 09:00."],
  [hassWith({ orion: ["off", { next_busy_time: iso(at(9, 50)) }] }), { isClockRight: true }, "No news since 09:50."],
])("an unknown state shows only the reason (%#)", (hass, circumstances, note) => {
  expect(view(hass, at(10), circumstances)).toMatchObject({
    word: "No data",
    until: "",
    left: "",
    hint: "",
    next: "",
    nextFree: "",
    pending: "",
    note,
    timeline: null,
    bookings: "",
    phrase: `No data, ${note}`,
  });
});

test("two bookings after the next one are shown", () => {
  const bookings = booked(
    [at(9), at(10, 30)],
    [at(11), at(12)],
    [at(13), at(14)],
    [at(9, 0, 0, 1), at(10, 0, 0, 1)],
    [at(11, 0, 0, 1), at(12, 0, 0, 1)],
  );
  const attributes = { busy_until: iso(at(10, 30)), next_busy_time: iso(at(11)), ...bookings };
  const later = (state: string) => view(hassWith({ orion: [state, attributes] }), at(10)).later;

  expect(later("on")).toEqual(["13:00 – 14:00", "tomorrow 09:00 – 10:00"]);
  expect(later("unavailable")).toEqual([]);
});

test("a steady card changes only every 15 minutes", () => {
  const shown = (minute: number) => {
    const { status: _, ...rest } = view(free, at(10, minute), { steady: true });
    return rest;
  };

  expect(shown(44)).toEqual(shown(31));
  expect(shown(44).left).toBe("");
  expect(shown(45).timeline?.now).toBeGreaterThan(shown(44).timeline?.now ?? 1);
});

test("a day without bookings has its own text", () => {
  expect(view(hassWith({ orion: ["off"] }), at(10)).bookings).toBe("No bookings today");
});

test("the bookings of a day reach from midnight to midnight", () => {
  const bookings = booked([at(-1), at(1)], [at(6), at(7)], [at(20), at(21)], [at(24), at(25)]);

  expect(view(hassWith({ orion: ["off", bookings] }), at(10)).bookings).toBe(
    "Bookings today: Nov 22 23:00 – 01:00, 06:00 – 07:00, 20:00 – 21:00",
  );
});
