/** A picture that somebody chose: an address, or what Home Assistant's picture selector returns. */

import type { Hass } from "../hass";

export type Picture = string | { readonly media_content_id: string };

const MEDIA = "media-source://";

/** Return whether a value of the configuration is a picture. */
export function isPicture(value: unknown): value is Picture {
  return typeof value === "string" || typeof (value as { media_content_id?: unknown }).media_content_id === "string";
}

/** Return the address of a picture, "" if there is none. Home Assistant is asked only about its own media. */
export async function addressOf(picture: Picture | undefined, hass: Hass): Promise<string> {
  const id = typeof picture === "object" ? picture.media_content_id : (picture ?? "");
  if (!id.startsWith(MEDIA)) return id;
  const message = { type: "media_source/resolve_media", media_content_id: id };
  const media = await hass.callWS?.<{ readonly url: string }>(message).catch(() => undefined);
  return media?.url ?? "";
}
