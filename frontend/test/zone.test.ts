// @vitest-environment node
import { expect, test } from "vitest";
import { dayOf, HOUR, hourOfDay, isZone } from "../src/model/zone";

const utc = (text: string) => Date.parse(`${text}Z`);
const day = (text: string) => utc(`${text}T00:00`) / (24 * HOUR);

test.each([
  ["Asia/Shanghai", "2026-11-23T15:59:59", "2026-11-23"],
  ["Asia/Shanghai", "2026-11-23T16:00:00", "2026-11-24"],
  ["America/New_York", "2026-11-23T04:59:59", "2026-11-22"],
  ["Asia/Kathmandu", "2026-11-23T18:15:00", "2026-11-24"],
  ["Pacific/Kiritimati", "2026-12-31T10:00:00", "2027-01-01"],
])("in %s at %s UTC the date is %s", (zone, instant, expected) => {
  expect(dayOf(utc(instant), zone)).toBe(day(expected));
});

test.each([
  ["Asia/Shanghai", "2026-11-23", 9, "2026-11-23T01:00"],
  ["Asia/Shanghai", "2026-11-23", 24, "2026-11-23T16:00"],
  ["Asia/Kolkata", "2026-11-23", 9, "2026-11-23T03:30"],
  // In Berlin clocks jump from 2 to 3 on March 29, and back from 3 to 2 on October 25
  ["Europe/Berlin", "2026-03-29", 1, "2026-03-29T00:00"],
  ["Europe/Berlin", "2026-03-29", 2, "2026-03-29T01:00"],
  ["Europe/Berlin", "2026-03-29", 3, "2026-03-29T01:00"],
  ["Europe/Berlin", "2026-10-25", 2, "2026-10-25T00:00"],
  ["Europe/Berlin", "2026-10-25", 3, "2026-10-25T02:00"],
  // In Beirut a day in March starts at 1; in the Azores a day in October has two midnights
  ["Asia/Beirut", "2026-03-29", 0, "2026-03-28T22:00"],
  ["Atlantic/Azores", "2026-10-25", 0, "2026-10-25T00:00"],
  ["Australia/Lord_Howe", "2026-10-04", 3, "2026-10-03T16:00"],
])("in %s on %s hour %i starts at %s UTC", (zone, date, hour, expected) => {
  expect(hourOfDay(day(date), hour, zone)).toBe(utc(expected));
});

test.each(["Europe/Berlin", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"])(
  "in %s each day of a year starts exactly where the day before ends",
  (zone) => {
    for (let date = day("2026-01-01"); date < day("2027-01-01"); date++) {
      const start = hourOfDay(date, 0, zone);
      expect(start).toBe(hourOfDay(date - 1, 24, zone));
      expect([dayOf(start - 1, zone), dayOf(start, zone)]).toEqual([date - 1, date]);
    }
  },
);

test("unknown time zones are recognized", () => {
  expect(["Asia/Shanghai", "Mars/Olympus", "", undefined].map(isZone)).toEqual([true, false, false, false]);
});
