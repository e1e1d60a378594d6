/** Instants and durations as a user reads them. */

import type { Hass } from "../hass";
import type { Texts } from "../texts";
import { dayOf, HOUR, type Instant, isZone, MINUTE } from "./zone";

const A_WEEK = 7; // days; farther away, a weekday says nothing

export class Formats {
  /** Orders names as a reader expects it, numbers by their value. */
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
    this.#hour = make(hour);
    this.#weekday = make({ weekday: "short" });
    this.#date = make({ month: "short", day: "numeric" });
    this.#today = make({ weekday: "long", month: "long", day: "numeric" });
    this.#tomorrow = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(1, "day");
  }

  /** Return those that a user's settings ask for. */
  static of(hass: Hass, texts: Texts): Formats {
    const { time_format, time_zone } = hass.locale;
    const language = known(hass.locale.language);
    const local = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zone = time_zone !== "local" && isZone(hass.config.time_zone) ? hass.config.time_zone : local;
    // Weekdays are words, too: they go with the texts
    const wording = primary(language) === primary(texts.language) ? language : texts.language;
    return new Formats(wording, zone, twelve(language, time_format), texts);
  }

  time(instant: Instant): string {
    return this.#time.format(instant);
  }

  /** Return a full hour, as short as it goes. */
  hour(instant: Instant): string {
    return this.#hour.format(instant);
  }

  /** Return the date of today, in full. */
  today(now: Instant): string {
    return this.#today.format(now);
  }

  /** Tell whether an instant is one of today's, of which the midnight that ends it is the last. */
  isToday(instant: Instant, now: Instant): boolean {
    return this.#daysAhead(instant - 1, now) === 0;
  }

  /** Return when something ends, with the day unless that is today. */
  end(instant: Instant, now: Instant): string {
    return this.#dated(instant, this.#daysAhead(instant - 1, now));
  }

  /** Return when something starts, with the day unless that is today. */
  start(instant: Instant, now: Instant): string {
    return this.#dated(instant, this.#daysAhead(instant, now));
  }

  /** Return from when to when, the days where they are not today's. */
  span(start: Instant, end: Instant, now: Instant): string {
    const inOneDay = this.#daysAhead(end - 1, start) === 0;
    return `${this.start(start, now)} – ${inOneDay ? this.time(end) : this.end(end, now)}`;
  }

  /** Return how long it is until an instant, as the clock on the wall counts: minutes of it, not seconds. */
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
