/** The parts of a room card besides its state and its keys. Most are only on large cards. */

import { html, nothing, type TemplateResult } from "lit";
import { type Hass, roomIds } from "../hass";
import type { Invite } from "../model/invite";
import { neighborsOf } from "../model/nearby";
import { type Room, readRoom } from "../model/room";
import type { Tomorrow } from "../model/tomorrow";
import { type Moment, type RoomView, untilOf } from "../model/view";
import { sign } from "../view/icons";
import { qrCode } from "../view/qr";
import { hours, strip } from "../view/strip";

type Part = TemplateResult | typeof nothing;

/** Return the free rooms nearby; null if there are none. */
export function neighbors(room: Room, hass: Hass, moment: Moment): TemplateResult | null {
  const { texts } = moment;
  const others = roomIds(hass).map((id) => readRoom(hass, id));
  const found = neighborsOf(room, others, moment);
  if (!found.length) return null;
  return html`<div class="nearby">
    <h3>${texts.nearby}</h3>
    <ul>
      ${found.map(({ room: { name, seats }, status, place }) => {
        const about = [place, seats === null ? "" : texts.seats(seats)].filter(Boolean).join(" · ");
        return html`<li><b>${name}</b> <span>${about}</span> <span>${untilOf(status, moment)}</span></li>`;
      })}
    </ul>
  </div>`;
}

/** Return the code that opens a new event on a phone, with what it can't say: the room. */
export function invitation(invite: Invite, view: RoomView, moment: Moment): TemplateResult {
  const texts = moment.texts.invite;
  const app = appOf(invite, moment);
  return html`<div class="invite">
    ${qrCode(invite.link, texts.code(app))}
    <p><b>${texts.title(app)}</b> <span>${slotOf(invite, moment)}</span> <span>${texts.addRoom(view.name)}</span></p>
  </div>`;
}

/** Makes the link in a class of the styles. */
export type BookingLink = (look: string) => TemplateResult;

/** Return the link that opens a new event on this device. Its tooltip says what it can't fill in: the room. */
export function bookingLink(invite: Invite, view: RoomView, moment: Moment): BookingLink {
  const texts = moment.texts.invite;
  const label = texts.link(appOf(invite, moment));
  const about = texts.about(slotOf(invite, moment), view.name);
  const address = `${invite.link}&summary=${encodeURIComponent(texts.event)}`;
  return (look) => html`<a
    class=${look}
    href=${address}
    target="_blank"
    rel="noreferrer"
    title=${about}
    aria-label=${moment.texts.is(label, about)}
  ><span>${label}</span>${sign("leave")}</a>`;
}

function appOf({ app }: Invite, { texts }: Moment): string {
  return app === "lark" ? "Lark" : texts.invite.feishu; // a brand, alike in all languages
}

function slotOf({ slot }: Invite, { now, formats }: Moment): string {
  return formats.span(slot.start, slot.end, now);
}

/** Return the strip of today or tomorrow, and the key that turns the page. */
export function dayPart(view: RoomView, tomorrow: Tomorrow | null, moment: Moment, turn: () => void): TemplateResult {
  const shown = tomorrow ?? view;
  const { texts } = moment;
  return html`<div class=${tomorrow ? "day ahead" : "day"}>
    <div class="days">${strip(shown)}${hours(shown.timeline, moment)}</div>
    ${
      view.timeline
        ? html`<button class="turn" aria-label=${tomorrow ? texts.today : texts.tomorrow} @click=${turn}>
            ${sign(tomorrow ? "back" : "forth")}
          </button>`
        : nothing
    }
  </div>`;
}

/** Return a logo; one that can't be loaded is left out. */
export function logo(address: string): TemplateResult {
  return html`<img
    class="logo"
    src=${address}
    alt=""
    @load=${({ target }: Event) => ((target as HTMLElement).hidden = false)}
    @error=${({ target }: Event) => ((target as HTMLElement).hidden = true)}
  />`;
}

/** Return the bookings of tomorrow. */
export function agenda({ spans: [first, ...later] }: Tomorrow, { texts }: Moment): TemplateResult {
  return html`<dl class="coming plan">
    <div><dt>${texts.tomorrow}</dt><dd><span class="next">${first ?? texts.nothingBooked}</span>${laterOnes(later)}</dd></div>
  </dl>`;
}

/** Return the approximate width of a word in em. */
export function ems(word: string): string {
  return [...word].reduce((sum, letter) => sum + (letter > "\u2e80" ? 1 : 0.58), 0).toFixed(2);
}

export function clock({ formats, now }: Moment): TemplateResult {
  return html`<p class="clock"><time>${formats.time(now)}</time> <span class="date">${formats.today(now)}</span></p>`;
}

export function notes({ status, note, pending }: RoomView, { lostAt, texts, formats }: Moment): Part {
  if (status.kind === "unknown") return nothing;
  const lost = lostAt === null ? "" : texts.lost(formats.time(lostAt));
  if (!lost && !note && !pending) return nothing;
  return html`<div class=${lost || note ? "notes urgent" : "notes"}>
    ${lost ? html`<p class="lost">${lost}</p>` : nothing} ${note ? html`<p class="why">${note}</p>` : nothing}
    ${pending ? html`<p class="pending">${pending}</p>` : nothing}
  </div>`;
}

export function parts(texts: readonly string[]): TemplateResult[] {
  return texts.map((text) => html`<bdi>${text}</bdi>`); // in any script
}

function laterOnes(bookings: readonly string[]): TemplateResult[] {
  return bookings.map((booking) => html`<span class="later">${booking}</span>`);
}

/** Return the next bookings of a room. */
export function coming(view: RoomView, title: readonly string[], { texts }: Moment): Part {
  if (!view.next) return nothing;
  return html`<dl class="coming">
    <div><dt>${texts.next}</dt><dd><span class="next">${view.next}${title.length ? html`<span class="title">${parts(title)}</span>` : nothing}</span>${laterOnes(view.later)}</dd></div>
    ${view.nextFree ? html`<div><dt>${texts.nextFree}</dt><dd>${view.nextFree}</dd></div>` : nothing}
  </dl>`;
}
