/** A floor plan with the rooms on it, each in the color of its state. */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { type Action, act, type Hass, roomIds } from "../hass";
import { firstPlace } from "../model/places";
import { readRoom } from "../model/room";
import { type Moment, viewOf } from "../model/view";
import { textsOfPage } from "../texts";
import { icon } from "../view/icons";
import { kioskStyles } from "../view/kiosk";
import { palette } from "../view/palette";
import { addressOf } from "../view/picture";
import { RoomsCard } from "./card";
import { assertMap, type MapConfig, type PlacedRoom } from "./config";
import { editors } from "./editors";
import { mapCardStyles, planStyles } from "./map-card.styles";

export const MAP_CARD = "feishu-rooms-map-card";

const OPEN: Action = { action: "more-info" };
/** How many rooms a new card has. */
const FIRST_ROOMS = 8;

export class MapCard extends RoomsCard<MapConfig> {
  static override styles = [palette, planStyles, mapCardStyles, kioskStyles];
  #picture = "";
  /** Whether the address of the picture has to be found. */
  #isNew = true;
  /** Width by height. */
  #ratio = 16 / 9;

  static async getConfigElement(): Promise<HTMLElement> {
    const { mapEditor } = await editors();
    const texts = textsOfPage();
    return mapEditor(texts.language, (config) => assertMap(config, texts));
  }

  static getStubConfig(hass: Hass): object {
    const ids = roomIds(hass).slice(0, FIRST_ROOMS);
    return { rooms: ids.map((entity, index) => ({ entity, ...firstPlace(index) })) };
  }

  setConfig(config: object): void {
    assertMap(config, textsOfPage());
    this.#isNew ||= JSON.stringify(config.image) !== JSON.stringify(this.config?.image);
    this.config = config;
    this.requestUpdate();
  }

  getCardSize(): number {
    return 6;
  }

  getGridOptions(): object {
    return { columns: "full", min_columns: 6, min_rows: 3 };
  }

  protected override watched(): readonly string[] {
    return this.config?.rooms?.map(({ entity }) => entity) ?? [];
  }

  protected override action(config: MapConfig): Action | undefined {
    return super.action({ ...config, tap_action: config.tap_action ?? OPEN });
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const rows = this.config?.grid_options?.rows;
    this.toggleAttribute("fits", this.layout === "panel" || (this.layout === "grid" && typeof rows === "number"));
    if (this.#isNew && this.hass && this.config) this.#find(this.hass, this.config);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass, config } = this;
    if (!hass || !config) return nothing;
    const moment = this.moment(hass, config);
    const { texts, formats, steady, lostAt } = moment;
    const looks = [hass.themes?.darkMode && "dark", steady && "mono", lostAt !== null && "offline"];
    const pins = (config.rooms ?? []).map((placed) => ({ placed, room: readRoom(hass, placed.entity) }));
    // In the order of their names, for keyboards and screen readers
    pins.sort((one, other) => formats.compare(one.room.name, other.room.name));
    return html`<ha-card class=${looks.filter(Boolean).join(" ")}>
      ${config.title ? html`<h2>${config.title}</h2>` : nothing}
      <div class="plan" style="--ratio:${this.#ratio}">
        ${
          this.#picture
            ? html`<img src=${this.#picture} alt="" @load=${(event: Event) => this.#measure(event.target as HTMLImageElement)} />`
            : nothing
        }
        <ul>
          ${pins.map(({ placed, room }) => this.#pin(placed, viewOf(room, moment), moment))}
        </ul>
      </div>
      ${lostAt === null ? nothing : html`<p class="lost" role="status">${texts.lost(formats.time(lostAt))}</p>`}
    </ha-card>`;
  }

  #pin(placed: PlacedRoom, view: ReturnType<typeof viewOf>, { texts }: Moment): TemplateResult {
    const { status, name } = view;
    const { config } = this;
    const { x, y, tap_action } = placed;
    const action = config && this.action(tap_action ? { ...config, tap_action } : config);
    // The sentence stands for what is seen, of which a phone shows only the icon
    const content = html`${icon(status, !!view.pending)}
      <span class="seen" aria-hidden="true"><b>${name}</b><small>${view.until || view.word}</small></span>
      <span class="unheard">${texts.is(name, view.phrase)}</span>`;
    return html`<li class=${status.soon ? `${status.kind} soon` : status.kind} style="left:${x}%;top:${y}%">
      ${
        action
          ? html`<button class="pin fill" @click=${() => act(this, view.id, { tap_action: action })}>${content}</button>`
          : html`<div class="pin fill">${content}</div>`
      }
    </li>`;
  }

  async #find(hass: Hass, { image }: MapConfig): Promise<void> {
    this.#isNew = false;
    this.#picture = await addressOf(image, hass);
    this.requestUpdate();
  }

  #measure({ naturalWidth, naturalHeight }: HTMLImageElement): void {
    if (naturalWidth && naturalHeight) this.#ratio = naturalWidth / naturalHeight;
    this.requestUpdate();
  }
}
