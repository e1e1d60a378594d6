/** Calls an action of the integration, and returns the result. */

import { type Hass, PLATFORM } from "../hass";
import type { Instant } from "../model/zone";

export type Outcome =
  | { readonly kind: "done"; readonly name: string; readonly end: Instant | null; readonly isConfirmed: boolean }
  /** `reason` is in the user's language; "" if there is none. */
  | { readonly kind: "refused"; readonly reason: string; readonly isForbidden: boolean }
  /** The connection was lost: nobody knows whether it was done. */
  | { readonly kind: "unknown" };

/** An error as Home Assistant sends it. */
interface Refusal {
  readonly code: string;
  readonly message?: string;
  readonly translation_domain?: string;
  readonly translation_key?: string;
  readonly translation_placeholders?: object;
}

/** Call an action as the user of the page. Never rejects. */
export async function perform(hass: Hass, service: string, data: object): Promise<Outcome> {
  let answer: { readonly response?: unknown } | undefined;
  try {
    // Without Home Assistant's own message, because the card shows the reason
    answer = await hass.callService?.(PLATFORM, service, data, undefined, false, true);
  } catch (error) {
    if (!isRefusal(error)) return { kind: "unknown" };
    return { kind: "refused", reason: await reasonOf(hass, error), isForbidden: isForbidden(error) };
  }
  const response = (answer?.response ?? {}) as Readonly<Record<string, unknown>>;
  const { name, end, confirmed } = response;
  const instant = typeof end === "string" ? Date.parse(end) : Number.NaN;
  return {
    kind: "done",
    name: typeof name === "string" ? name : "",
    end: Number.isNaN(instant) ? null : instant,
    isConfirmed: confirmed !== false,
  };
}

/** Return whether Home Assistant has answered. A lost connection has a number as its code, and no message in this place. */
function isRefusal(error: unknown): error is Refusal {
  return typeof (error as Partial<Refusal> | undefined)?.code === "string";
}

/** Return whether the user lacks the right. Home Assistant answers an action with the name of the exception, in English. */
function isForbidden({ code, message, translation_key: key }: Refusal): boolean {
  return code === "unauthorized" || (!key && message === "Unauthorized");
}

async function reasonOf(hass: Hass, error: Refusal): Promise<string> {
  const { translation_domain: domain, translation_key: key, translation_placeholders: placeholders } = error;
  const localize = domain && key ? await hass.loadBackendTranslation?.("exceptions", domain).catch(() => null) : null;
  return localize?.(`component.${domain}.exceptions.${key}.message`, placeholders) || error.message || "";
}
