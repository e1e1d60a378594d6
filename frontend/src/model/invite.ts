/** What the link and the code of a card open: a new event in Feishu or Lark. */

import type { Hass } from "../hass";
import type { Room, Span } from "./room";
import type { Status } from "./status";
import { HOUR, type Instant, MINUTE, SECOND } from "./zone";

export interface Invite {
  readonly slot: Span;
  readonly link: string;
  readonly app: "feishu" | "lark";
}

const QUARTER = 15 * MINUTE;
const LENGTH = 30 * MINUTE;
/** Bookings are known until the end of tomorrow, so at least for a day on which clocks are set forward. */
const AHEAD = 23 * HOUR;

/** The page of a room's device has one of these hosts. A private cloud has no documented links, so it has no page. */
const HOSTS: Readonly<Record<string, Invite["app"]>> = {
  "https://applink.feishu.cn": "feishu",
  "https://applink.larksuite.com": "lark",
};

/**
 * Return the next time to book the room, and the link; null if there is none. The documented link knows no room, so people
 * have to add the room themselves.
 */
export function inviteOf(hass: Hass, room: Room, status: Status, now: Instant): Invite | null {
  const device = hass.devices[hass.entities[room.id]?.device_id ?? ""];
  const host = /^https:\/\/[^/]+/.exec(device?.configuration_url ?? "")?.[0] ?? "";
  const app = HOSTS[host];
  const slot = slotOf(room, status, now);
  if (!app || !slot) return null;
  const link = `${host}/client/calendar/event/create?startTime=${slot.start / SECOND}&endTime=${slot.end / SECOND}`;
  return { slot, link, app };
}

/** Return the first half hour from a full quarter on that is free; less, if a booking follows. */
export function slotOf({ bookings }: Room, { kind, until }: Status, now: Instant): Span | null {
  const from = kind === "free" ? now : kind === "busy" ? until : null;
  if (from === null) return null;
  let start = nextQuarter(from);
  let end = start + LENGTH;
  for (const booking of bookings) {
    if (booking.end <= start) continue;
    if (booking.start - start >= QUARTER) {
      end = Math.min(end, booking.start);
      break;
    }
    start = nextQuarter(booking.end);
    end = start + LENGTH;
  }
  return end - now <= AHEAD ? { start, end } : null;
}

function nextQuarter(instant: Instant): Instant {
  return Math.ceil(instant / QUARTER) * QUARTER;
}
