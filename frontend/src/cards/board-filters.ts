/** The filters of a board. */

import { html, nothing, type TemplateResult } from "lit";
import { type Filter, placesOf, type Row, sizesOf } from "../model/board";
import type { Moment } from "../model/view";

/** Return the filters for these rooms. `minutes` is what the button asks for. */
export function filters(
  all: readonly Row[],
  filter: Filter,
  minutes: number,
  { texts: { board }, formats }: Moment,
  onChange: (filter: Filter) => void,
): TemplateResult {
  return html`<div class="filters">
    ${choice(board.floor, board.allFloors, placesOf(all, formats.compare), filter.place, String, (place) =>
      onChange({ ...filter, place }),
    )}
    ${choice(
      board.seats,
      board.anySeats,
      sizesOf(all).map(String),
      String(filter.seats || ""),
      (size) => board.minSeats(Number(size)),
      (size) => onChange({ ...filter, seats: Number(size) }),
    )}
    <button
      class="toggle"
      aria-pressed=${filter.freeFor ? "true" : "false"}
      @click=${() => onChange({ ...filter, freeFor: filter.freeFor ? 0 : minutes })}
    >${board.freeFor(minutes)}</button>
  </div>`;
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
