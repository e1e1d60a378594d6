/** What a door panel shows of bookings besides their times. Titles are private, so no other card shows them. */

import type { Label, Room } from "./room";
import type { Status } from "./status";
import type { Instant } from "./zone";

/** Title and organizer; what is not known is left out. */
export interface Titles {
  readonly current: readonly string[];
  readonly next: readonly string[];
}

/** Return the titles of the current and the next booking. If two bookings may be meant, neither is named. */
export function titlesOf({ labels }: Room, { kind, next }: Status, now: Instant): Titles {
  const running = labels.filter(({ start, end }) => start <= now && now < end);
  const coming = labels.filter(({ start }) => start === next?.start);
  return { current: kind === "busy" ? known(running) : [], next: known(coming) };
}

function known(labels: readonly Label[]): string[] {
  const [label, another] = labels;
  return label && !another ? [label.title, label.organizer].filter(Boolean) : [];
}
