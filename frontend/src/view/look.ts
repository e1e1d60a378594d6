/** The colors, the logo and the background that the configuration of a card chooses. */

import { css } from "lit";
import type { Status } from "../model/status";

/** Red, green and blue, each 0 to 255; or "#rrggbb". */
export type Color = readonly number[] | string;

export interface Chosen {
  readonly logo?: string;
  readonly background?: string;
  readonly free_color?: Color;
  readonly busy_color?: Color;
  readonly soon_color?: Color;
}

export interface Look {
  /** For `ha-card`. */
  readonly style: string;
  /** Whether dark texts are on the color of the state. */
  readonly isPale: boolean;
  readonly hasPicture: boolean;
}

/** Return whether a value of the configuration is a color. */
export function isColor(value: unknown): value is Color {
  if (typeof value === "string") return /^#[\da-f]{6}$/i.test(value);
  return Array.isArray(value) && value.length === 3 && value.every((part) => Number.isInteger(part) && part >> 8 === 0);
}

/** Return how a card looks in this state. Texts on a chosen color are black or white: the one with more contrast. */
export function lookOf(config: Chosen, { kind, soon }: Status): Look {
  const state = kind === "free" && soon ? "soon" : kind;
  const colors: Readonly<Record<string, Color | undefined>> = {
    free: config.free_color,
    soon: config.soon_color,
    busy: config.busy_color,
  };
  const styles = Object.entries(colors).flatMap(([name, color]) =>
    color ? [`--feishu-freebusy-${name}-color:rgb(${partsOf(color)})`] : [],
  );
  const color = colors[state];
  const isPale = color ? isLight(partsOf(color)) : state === "soon";
  if (color) styles.push(`--on-fill:${isPale ? "#000" : "#fff"}`, "--ink:var(--text)");
  const picture = state in colors ? config.background : "";
  if (picture) styles.push(`--picture:url(${JSON.stringify(picture)})`);
  return { style: styles.join(";"), isPale, hasPicture: !!picture };
}

function partsOf(color: Color): readonly number[] {
  if (typeof color !== "string") return color;
  return [1, 3, 5].map((index) => Number.parseInt(color.slice(index, index + 2), 16));
}

/** Return whether black has more contrast than white on a color, by the luminance of WCAG. */
function isLight(parts: readonly number[]): boolean {
  const [red = 0, green = 0, blue = 0] = parts.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179;
}

export const lookStyles = css`
  .logo {
    display: none;
  }
  @container card (block-size >= 360px) and (inline-size >= 480px) {
    .logo {
      display: inline-block;
      box-sizing: border-box;
      block-size: 1.15em;
      max-inline-size: 4em;
      margin-inline-end: 0.4em;
      padding: 0.1em;
      border-radius: 0.15em;
      object-fit: contain;
      vertical-align: -0.2em;
      background: #fff;
    }
    .logo[hidden] {
      display: none;
    }
  }
  @container card (block-size >= 360px) and (inline-size >= 320px) {
    /* The picture only darkens a color under white texts, and only brightens it under black ones */
    .pictured:not(.mono, .offline) .room {
      isolation: isolate;
    }
    .pictured:not(.mono, .offline) .room::before {
      content: "";
      position: absolute;
      inset: 0;
      z-index: -1;
      background: var(--picture) center / cover;
      mix-blend-mode: multiply;
      opacity: 0.5;
    }
    .pictured.pale:not(.mono, .offline) .room::before {
      mix-blend-mode: screen;
    }
  }
`;
