/** Formats times and durations for a user. */

import type { Hass } from "../hass";
import type { Texts } from "../texts";
import { dayOf, HOUR, type Instant, isZone, MINUTE } from "./zone";

const A_WEEK = 7; // days; beyond that a weekday is ambiguous

export class Formats {
  /** Compares names in the user's language, numbers by value. */
  readonly compare: (one: string, other: string) => number;
  readonly #texts: Texts;
  readonly #time: Intl.DateTimeFormat;
  readonly #hour: Intl.DateTimeFormat;
  readonly #weekday: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;
  readonly #today: Intl.DateTimeFormat;
  readonly #tomorrow: string;

  constructor(
    language: string,
    readonly zone: string,
    hour12: boolean,
    texts: Texts,
  ) {
    const make = (options: Intl.DateTimeFormatOptions) =>
      new Intl.DateTimeFormat(language, { timeZone: zone, ...options });
    const hour = { hour: hour12 ? "numeric" : "2-digit", hourCycle: hour12 ? "h12" : "h23" } as const;
    this.compare = new Intl.Collator(language, { numeric: true }).compare;
    this.#texts = texts;
    this.#time = make({ ...hour, minute: "2-digit" });
    // A 24-hour clock writes full hours as 08:00; the form without minutes is "08时" in Chinese
    this.#hour = hour12 ? make(hour) : this.#time;
    this.#weekday = make({ weekday: "short" });
    this.#date = make({ month: "short", day: "numeric" });
    this.#today = make({ weekday: "long", month: "long", day: "numeric" });
    this.#tomorrow = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(1, "day");
  }

  /** Return the formats for a user's settings. */
  static of(hass: Hass, texts: Texts): Formats {
    const { time_format, time_zone } = hass.locale;
    const language = known(hass.locale.language);
    const local = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zone = time_zone !== "local" && isZone(hass.config.time_zone) ? hass.config.time_zone : local;
    // Weekdays are words, so they follow the language of the texts
    const wording = primary(language) === primary(texts.language) ? language : texts.language;
    return new Formats(wording, zone, twelve(language, time_format), texts);
  }

  /** Return a time. "AM" stays in the line of its number. */
  time(instant: Instant): string {
    return this.#time.format(instant).replace(/\s/, "\u00a0");
  }

  /** Return a full hour, such as "8 AM" or "08:00". */
  hour(instant: Instant): string {
    return this.#hour.format(instant);
  }

  /** Return today's date in full. */
  today(now: Instant): string {
    return this.#today.format(now);
  }

  /** Return whether an instant is today; the midnight that ends today counts as today. */
  isToday(instant: Instant, now: Instant): boolean {
    return this.#daysAhead(instant - 1, now) === 0;
  }

  /** Return an end time, with the day unless it is today. */
  end(instant: Instant, now: Instant): string {
    return this.#dated(instant, this.#daysAhead(instant - 1, now));
  }

  /** Return a start time, with the day unless it is today. */
  start(instant: Instant, now: Instant): string {
    return this.#dated(instant, this.#daysAhead(instant, now));
  }

  /** Return a time span, with the days where they are not today. */
  span(start: Instant, end: Instant, now: Instant): string {
    const inOneDay = this.#daysAhead(end - 1, start) === 0;
    return `${this.start(start, now)} – ${inOneDay ? this.time(end) : this.end(end, now)}`;
  }

  /** Return the time until an instant in whole minutes, counted from the start of the current minute. */
  left(instant: Instant, now: Instant): string {
    const minutes = Math.max(0, Math.ceil((instant - Math.floor(now / MINUTE) * MINUTE) / MINUTE));
    const perHour = HOUR / MINUTE;
    return this.#texts.duration(Math.floor(minutes / perHour), minutes % perHour);
  }

  #dated(instant: Instant, days: number): string {
    const time = this.time(instant);
    if (days === 0) return time;
    if (days === 1) return `${this.#tomorrow} ${time}`;
    return `${(0 < days && days < A_WEEK ? this.#weekday : this.#date).format(instant)} ${time}`;
  }

  #daysAhead(instant: Instant, now: Instant): number {
    return dayOf(instant, this.zone) - dayOf(now, this.zone);
  }
}

function primary(language: string): string | undefined {
  return language.split("-")[0];
}

function known(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? "en";
  } catch {
    return "en";
  }
}

function twelve(language: string, format: string | undefined): boolean {
  if (format === "12" || format === "24") return format === "12";
  const asked = format === "system" ? undefined : language;
  return new Intl.DateTimeFormat(asked, { hour: "numeric" }).resolvedOptions().hour12 ?? false;
}
