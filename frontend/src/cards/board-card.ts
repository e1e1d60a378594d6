/** The board: one row per room, with its day. */

import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import { type Action, act, type Entity, type Hass, roomIds } from "../hass";
import { type Filter, filtered, freeRooms, type Group, grouped, placesOf, type Row, sizesOf } from "../model/board";
import { readRoom } from "../model/room";
import { type Moment, viewOf } from "../model/view";
import { MINUTE } from "../model/zone";
import { textsOfPage } from "../texts";
import { icon } from "../view/icons";
import { kioskStyles } from "../view/kiosk";
import { palette } from "../view/palette";
import { hours, strip, stripStyles } from "../view/strip";
import { boardCardStyles } from "./board-card.styles";
import { RoomsCard } from "./card";
import { assertBoard, type BoardConfig, idOf } from "./config";
import { boardForm, type Form } from "./forms";

export const BOARD_CARD = "feishu-rooms-board-card";

const FREE_FOR = 30; // minutes
/** With more rooms than this, the board uses columns if the screen is wide enough. */
const MANY = 16;
/** A filter set on a lobby screen is reset after this time, so that it does not hide rooms from the next person. */
const FORGET_FILTER = 3 * MINUTE;

export class BoardCard extends RoomsCard<BoardConfig> {
  static override styles = [palette, stripStyles, boardCardStyles, kioskStyles];
  #ids: readonly string[] | undefined;
  #filter: Filter | undefined;
  #forgetFilter: ReturnType<typeof setTimeout> | undefined;
  /** The last rows. Within the same minute, a row is computed again only if its entity changed. */
  #rows = new Map<string, { readonly entity: Entity | undefined; readonly row: Row }>();
  #told = new Map<string, string>();
  #news = "";

  static getConfigForm(): Form {
    return boardForm(textsOfPage());
  }

  static getStubConfig(): object {
    return {};
  }

  setConfig(config: object): void {
    assertBoard(config, textsOfPage());
    this.config = config;
    this.#filter = undefined;
    this.renew();
    this.requestUpdate();
  }

  getCardSize(): number {
    return 2 + this.watched().length;
  }

  getGridOptions(): object {
    return { columns: "full", min_columns: 6 };
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#setFilter(undefined);
  }

  protected override watched(): readonly string[] {
    if (!this.hass) return [];
    this.#ids ??= this.config?.entities?.length ? this.config.entities.map(idOf) : roomIds(this.hass);
    return this.#ids;
  }

  protected override renew(): void {
    this.#ids = undefined;
    this.#rows.clear();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass, config } = this;
    if (!hass || !config) return nothing;
    const moment = this.moment(hass, config);
    const { texts, formats, now, steady, lostAt } = moment;
    const all = this.watched().map((id) => this.#row(hass, id, moment));
    this.#tell(all, moment);
    const filter = this.#filter ?? filterOf(config);
    const inScope = filtered(all, { ...filter, freeFor: 0 }, now);
    const shown = filtered(inScope, filter, now);
    const groups = grouped(shown, !config.hide_floors, config.free_first ?? false, formats.compare);
    const classes = [hass.themes?.darkMode && "dark", steady && "mono"];
    return html`<ha-card class=${classes.filter(Boolean).join(" ")}>
      <div class=${shown.length > MANY ? "board many" : "board"} style="--lines:${shown.length + groups.length}">
        <div class="head">
          <h2>${config.title ?? texts.board.title}</h2>
          <p class="summary">${texts.board.summary(freeRooms(inScope), inScope.length)}</p>
          ${lostAt === null ? nothing : html`<p class="lost">${texts.lost(formats.time(lostAt))}</p>`}
          ${config.hide_clock || steady ? nothing : html`<time class="clock">${formats.time(now)}</time>`}
          ${config.hide_filters ? nothing : this.#filters(all, filter, moment)}
        </div>
        ${
          groups.length
            ? html`<div class="groups">${groups.map((group) => this.#group(group, groups.length > 1, moment))}</div>`
            : html`<p class="none">${all.length ? texts.board.noMatch : texts.board.none}</p>`
        }
      </div>
      <p class="unheard" role="status">${this.#news}</p>
    </ha-card>`;
  }

  #row(hass: Hass, id: string, moment: Moment): Row {
    const entity = hass.states[id];
    const known = this.#rows.get(id);
    if (known && known.entity === entity) return known.row;
    const room = readRoom(hass, id);
    const row = { room, view: viewOf(room, moment) };
    this.#rows.set(id, { entity, row });
    return row;
  }

  #group({ place, rows, free }: Group, isOneOfMany: boolean, moment: Moment): TemplateResult {
    const { texts } = moment;
    const timeline = rows.find(({ view }) => view.timeline)?.view.timeline ?? null;
    const action = this.config && this.action(this.config);
    const title = place || (isOneOfMany ? texts.board.elsewhere : "");
    return html`<section>
      <div class="axis">
        ${title ? html`<h3>${title} <small>${texts.board.summary(free, rows.length)}</small></h3>` : nothing}
        ${hours(timeline, moment)}
      </div>
      <ul>
        ${repeat(
          rows,
          ({ room }) => room.id,
          (row) => guard([row, action], () => this.#line(row, action, moment)),
        )}
      </ul>
    </section>`;
  }

  #line({ view }: Row, action: Action | undefined, { texts }: Moment): TemplateResult {
    const { status } = view;
    const about = [view.seats, view.hint, view.note].filter(Boolean).join(" · ");
    return html`<li class=${status.soon ? `${status.kind} soon` : status.kind}>
      <span class="badge fill">${icon(status)}<b>${view.word}</b></span>
      <span class="who"><b>${view.name}</b> <small>${about}</small></span>
      ${strip(view)}
      <span class="until">${view.until}</span>
      ${
        action
          ? html`<button
              class="tap"
              aria-label=${texts.details(view.name)}
              @click=${() => act(this, view.id, action)}
            ></button>`
          : nothing
      }
    </li>`;
  }

  #filters(all: readonly Row[], filter: Filter, { texts, formats }: Moment): TemplateResult {
    const { board } = texts;
    const places = placesOf(all, formats.compare);
    const sizes = sizesOf(all);
    const minutes = this.config?.free_for || FREE_FOR;
    const change = (part: Partial<Filter>) => this.#setFilter({ ...filter, ...part });
    return html`<div class="filters">
      ${choice(board.floor, board.allFloors, places, filter.place, String, (place) => change({ place }))}
      ${choice(
        board.seats,
        board.anySeats,
        sizes.map(String),
        String(filter.seats || ""),
        (size) => board.minSeats(Number(size)),
        (size) => change({ seats: Number(size) }),
      )}
      <button
        class="toggle"
        aria-pressed=${filter.freeFor ? "true" : "false"}
        @click=${() => change({ freeFor: filter.freeFor ? 0 : minutes })}
      >${board.freeFor(minutes)}</button>
    </div>`;
  }

  #setFilter(filter: Filter | undefined): void {
    this.#filter = filter;
    clearTimeout(this.#forgetFilter);
    if (filter) this.#forgetFilter = setTimeout(() => this.#setFilter(undefined), FORGET_FILTER);
    this.requestUpdate();
  }

  /** Announce changes to screen readers: a single change in full, several only as a count. */
  #tell(rows: readonly Row[], { texts }: Moment): void {
    const changed = rows.filter(({ room, view }) => {
      const before = this.#told.get(room.id);
      return before !== undefined && before !== view.status.kind;
    });
    for (const { room, view } of rows) this.#told.set(room.id, view.status.kind);
    const [only] = changed;
    if (!only) return;
    this.#news =
      changed.length === 1 ? texts.is(only.view.name, only.view.phrase) : texts.board.changed(changed.length);
  }
}

function filterOf(config: BoardConfig): Filter {
  return { place: config.place ?? "", seats: config.min_seats ?? 0, freeFor: config.free_for ?? 0 };
}

/** Return a drop-down; nothing if there are no values. */
function choice(
  label: string,
  all: string,
  values: readonly string[],
  chosen: string,
  show: (value: string) => string,
  onChoice: (value: string) => void,
): TemplateResult | typeof nothing {
  if (!values.length) return nothing;
  // The configured value may not exist now; list it anyway, so that the drop-down shows the filter in use
  const options = chosen && !values.includes(chosen) ? [chosen, ...values] : values;
  return html`<select
    aria-label=${label}
    @change=${(event: Event) => onChoice((event.target as HTMLSelectElement).value)}
  >
    <option value="" .selected=${!chosen}>${all}</option>
    ${options.map((value) => html`<option value=${value} .selected=${value === chosen}>${show(value)}</option>`)}
  </select>`;
}
