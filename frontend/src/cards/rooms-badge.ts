/** The badge: how many rooms are free, of a floor or with enough seats. A built-in badge can show only the count of all rooms. */

import { html, nothing, type TemplateResult } from "lit";
import { act, roomIds } from "../hass";
import { filtered, freeRooms } from "../model/board";
import { readRoom } from "../model/room";
import { viewOf } from "../model/view";
import { textsOfPage } from "../texts";
import { icon } from "../view/icons";
import { palette } from "../view/palette";
import { Press, surfaceStyles } from "../view/press";
import { RoomsCard } from "./card";
import { assertBadge, type BadgeConfig } from "./config";
import { editors } from "./editors";
import type { Form } from "./forms";
import { badgeStyles } from "./rooms-badge.styles";

export const ROOMS_BADGE = "feishu-rooms-badge";

export class RoomsBadge extends RoomsCard<BadgeConfig> {
  static override styles = [palette, surfaceStyles, badgeStyles];
  readonly #gestures = new Press((gesture, actions) => act(this, this.watched()[0] ?? "", actions, gesture));
  #ids: readonly string[] | undefined;

  static async getConfigForm(): Promise<Form> {
    const { badgeForm } = await editors();
    const texts = textsOfPage();
    return badgeForm(texts.language, (config) => assertBadge(config, texts));
  }

  static getStubConfig(): object {
    return {};
  }

  setConfig(config: object): void {
    assertBadge(config, textsOfPage());
    this.config = config;
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#gestures.cancel();
  }

  protected override watched(): readonly string[] {
    if (!this.hass) return [];
    this.#ids ??= roomIds(this.hass);
    return this.#ids;
  }

  protected override renew(): void {
    this.#ids = undefined;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass, config } = this;
    if (!hass || !config) return nothing;
    const moment = this.moment(hass, config);
    const { texts, now, steady } = moment;
    const rows = this.watched().map((id) => {
      const room = readRoom(hass, id);
      return { room, view: viewOf(room, moment) };
    });
    const filter = { place: config.place ?? "", seats: config.min_seats ?? 0, freeFor: 0 };
    const all = filtered(rows, filter, now);
    const known = all.filter(({ view }) => view.status.kind !== "unknown");
    const free = freeRooms(filtered(all, { ...filter, freeFor: config.free_for ?? 0 }, now));
    const kind = free ? "free" : known.length ? "busy" : "unknown";
    const count = known.length ? texts.badge(free) : texts.words.unknown;
    const { name } = config;
    const looks = [kind, hass.themes?.darkMode && "dark", steady && "mono", this.lostAt !== null && "offline"];
    return html`<ha-card class=${looks.filter(Boolean).join(" ")}>
      ${icon({ kind, soon: false })}
      <span class="info">${name ? html`<small>${name}</small>` : nothing}<b>${count}</b></span>
      ${this.#gestures.surface(name ? texts.is(name, count) : count, config)}
    </ha-card>`;
  }
}
