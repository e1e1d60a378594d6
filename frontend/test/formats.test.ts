// @vitest-environment node
import { expect, test } from "vitest";
import { Formats } from "../src/model/formats";
import { textsIn } from "../src/texts";
import { at, hassWith } from "./office";

function formats(language: string, time_format = "24", time_zone = "server", server = "Asia/Shanghai"): Formats {
  const locale = { language, time_format, time_zone };
  return Formats.of(hassWith({}, { locale, config: { time_zone: server } }), textsIn(language));
}

// Intl uses narrow no-break spaces
const plain = (text: string) => text.replaceAll(/\s/g, " ");

test.each([
  ["en", "24", "14:05"],
  ["en", "12", "2:05 PM"],
  ["en", "language", "2:05 PM"],
  ["en-GB", "language", "14:05"],
  ["zh-Hans", "24", "14:05"],
  ["zh-Hans", "12", "下午2:05"],
  ["zh-Hans", "language", "14:05"],
  ["de", "language", "14:05"],
  ["not a language", "24", "14:05"],
])("the time in %s with time format %s is %s", (language, format, expected) => {
  expect(plain(formats(language, format).time(at(14, 5)))).toBe(expected);
});

test.each([
  ["24", "00:00", "00:00"],
  ["12", "12:00 AM", "12 AM"],
])("midnight with a %s-hour clock is %s", (format, time, hour) => {
  expect(plain(formats("en", format).time(at(0)))).toBe(time);
  expect(plain(formats("en", format).hour(at(0)))).toBe(hour);
});

test.each([
  ["en", "12", "8 AM"],
  ["en", "24", "08:00"],
  ["zh-Hans", "24", "08:00"],
  ["zh-Hans", "12", "上午8时"],
])("a full hour in %s with a %s-hour clock is %s", (language, format, hour) => {
  expect(plain(formats(language, format).hour(at(8)))).toBe(hour);
});

test("the time zone is the server's, or the browser's if the user chose it", () => {
  expect(formats("en").time(at(14, 5))).toBe("14:05");
  expect(formats("en", "24", "local").time(at(14, 5))).toBe("01:05"); // tests run in New York
  expect(formats("en", "24", "server", "Mars/Olympus").time(at(14, 5))).toBe("01:05");
});

test.each([
  [at(15), "15:00", "15:00"],
  [at(24), "00:00", "tomorrow 00:00"],
  [at(9, 0, 0, 1), "tomorrow 09:00", "tomorrow 09:00"],
  [at(24, 0, 0, 1), "tomorrow 00:00", "Wed 00:00"],
  [at(9, 0, 0, 6), "Sun 09:00", "Sun 09:00"],
  [at(9, 0, 0, 7), "Nov 30 09:00", "Nov 30 09:00"],
  [at(9, 0, 0, -1), "Nov 22 09:00", "Nov 22 09:00"],
])("end and start times include the day unless it is today (%#)", (instant, end, start) => {
  expect([formats("en").end(instant, at(10)), formats("en").start(instant, at(10))]).toEqual([end, start]);
});

test("days are in the language of the texts", () => {
  expect(formats("zh-Hans").start(at(9, 0, 0, 1), at(10))).toBe("明天 09:00");
  expect(formats("zh-Hans").start(at(9, 0, 0, 2), at(10))).toBe("周三 09:00");
  expect(formats("zh-Hans").today(at(10))).toBe("11月23日星期一");
  // The texts are not available in German, so the days are not in German either
  expect(formats("de").start(at(9, 0, 0, 1), at(10))).toBe("tomorrow 09:00");
});

test.each([
  [at(14), at(15), "14:00 – 15:00"],
  [at(23), at(24), "23:00 – 00:00"],
  [at(22, 30), at(25, 30), "22:30 – tomorrow 01:30"],
  [at(9, 0, 0, 1), at(10, 0, 0, 1), "tomorrow 09:00 – 10:00"],
  [at(0, 0, 0, 1), at(24, 0, 0, 1), "tomorrow 00:00 – 00:00"],
])("a span includes days that are not today (%#)", (start, end, expected) => {
  expect(formats("en").span(start, end, at(10))).toBe(expected);
});

test.each([
  [at(10, 30), at(10, 6, 20), "24 min"],
  [at(10, 30), at(10, 29, 59), "1 min"],
  [at(10, 30), at(10, 30), "under a minute"],
  [at(10, 30), at(10, 31), "under a minute"],
  [at(12), at(10), "2 h"],
  [at(12, 1), at(10), "2 h 1 min"],
])("the time left counts whole minutes of the clock (%#)", (instant, now, expected) => {
  expect(formats("en").left(instant, now)).toBe(expected);
});

test("names sort by number", () => {
  expect(["10F", "2F", "1F"].sort(formats("en").compare)).toEqual(["1F", "2F", "10F"]);
});

test("a time is not broken into two lines", () => {
  expect(formats("en", "12").time(at(14, 5))).toBe("2:05\u00a0PM");
});
