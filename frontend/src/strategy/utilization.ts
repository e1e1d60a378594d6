/** A view of how much rooms are booked and used, made of the built-in cards for statistics. */

import { type Hass, PLATFORM } from "../hass";
import type { Room } from "../model/room";
import type { Texts } from "../texts";

type Config = Readonly<Record<string, unknown>>;
/** The sensors of a device, by what they tell. */
type Sensors = Readonly<Record<string, string>>;
type Measured = readonly [room: Room, sensors: Sensors];

/** The largest number of seats in each group of rooms. */
const SIZES = [4, 8, 16, Number.POSITIVE_INFINITY] as const;
const SHARES = ["booked", "used", "no_show", "ad_hoc"] as const;
const DAYS = 30;
const WEEKS = 12;
/** More lines are hard to tell apart. */
const MAX_LINES = 8;

/** Return the view, or nothing if no sensor of utilization is enabled. */
export function utilization(hass: Hass, rooms: readonly Room[], texts: Texts): Config[] {
  const found = sensorsByDevice(hass);
  const measured = rooms.flatMap((room): Measured[] => {
    const device = hass.entities[room.id]?.device_id ?? "";
    const sensors = found.get(device);
    found.delete(device);
    return sensors ? [[room, sensors]] : [];
  });
  const accounts = [...found.values()];
  const sections = [
    ...(accounts.length ? [total(accounts, texts)] : []),
    ...sizes(hass, measured, texts),
    ...ranking(hass, measured, "no_show", { heading: texts.utilization.empty, icon: "mdi:account-off" }, "orange"),
  ];
  if (!sections.length) return [];
  const help = measured.length < rooms.length ? [how(texts)] : [];
  return [
    {
      title: texts.utilization.title,
      path: "utilization",
      icon: "mdi:chart-bar",
      type: "sections",
      max_columns: 3,
      sections: [...sections, ...help],
    },
  ];
}

function sensorsByDevice(hass: Hass): Map<string, Sensors> {
  const keys = new Set<string | undefined>(SHARES.flatMap((share) => [`${share}_today`, `${share}_this_month`]));
  const found = new Map<string, Sensors>();
  for (const entry of Object.values(hass.entities)) {
    if (entry?.platform !== PLATFORM || entry.hidden || !entry.device_id || !keys.has(entry.translation_key)) continue;
    found.set(entry.device_id, { ...found.get(entry.device_id), [entry.translation_key ?? ""]: entry.entity_id });
  }
  return found;
}

/** All rooms together: now, in the last month, and day by day. */
function total(accounts: readonly Sensors[], { utilization: texts }: Texts): Config {
  // Home Assistant's full names tell several accounts apart, but are too long for small tiles
  const named = (name: string) => (accounts.length > 1 ? {} : { name });
  const all = (period: string) =>
    SHARES.flatMap((share) =>
      accounts.flatMap((sensors) => {
        const entity = sensors[`${share}_${period}`];
        return entity ? [{ entity, ...named(texts.shares[share]) }] : [];
      }),
    );
  const tiles = all("this_month").map((row) => ({ type: "tile", ...row, grid_options: { columns: 6 } }));
  const lastMonth = accounts.flatMap(({ booked_today: entity }) => {
    const period = { calendar: { period: "month", offset: -1 } };
    return entity
      ? [
          {
            type: "statistic",
            entity,
            ...named(texts.lastMonth),
            stat_type: "mean",
            period,
            grid_options: { columns: 12 },
          },
        ]
      : [];
  });
  return section({ heading: texts.all, icon: "mdi:chart-donut" }, [
    { type: "markdown", content: texts.about },
    ...(tiles.length ? [{ type: "heading", heading: texts.thisMonth, heading_style: "subtitle" }] : []),
    ...tiles,
    ...lastMonth,
    ...lines(all("today"), "day", DAYS),
  ]);
}

/** The rooms by size: the fullest of each size first. */
function sizes(hass: Hass, measured: readonly Measured[], texts: Texts): Config[] {
  const { upTo, between, from, unknown } = texts.utilization.seats;
  return [...SIZES, null].flatMap((most, index) => {
    const least = (SIZES[index - 1] ?? 0) + 1;
    const isOfSize = ({ seats }: Room) =>
      most === null || seats === null ? seats === most : least <= seats && seats <= most;
    const heading =
      most === null
        ? unknown
        : least === 1
          ? upTo(most)
          : most < Number.POSITIVE_INFINITY
            ? between(least, most)
            : from(least);
    const ofSize = measured.filter(([room]) => isOfSize(room));
    return ranking(hass, ofSize, "booked", { heading, icon: "mdi:seat" });
  });
}

/** A section with a bar for each room, the longest first, and a line for each room. None if there are no sensors. */
function ranking(hass: Hass, measured: readonly Measured[], share: string, head: Config, color = "primary"): Config[] {
  const month = measured.flatMap(([room, sensors]) => {
    const entity = sensors[`${share}_this_month`];
    return entity ? [{ entity, name: room.name, share: Number.parseFloat(hass.states[entity]?.state ?? "") }] : [];
  });
  const days = measured.flatMap(([{ name }, sensors]) => {
    const entity = sensors[`${share}_today`];
    return entity ? [{ entity, name }] : [];
  });
  if (!month.length && !days.length) return [];
  const bars = month
    .sort((one, other) => (other.share || 0) - (one.share || 0))
    .map(({ entity, name }) => ({
      type: "tile",
      entity,
      name,
      color,
      features: [{ type: "bar-gauge", min: 0, max: 100 }],
      features_position: "inline",
    }));
  return [section(head, [...bars, ...(days.length > MAX_LINES ? [] : lines(days, "week", 7 * WEEKS))])];
}

function lines(entities: readonly Config[], period: string, days: number): Config[] {
  if (!entities.length) return [];
  const graph = { type: "statistics-graph", entities, period, days_to_show: days, stat_types: ["mean"] };
  return [{ ...graph, chart_type: "line", min_y_axis: 0, max_y_axis: 100, hide_legend: entities.length === 1 }];
}

function how({ utilization: texts }: Texts): Config {
  const content = texts.enable(`/config/entities?domain=${PLATFORM}`);
  return section({ heading: texts.eachRoom, icon: "mdi:help-circle-outline" }, [{ type: "markdown", content }]);
}

function section(head: Config, cards: readonly Config[]): Config {
  return { type: "grid", cards: [{ type: "heading", ...head }, ...cards] };
}
