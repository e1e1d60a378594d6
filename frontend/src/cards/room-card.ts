/** The card of one room: a tile in a dashboard, or a panel that fills the screen beside the door. */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { act, buttonIds, type Hass, isRoom, roomIds } from "../hass";
import { inviteOf } from "../model/invite";
import { needsAnother } from "../model/nearby";
import { abilitiesOf, type Offer, offersOf } from "../model/offers";
import { type Room, readRoom } from "../model/room";
import { doubtAt } from "../model/status";
import { type Titles, titlesOf } from "../model/titles";
import { tomorrowOf } from "../model/tomorrow";
import { type Moment, type RoomView, viewOf } from "../model/view";
import { MINUTE } from "../model/zone";
import { textsOfPage } from "../texts";
import { icon, sign } from "../view/icons";
import { kioskStyles } from "../view/kiosk";
import { lookOf, lookStyles } from "../view/look";
import { palette } from "../view/palette";
import { Press, surfaceStyles } from "../view/press";
import { Run } from "../view/run";
import { stripStyles } from "../view/strip";
import { Swipe } from "../view/swipe";
import { RoomsCard } from "./card";
import { assertRoom, DAY_END, DAY_START, type RoomConfig } from "./config";
import { editors } from "./editors";
import type { Form } from "./forms";
import { actionArea, type Touches } from "./room-actions";
import { roomActionsStyles } from "./room-actions.styles";
import { roomCardStyles } from "./room-card.styles";
import { roomExtrasStyles } from "./room-extras.styles";
import { roomPanelStyles } from "./room-panel.styles";
import {
  agenda,
  type BookingLink,
  bookingLink,
  clock,
  coming,
  dayPart,
  ems,
  invitation,
  logo,
  neighbors,
  notes,
  parts,
} from "./room-parts";

export const ROOM_CARD = "feishu-room-card";

const NO_TITLES: Titles = { current: [], next: [] };

/** A dialog that nobody touches is closed after this, so that the next person finds the card as usual. */
const UNTOUCHED = MINUTE;

export class RoomCard extends RoomsCard<RoomConfig> {
  static override styles = [
    palette,
    stripStyles,
    surfaceStyles,
    roomCardStyles,
    roomPanelStyles,
    roomActionsStyles,
    roomExtrasStyles,
    lookStyles,
    kioskStyles,
  ];
  #told = "";
  #news = "";
  #others: readonly string[] | undefined;
  readonly #gestures = new Press((gesture, actions) => act(this, this.config?.entity ?? "", actions, gesture));
  readonly #run = new Run(() => this.#moved());
  /** Whether the dialog of a card that is too small for all keys is open. */
  #isOpen = false;
  /** Whether it was closed before the result was there. */
  #isOwed = false;
  #closeLater: ReturnType<typeof setTimeout> | undefined;
  #doubtLater: ReturnType<typeof setTimeout> | undefined;
  #isTomorrow = false;
  #turnLater: ReturnType<typeof setTimeout> | undefined;
  /** Whether the next update moves the focus, because the touched key is gone. */
  #hasTouched = false;

  constructor() {
    super();
    this.addController(new Swipe(this, (isForth) => this.layout === "panel" && this.#turn(isForth)));
  }

  static async getConfigForm(): Promise<Form> {
    const { roomForm } = await editors();
    const texts = textsOfPage();
    return roomForm(texts.language, (config) => assertRoom(config, texts));
  }

  static getStubConfig(hass: Hass, entities: readonly string[] = [], others: readonly string[] = []): object {
    return { entity: [...entities, ...others, ...roomIds(hass)].find((id) => isRoom(hass, id)) ?? "" };
  }

  setConfig(config: object): void {
    assertRoom(config, textsOfPage());
    if (config.entity !== this.config?.entity) this.#run.leave();
    this.config = config;
    this.toggleAttribute("auto", config.grid_options?.rows === "auto");
    this.renew();
    this.requestUpdate();
  }

  getCardSize(): number {
    return 4;
  }

  getGridOptions(): object {
    return { columns: 6, rows: 4, min_columns: 3, min_rows: 1 };
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#doubtLater);
    this.#gestures.cancel();
    this.#turn(false);
    this.#setOpen(false);
    this.#dialog?.close();
    this.#run.dismiss();
  }

  protected override watched(): readonly string[] {
    const { hass, config } = this;
    if (!hass || !config) return [];
    this.#others ??= [
      ...(config.actions ? Object.values(buttonIds(hass, config.entity)) : []),
      ...(this.#isHelpful ? roomIds(hass) : []),
    ];
    return [config.entity, ...this.#others];
  }

  protected override renew(): void {
    this.#others = undefined;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("layout")) this.renew();
    if (this.lostAt !== null) this.#run.lose();
    if (this.hass?.states[this.config?.entity ?? ""]?.state === "off") this.#run.over();
  }

  protected override updated(): void {
    const dialog = this.#dialog;
    if (!dialog) return;
    if (this.#wantsDialog !== dialog.open) {
      if (dialog.open) dialog.close();
      else dialog.showModal();
    }
    if (this.#hasTouched) this.#focus();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass, config } = this;
    if (!hass || !config) return nothing;
    const moment = this.moment(hass, config);
    const room = readRoom(hass, config.entity, config.name);
    const view = viewOf(room, moment);
    this.#tell(view, moment);
    this.#awaitDoubt(room, moment);
    const { status } = view;
    const titles = config.titles ? titlesOf(room, status, moment.now) : NO_TITLES;
    const isLost = moment.lostAt !== null && status.kind !== "unknown";
    const invite = (config.qr || config.link) && !isLost ? inviteOf(hass, room, status, moment.now) : null;
    // A kiosk is left by a link, and nobody can come back
    const isOnWall = moment.steady || hass.kioskMode || this.hasAttribute("kiosk");
    const link = config.link && invite && !isOnWall ? bookingLink(invite, view, moment) : null;
    const offers =
      config.actions && moment.lostAt === null ? offersOf(status, abilitiesOf(hass, room.id), moment.now) : [];
    const area = this.#area(view, config, offers, link, moment);
    const nearby = this.#isHelpful && needsAnother(status) ? neighbors(room, hass, moment) : null;
    const looks = [status.kind, status.soon && "soon", hass.themes?.darkMode && "dark", moment.steady && "mono"];
    const classes = looks.filter(Boolean).join(" ");
    const code = config.qr && invite ? invitation(invite, view, moment) : null;
    const { day_start = DAY_START, day_end = DAY_END } = config;
    const tomorrow = this.#isTomorrow && view.timeline ? tomorrowOf(room, moment, day_start, day_end) : null;
    const look = lookOf(moment.steady ? {} : config, status);
    const more = [
      isLost && "offline",
      area && "acts",
      nearby && "helps",
      code && "invites",
      titles.current.length && "titled",
      view.pending && "asked",
      look.isPale && "pale",
      look.hasPicture && "pictured",
    ];
    return html`<ha-card style=${look.style} class=${[classes, ...more].filter(Boolean).join(" ")}>
      <div class="room fill">
        <h2 class="name">${config.logo ? logo(config.logo) : nothing}${view.name}</h2>
        <p class="about">${[!config.hide_place && view.place, view.seats, ...room.equipment].filter(Boolean).join(" · ")}</p>
        ${config.hide_clock || moment.steady ? nothing : clock(moment)}
        <div class="state">
          ${icon(status, !!view.pending)}
          <div class="what">
            <p class="word" style="--ems:${ems(view.word)}">${view.word}</p>
            <p class="until">${view.until || view.note}${view.left ? html` <span class="left">${view.left}</span>` : nothing}</p>
          </div>
          ${titles.current.length ? html`<p class="title">${parts(titles.current)}</p>` : nothing}
          ${status.kind === "disabled" && view.note ? html`<p class="why">${view.note}</p>` : nothing}
          ${view.hint ? html`<p class="hint">${view.hint}</p>` : nothing}
        </div>
        ${code ?? nothing} ${nearby ?? nothing} ${notes(view, moment)}
        ${tomorrow ? agenda(tomorrow, moment) : coming(view, titles.next, moment)}
        ${dayPart(view, tomorrow, moment, () => this.#turn(!this.#isTomorrow))}
        ${this.#gestures.surface(moment.texts.details(view.name), config)}
        ${area ? html`${this.#opener(view, offers, link, moment)}${this.#wantsDialog ? nothing : area}` : nothing}
      </div>
      <p class="unheard" role="status">${this.#news}</p>
    </ha-card>
    ${config.actions ? this.#sheet(view, area, classes, moment) : nothing}`;
  }

  /** Render again when an announced change has passed without news, not only at the next minute. */
  #awaitDoubt(room: Room, { now }: Moment): void {
    clearTimeout(this.#doubtLater);
    const at = doubtAt(room);
    if (at !== null && now < at && at - now < MINUTE) {
      this.#doubtLater = setTimeout(() => this.requestUpdate(), at - now);
    }
  }

  /** Show tomorrow until nobody has touched the card for a while, or today. */
  #turn(isTomorrow: boolean): void {
    this.#isTomorrow = isTomorrow;
    clearTimeout(this.#turnLater);
    if (isTomorrow) this.#turnLater = setTimeout(() => this.#turn(false), UNTOUCHED);
    this.requestUpdate();
  }

  get #isHelpful(): boolean {
    return this.config?.nearby ?? this.layout === "panel";
  }

  /** Return the keys and the link, the question or the message of an action; null if there is none. */
  #area(
    { name }: RoomView,
    { pin = "" }: RoomConfig,
    offers: readonly Offer[],
    link: BookingLink | null,
    moment: Moment,
  ): TemplateResult | null {
    const { phase } = this.#run;
    if (!offers.length && !link && phase.kind === "idle") return null;
    return actionArea({ name, phase, offers, link, pinLength: pin.length }, moment, this.#touches);
  }

  /** Return the key that opens the dialog, or the link alone. Only a card that is too small for all keys shows it. */
  #opener(
    { name, status }: RoomView,
    offers: readonly Offer[],
    link: BookingLink | null,
    { texts: { actions, is } }: Moment,
  ): TemplateResult {
    const { kind } = this.#run.phase;
    if (link && !offers.length && kind === "idle") return link("open");
    const isWorking = kind === "working";
    const label = status.kind === "free" ? actions.book : actions.change;
    return html`<button class="open" aria-haspopup="dialog" aria-label=${is(name, label)} @click=${() => this.#open()}>
      ${sign(isWorking ? "working" : status.kind === "free" ? "book" : "change")}<span>${label}</span>
    </button>`;
  }

  #sheet({ name }: RoomView, area: TemplateResult | null, classes: string, { texts }: Moment): TemplateResult {
    const isOpen = this.#wantsDialog;
    return html`<dialog
      class=${classes}
      aria-label=${name}
      @close=${() => this.#closed()}
      @click=${(event: Event) => event.target === this.#dialog && this.#dialog?.close()}
      @keydown=${(event: KeyboardEvent) => this.#press(event)}
    >
      ${
        isOpen
          ? html`<div class="sheet">
              <div class="top">
                <h2>${name}</h2>
                <button class="key quiet" aria-label=${texts.actions.close} @click=${() => this.#dialog?.close()}>
                  ${sign("close")}
                </button>
              </div>
              ${area ?? nothing}
            </div>`
          : nothing
      }
    </dialog>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot?.querySelector("dialog") ?? null;
  }

  /** A PIN needs the room of a dialog on every card. */
  get #wantsDialog(): boolean {
    return this.#isOpen || this.#run.phase.kind === "pin";
  }

  readonly #touches: Touches = {
    begin: (offer: Offer) => this.#touch((hass, { entity, pin }) => this.#run.begin(offer, pin ?? "", hass, entity)),
    type: (digit: string) => this.#touch((hass, { entity, pin }) => this.#run.type(digit, pin ?? "", hass, entity)),
    erase: () => this.#touch(() => this.#run.erase()),
    confirm: () => this.#touch((hass, { entity }) => this.#run.confirm(hass, entity)),
    dismiss: () => this.#touch(() => this.#run.dismiss()),
  };

  #touch(act: (hass: Hass, config: RoomConfig) => void): void {
    const { hass, config } = this;
    if (!hass || !config || this.preview) return;
    const before = this.#run.phase.kind;
    if (this.#isOpen) this.#setOpen(true);
    act(hass, config);
    if (this.#run.phase.kind !== before) this.#hasTouched = true;
  }

  #open(): void {
    if (this.preview) return;
    this.#setOpen(true);
    this.#hasTouched = true;
  }

  /** Open the dialog until nobody has touched it for a while, or close it. */
  #setOpen(isOpen: boolean): void {
    this.#isOpen = isOpen;
    clearTimeout(this.#closeLater);
    if (isOpen) this.#closeLater = setTimeout(() => this.#dialog?.close(), UNTOUCHED);
    this.requestUpdate();
  }

  /** The action has gone on: show its result, close the dialog after it. */
  #moved(): void {
    const { kind } = this.#run.phase;
    if (kind === "idle") this.#setOpen(false);
    if (this.#isOwed && (kind === "refused" || kind === "unknown")) this.#setOpen(true);
    if (kind !== "working") this.#isOwed = false;
    this.requestUpdate();
  }

  /** The user has closed the dialog, or the card has because it is no longer needed. */
  #closed(): void {
    if (!this.#wantsDialog) return;
    this.#isOwed = this.#run.phase.kind === "working";
    this.#setOpen(false);
    this.#run.dismiss();
  }

  /** Type the PIN with a keyboard. */
  #press(event: KeyboardEvent): void {
    if (/^\d$/.test(event.key)) this.#touches.type(event.key);
    else if (event.key === "Backspace") this.#touches.erase();
    else return;
    event.stopPropagation(); // Home Assistant has shortcuts
  }

  #focus(): void {
    this.#hasTouched = false;
    const area = this.renderRoot.querySelector(".actions");
    const target = area?.querySelector<HTMLElement>(".safe") ?? area?.querySelector<HTMLElement>(".key, .said");
    target?.focus();
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
