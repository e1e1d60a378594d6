// @vitest-environment node
import { expect, test } from "vitest";
import type { Label, Room } from "../src/model/room";
import type { Status } from "../src/model/status";
import { titlesOf } from "../src/model/titles";
import { at } from "./office";

const NOW = at(10, 30);
const label = (start: number, end: number, title: string, organizer = ""): Label => ({
  start: at(start),
  end: at(end),
  title,
  organizer,
});
const titles = (labels: Label[], kind: Status["kind"] = "busy") =>
  titlesOf({ labels } as unknown as Room, { kind, next: { start: at(11), end: null } } as Status, NOW);

test("the current and the next booking have titles", () => {
  const labels = [label(9, 10, "Past"), label(10, 11, "Review", "Li Wei"), label(11, 12, "", "Zhao Min")];

  expect(titles([...labels, label(13, 14, "Later")])).toEqual({ current: ["Review", "Li Wei"], next: ["Zhao Min"] });
});

test.each(["free", "disabled", "unknown"] as const)("a room that is %s has no current title", (kind) => {
  expect(titles([label(10, 11, "Review")], kind).current).toEqual([]);
});

test("two bookings that may be meant have no title", () => {
  const labels = [label(10, 11, "One"), label(9, 12, "Two"), label(11, 12, "Three"), label(11, 13, "Four")];

  expect(titles(labels)).toEqual({ current: [], next: [] });
});

test("a room without bookings has no titles", () => {
  const status = { kind: "free", next: null } as Status;

  expect(titlesOf({ labels: [label(10, 11, "Review")] } as unknown as Room, status, NOW)).toEqual({
    current: [],
    next: [],
  });
});
