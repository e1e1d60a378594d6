/** The board: one row per room, with the hours around now. It fills a screen and turns its pages, or scrolls. */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import { type Action, act, type Entity, type Hass, roomIds } from "../hass";
import { type Filter, filtered, freeRooms, type Group, grouped, type Row } from "../model/board";
import { columnsOf, type Part, type Plan, planOf, scrolled } from "../model/pages";
import { readRoom } from "../model/room";
import { type Day, hoursAround } from "../model/timeline";
import { type Moment, STEADY_STEP, viewOf } from "../model/view";
import { type Instant, MINUTE } from "../model/zone";
import { textsOfPage } from "../texts";
import { icon, sign } from "../view/icons";
import { kioskStyles } from "../view/kiosk";
import { Pager } from "../view/pager";
import { palette } from "../view/palette";
import { hours, strip, stripStyles } from "../view/strip";
import { boardCardStyles } from "./board-card.styles";
import { filters } from "./board-filters";
import { RoomsCard } from "./card";
import { assertBoard, type BoardConfig, type Chosen, idOf, PAGE_SECONDS } from "./config";
import { editors } from "./editors";
import type { Form } from "./forms";

export const BOARD_CARD = "feishu-rooms-board-card";

const FREE_FOR = 30; // minutes
/** A filter set on a lobby screen is reset after this time, so that it does not hide rooms from the next person. */
const FORGET_FILTER = 3 * MINUTE;
/** A narrower board, in pixels, is one for a phone: rows of two lines, and it scrolls. As in the styles. */
const NARROW = 620;
/** Hours that the strips show. */
const BEFORE = 1;
const AFTER = 8;
const AFTER_ON_PHONE = 4;
/** Cards that filter entities. They show no rooms if their list is empty. */
const FILTERS = ["hui-entity-filter-card", "auto-entities"];
const OPEN: Action = { action: "more-info" };

export class BoardCard extends RoomsCard<BoardConfig> {
  static override styles = [palette, stripStyles, boardCardStyles, kioskStyles];
  #ids: readonly string[] | undefined;
  #actions: ReadonlyMap<string, Action> = new Map();
  #filter: Filter | undefined;
  #forgetFilter: ReturnType<typeof setTimeout> | undefined;
  /** The last rows. Within the same minute, a row is computed again only if its entity changed. */
  #rows = new Map<string, { readonly entity: Entity | undefined; readonly row: Row }>();
  #told = new Map<string, string>();
  #news = "";
  /** Width of the card and of the rooms, height of the rooms, in pixels; 0 as long as they are not known. */
  #size: readonly number[] = [0, 0, 0];
  readonly #resized = new ResizeObserver(() => this.#measure());
  readonly #pager = new Pager(() => this.requestUpdate());

  static async getConfigForm(): Promise<Form> {
    const { boardForm } = await editors();
    const texts = textsOfPage();
    return boardForm(texts.language, (config) => assertBoard(config, texts));
  }

  static getStubConfig(): object {
    return {};
  }

  setConfig(config: object): void {
    assertBoard(config, textsOfPage());
    // A card that filters entities configures the board again at each change: a filter of a visitor stays
    const isSame = this.config && JSON.stringify(filterOf(this.config)) === JSON.stringify(filterOf(config));
    if (!isSame) this.#filter = undefined;
    this.config = config;
    this.#actions = new Map(config.entities?.flatMap((each) => own(each)));
    this.renew();
    this.requestUpdate();
  }

  getCardSize(): number {
    return 2 + this.watched().length;
  }

  getGridOptions(): object {
    return { columns: "full", min_columns: 6 };
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
    this.#catchUp();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
    this.#pager.stop();
    this.#setFilter(undefined);
  }

  protected override watched(): readonly string[] {
    if (!this.hass) return [];
    const { entities } = this.config ?? {};
    const isAll = !entities?.length && !FILTERS.includes(this.parentElement?.parentElement?.localName ?? "");
    this.#ids ??= isAll ? roomIds(this.hass) : (entities ?? []).map(idOf);
    return this.#ids;
  }

  /**
   * Take the rooms that a filter card has chosen while this module was loading: Home Assistant makes the card again with the
   * configuration from before.
   */
  #catchUp(): void {
    const { config } = (this.parentElement ?? {}) as { readonly config?: BoardConfig };
    if (config && config !== this.config && config.type === this.config?.type) this.setConfig(config);
    else this.#ids = undefined;
  }

  protected override renew(): void {
    this.#ids = undefined;
    this.#rows.clear();
  }

  /** The hours around now, unless other hours are configured. */
  protected override day(now: Instant, zone: string, config: BoardConfig): Day {
    if (config.day_start !== undefined || config.day_end !== undefined) return super.day(now, zone, config);
    const step = this.isMonochrome(config) ? STEADY_STEP : MINUTE;
    return hoursAround(now - (now % step), zone, BEFORE, this.#isNarrow ? AFTER_ON_PHONE : AFTER);
  }

  protected override action(config: BoardConfig): Action | undefined {
    return super.action({ ...config, tap_action: config.tap_action ?? OPEN });
  }

  protected override willUpdate(): void {
    this.toggleAttribute("fits", this.#fits);
    this.toggleAttribute("scrolls", this.#hasFixedRows && !this.#fits);
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const rooms = this.renderRoot.querySelector(".rooms");
    if (rooms) this.#resized.observe(rooms);
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
    const group = (rows: readonly Row[]) =>
      grouped(rows, !config.hide_floors, config.free_first ?? false, formats.compare);
    // Planned for the rooms without the filter of a visitor, so that the sizes stay
    const plan = this.#plan(group(filtered(all, { ...filterOf(config), freeFor: 0 }, now)));
    const groups = group(filtered(inScope, filter, now));
    const columns = columnsOf(groups, plan.height);
    const pages = Math.max(1, Math.ceil(columns.length / plan.columns));
    const page = this.#pager.pageOf(pages, steady ? 0 : (config.page_seconds ?? PAGE_SECONDS));
    const shown = columns.slice(page * plan.columns, (page + 1) * plan.columns);
    const looks = [hass.themes?.darkMode && "dark", steady && "mono", lostAt !== null && "offline"];
    return html`<ha-card class=${looks.filter(Boolean).join(" ")} @pointerdown=${this.#rest} @keydown=${this.#rest}>
      <div class="board">
        <div class="head">
          <h2>${config.title ?? texts.board.title}</h2>
          <p class="summary">${texts.board.summary(freeRooms(inScope), inScope.length)}</p>
          ${lostAt === null ? nothing : html`<p class="lost">${texts.lost(formats.time(lostAt))}</p>`}
          ${config.hide_filters ? nothing : filters(all, filter, config.free_for || FREE_FOR, moment, (to) => this.#setFilter(to))}
          ${pages > 1 ? this.#turner(page, pages, moment) : nothing}
          ${config.hide_clock || steady ? nothing : html`<time class="clock">${formats.time(now)}</time>`}
        </div>
        ${this.#isNarrow ? html`<div class="axis once">${this.#hours(groups[0]?.rows, moment)}</div>` : nothing}
        <div class=${plan.hasStrips ? "rooms" : "rooms bare"} style="--columns:${plan.columns};${plan.size ? `font-size:${plan.size}px` : ""}">
          ${shown.map(
            (parts) => html`<div class="column">
              ${parts.map((part) => this.#part(part, groups.length > 1 || part.isContinued, moment))}
            </div>`,
          )}
          ${shown.length ? nothing : html`<p class="none">${all.length || config.entities ? texts.board.noMatch : texts.board.none}</p>`}
        </div>
      </div>
      <p class="unheard" role="status">${this.#news}</p>
    </ha-card>`;
  }

  get #isNarrow(): boolean {
    const [width = 0] = this.#size;
    return width > 0 && width < NARROW;
  }

  /** Whether all rooms have to fit into the height of the card: nobody scrolls a lobby screen. */
  get #fits(): boolean {
    const isOfFixedHeight = this.layout === "panel" || this.#hasFixedRows;
    return isOfFixedHeight && !this.#isNarrow && this.config?.page_seconds !== 0;
  }

  get #hasFixedRows(): boolean {
    return this.layout === "grid" && typeof this.config?.grid_options?.rows === "number";
  }

  #measure(): void {
    const rooms = this.renderRoot.querySelector(".rooms");
    const size = [this.clientWidth, rooms?.clientWidth ?? 0, rooms?.clientHeight ?? 0];
    if (size.every((pixels, index) => pixels === this.#size[index])) return;
    const wasNarrow = this.#isNarrow;
    this.#size = size;
    if (this.#isNarrow !== wasNarrow) this.#rows.clear();
    this.requestUpdate();
  }

  #plan(groups: readonly Group[]): Plan {
    const [, width = 0, height = 0] = this.#size;
    return this.#fits && height > 0 ? planOf(groups, width, height) : scrolled(groups, width);
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

  #part({ place, rows, free, all, isContinued }: Part, isOneOfMany: boolean, moment: Moment): TemplateResult {
    const { board } = moment.texts;
    const title = place || (isOneOfMany ? board.elsewhere : "");
    return html`<section>
      <div class="axis">
        ${title ? html`<h3>${isContinued ? board.continued(title) : html`${title} <small>${board.summary(free, all)}</small>`}</h3>` : nothing}
        ${this.#isNarrow ? nothing : this.#hours(rows, moment)}
      </div>
      <ul>
        ${repeat(
          rows,
          ({ room }) => room.id,
          (row) => {
            const action = this.#actionOf(row.room.id);
            return guard([row, action], () => this.#line(row, action, moment));
          },
        )}
      </ul>
    </section>`;
  }

  #hours(rows: readonly Row[] | undefined, moment: Moment): TemplateResult | typeof nothing {
    return hours(rows?.find(({ view }) => view.timeline)?.view.timeline ?? null, moment);
  }

  /** Return the action for a tap on a room: its own, or that of the board. */
  #actionOf(id: string): Action | undefined {
    const { config } = this;
    const tap_action = this.#actions.get(id);
    return config && this.action(tap_action ? { ...config, tap_action } : config);
  }

  #turner(page: number, pages: number, { texts: { board } }: Moment): TemplateResult {
    return html`<div class="pager">
      <button aria-label=${board.previousPage} @click=${() => this.#pager.turn(-1)}>${sign("previous")}</button>
      <span aria-label=${board.page(page + 1, pages)} role="img">${page + 1} / ${pages}</span>
      <button aria-label=${board.nextPage} @click=${() => this.#pager.turn(1)}>${sign("next")}</button>
    </div>`;
  }

  readonly #rest = () => this.#pager.rest();

  #line({ room, view }: Row, action: Action | undefined, { texts }: Moment): TemplateResult {
    const { status } = view;
    const about = [view.seats, view.hint, view.note, view.pending && texts.board.requests(room.pending)]
      .filter(Boolean)
      .join(" · ");
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
              @click=${() => act(this, view.id, { tap_action: action })}
            ></button>`
          : nothing
      }
    </li>`;
  }

  #setFilter(filter: Filter | undefined): void {
    this.#filter = filter;
    this.#pager.reset();
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

/** Return the ID and the action of a room that has one. */
function own(chosen: Chosen): [string, Action][] {
  const action = typeof chosen === "string" ? undefined : chosen.tap_action;
  return action ? [[idOf(chosen), action]] : [];
}

function filterOf(config: BoardConfig): Filter {
  return { place: config.place ?? "", seats: config.min_seats ?? 0, freeFor: config.free_for ?? 0 };
}
