/** The card of one room: a tile in a dashboard, or a panel that fills the screen beside the door. */

import { html, nothing, type TemplateResult } from "lit";
import { act, type Hass, isRoom, roomIds } from "../hass";
import { readRoom } from "../model/room";
import { type Moment, type RoomView, viewOf } from "../model/view";
import { textsOfPage } from "../texts";
import { icon } from "../view/icons";
import { palette } from "../view/palette";
import { hours, strip, stripStyles } from "../view/strip";
import { RoomsCard } from "./card";
import { assertRoom, type RoomConfig } from "./config";
import { type Form, roomForm } from "./forms";
import { roomCardStyles } from "./room-card.styles";
import { roomPanelStyles } from "./room-panel.styles";

export const ROOM_CARD = "feishu-room-card";

export class RoomCard extends RoomsCard<RoomConfig> {
  static override styles = [palette, stripStyles, roomCardStyles, roomPanelStyles];
  #told = "";
  #news = "";

  static getConfigForm(): Form {
    return roomForm(textsOfPage());
  }

  static getStubConfig(hass: Hass, entities: readonly string[] = [], others: readonly string[] = []): object {
    return { entity: [...entities, ...others, ...roomIds(hass)].find((id) => isRoom(hass, id)) ?? "" };
  }

  setConfig(config: object): void {
    assertRoom(config, textsOfPage());
    this.config = config;
    this.requestUpdate();
  }

  getCardSize(): number {
    return 4;
  }

  getGridOptions(): object {
    return { columns: 6, rows: 4, min_columns: 3, min_rows: 1 };
  }

  protected override watched(): readonly string[] {
    return this.config ? [this.config.entity] : [];
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass, config } = this;
    if (!hass || !config) return nothing;
    const moment = this.moment(hass, config);
    const view = viewOf(readRoom(hass, config.entity, config.name), moment);
    this.#tell(view, moment);
    const { status } = view;
    const action = this.action(config);
    const classes = [status.kind, status.soon && "soon", hass.themes?.darkMode && "dark", moment.steady && "mono"];
    return html`<ha-card class=${classes.filter(Boolean).join(" ")}>
      <div class="room fill">
        <h2 class="name">${view.name}</h2>
        <p class="about">${[view.place, view.seats].filter(Boolean).join(" · ")}</p>
        ${config.hide_clock || moment.steady ? nothing : clock(moment)}
        <div class="state">
          ${icon(status)}
          <p class="word" style="--ems:${ems(view.word)}">${view.word}</p>
          <p class="until">${view.until || view.note}${view.left ? html` <span class="left">${view.left}</span>` : nothing}</p>
          ${view.hint ? html`<p class="hint">${view.hint}</p>` : nothing}
        </div>
        ${notes(view, moment)} ${coming(view, moment)}
        <div class="day">${strip(view)}${hours(view.timeline, moment)}</div>
        ${
          action
            ? html`<button
                class="tap"
                aria-label=${moment.texts.details(view.name)}
                @click=${() => act(this, config.entity, action)}
              ></button>`
            : nothing
        }
      </div>
      <p class="unheard" role="status">${this.#news}</p>
    </ha-card>`;
  }

  /** Announce a change of state to screen readers, but not the first state. */
  #tell(view: RoomView, { texts }: Moment): void {
    const state = `${view.id} ${view.status.kind} ${view.status.soon}`;
    if (this.#told && this.#told !== state) {
      this.#news = texts.is(view.name, texts.sentence(...[view.phrase, view.hint].filter(Boolean)));
    }
    this.#told = state;
  }
}

/** Return the approximate width of a word in em. */
function ems(word: string): string {
  return [...word].reduce((sum, letter) => sum + (letter > "\u2e80" ? 1 : 0.58), 0).toFixed(2);
}

function clock({ formats, now }: Moment): TemplateResult {
  return html`<p class="clock"><time>${formats.time(now)}</time> <span class="date">${formats.today(now)}</span></p>`;
}

function notes(
  { status, note, pending }: RoomView,
  { lostAt, texts, formats }: Moment,
): TemplateResult | typeof nothing {
  if (status.kind === "unknown") return nothing;
  const lost = lostAt === null ? "" : texts.lost(formats.time(lostAt));
  if (!lost && !note && !pending) return nothing;
  return html`<div class="notes">
    ${lost ? html`<p class="lost">${lost}</p>` : nothing} ${note ? html`<p>${note}</p>` : nothing}
    ${pending ? html`<p class="pending">${pending}</p>` : nothing}
  </div>`;
}

function coming(view: RoomView, { texts }: Moment): TemplateResult | typeof nothing {
  if (!view.next) return nothing;
  return html`<dl class="coming">
    <div><dt>${texts.next}</dt><dd>${view.next}</dd></div>
    ${view.nextFree ? html`<div><dt>${texts.nextFree}</dt><dd>${view.nextFree}</dd></div>` : nothing}
  </dl>`;
}
