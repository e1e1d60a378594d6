/** The editor of the map: Home Assistant's form, and the floor plan, on which rooms are dragged to their places. */

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { type Hass, isRoom } from "../hass";
import { firstPlace, onPlan, type Place } from "../model/places";
import { type EditorTexts, editorTextsIn } from "../texts/editor";
import { addressOf, type Picture } from "../view/picture";
import type { MapConfig, PlacedRoom } from "./config";
import { type Assert, aboveMap, belowMap, type Field } from "./forms";
import { planStyles } from "./map-card.styles";

export const MAP_EDITOR = "feishu-rooms-map-editor";

/** Percent. */
const STEP = 1;
const BIG_STEP = 5;
const ARROWS: Readonly<Record<string, Place>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** What the form edits: the rooms without their places. */
type Edited = Omit<MapConfig, "rooms"> & { readonly entities?: readonly string[] };

export class MapEditor extends LitElement {
  declare hass?: Hass;
  declare config?: MapConfig;
  declare picture: string;
  declare ratio: number;
  /** The room that is being dragged, and where it is. */
  declare dragged?: PlacedRoom | undefined;
  texts: EditorTexts = editorTextsIn("en");
  assertConfig: Assert = () => {};

  static override properties = {
    hass: { attribute: false },
    config: { attribute: false },
    picture: { attribute: false },
    ratio: { attribute: false },
    dragged: { attribute: false },
  };

  static override styles = [
    planStyles,
    css`
      :host {
        --ground: var(--card-background-color, #fff);
        --fill: var(--primary-color, #0288d1);
        --on-fill: var(--text-primary-color, #fff);
      }
      p {
        margin-block: 16px 8px;
        color: var(--secondary-text-color);
      }
      .plan {
        margin-block-end: 24px;
        overflow: hidden;
        border: 1px solid var(--divider-color, #ccc);
        border-radius: 8px;
        font-size: 13px;
      }
      .pin {
        position: absolute;
        transform: translate(-50%, -50%);
        padding: 4px 10px;
        cursor: grab;
        touch-action: none;
      }
      .pin.dragged {
        z-index: 1;
        cursor: grabbing;
      }
    `,
  ];

  constructor() {
    super();
    this.picture = "";
    this.ratio = 16 / 9;
  }

  setConfig(config: object): void {
    this.assertConfig(config);
    this.config = config as MapConfig;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const { hass, config } = this;
    const isFirst = changed.has("hass") && !changed.get("hass");
    if (hass && config && (changed.has("config") || isFirst)) this.#find(config.image, hass);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass, config, texts } = this;
    if (!hass || !config) return nothing;
    const { rooms = [] } = config;
    return html`${this.#form(aboveMap, hass, config)}
      <p id="how">${texts.places}</p>
      <div class="plan" style="--ratio:${this.ratio}">
        ${
          this.picture
            ? html`<img src=${this.picture} alt="" @load=${(event: Event) => this.#measure(event.target as HTMLImageElement)} />`
            : nothing
        }
        ${rooms.map((room) => this.#pin(this.dragged?.entity === room.entity ? this.dragged : room, hass))}
      </div>
      ${this.#form(belowMap, hass, config)}`;
  }

  #form(schema: readonly Field[], hass: Hass, { rooms = [], image, ...rest }: MapConfig): TemplateResult {
    const { texts } = this;
    const labels: Readonly<Record<string, string | undefined>> = texts.labels;
    const helpers: Readonly<Record<string, string | undefined>> = { ...texts.helpers, ...texts.mapHelpers };
    // Home Assistant's picture selector takes an address only as an object
    const picture = typeof image === "string" ? { media_content_id: image } : image;
    const data = { ...rest, ...(picture && { image: picture }), entities: rooms.map(({ entity }) => entity) };
    return html`<ha-form
      .hass=${hass}
      .data=${data satisfies Edited}
      .schema=${schema}
      .computeLabel=${({ name }: Field) => labels[name]}
      .computeHelper=${({ name }: Field) => helpers[name]}
      @value-changed=${(event: CustomEvent<{ value: Edited }>) => this.#edit(event)}
    ></ha-form>`;
  }

  #pin(room: PlacedRoom, hass: Hass): TemplateResult {
    const name = hass.states[room.entity]?.attributes["friendly_name"] ?? room.entity;
    return html`<button
      class=${this.dragged === room ? "pin dragged" : "pin"}
      style="left:${room.x}%;top:${room.y}%"
      aria-describedby="how"
      @pointerdown=${(event: PointerEvent) => this.#take(event, room)}
      @pointermove=${(event: PointerEvent) => this.#drag(event)}
      @pointerup=${() => this.#drop()}
      @pointercancel=${() => (this.dragged = undefined)}
      @keydown=${(event: KeyboardEvent) => this.#press(event, room)}
    ><b>${name}</b></button>`;
  }

  #take(event: PointerEvent, room: PlacedRoom): void {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.dragged = { ...room };
  }

  #drag({ clientX, clientY }: PointerEvent): void {
    const plan = this.renderRoot.querySelector(".plan")?.getBoundingClientRect();
    if (!this.dragged || !plan) return;
    const place = { x: ((clientX - plan.left) / plan.width) * 100, y: ((clientY - plan.top) / plan.height) * 100 };
    this.dragged = { ...this.dragged, ...onPlan(place) };
  }

  #drop(): void {
    const { dragged } = this;
    this.dragged = undefined;
    if (dragged) this.#place(dragged);
  }

  #press(event: KeyboardEvent, room: PlacedRoom): void {
    const direction = ARROWS[event.key];
    if (!direction) return;
    event.preventDefault();
    const step = event.shiftKey ? BIG_STEP : STEP;
    this.#place({ ...room, ...onPlan({ x: room.x + step * direction.x, y: room.y + step * direction.y }) });
  }

  #place(room: PlacedRoom): void {
    const rooms = this.config?.rooms?.map((each) => (each.entity === room.entity ? room : each)) ?? [];
    if (this.config) this.#change({ ...this.config, rooms });
  }

  #edit(event: CustomEvent<{ value: Edited }>): void {
    event.stopPropagation();
    const { entities = [], ...rest } = event.detail.value;
    const { hass, config } = this;
    const ids = entities.filter((id) => hass && (isRoom(hass, id) || hass.states[id]));
    const rooms = ids.map((entity, index) => {
      const known = config?.rooms?.find((room) => room.entity === entity);
      return known ?? { entity, ...firstPlace(index) };
    });
    this.#change({ ...rest, rooms });
  }

  #change(config: MapConfig): void {
    this.config = config;
    this.dispatchEvent(new CustomEvent("config-changed", { detail: { config }, bubbles: true, composed: true }));
  }

  async #find(image: Picture | undefined, hass: Hass): Promise<void> {
    this.picture = await addressOf(image, hass);
  }

  #measure({ naturalWidth, naturalHeight }: HTMLImageElement): void {
    if (naturalWidth && naturalHeight) this.ratio = naturalWidth / naturalHeight;
  }
}

/** Return a new editor of a map. */
export function mapEditor(language: string, assertConfig: Assert): HTMLElement {
  if (!customElements.get(MAP_EDITOR)) customElements.define(MAP_EDITOR, MapEditor);
  const editor = document.createElement(MAP_EDITOR);
  return Object.assign(editor, { texts: editorTextsIn(language), assertConfig });
}
