/** The texts in the user's language. */

import { en, type Texts } from "./en";
import { zhHans } from "./zh-hans";

export type { Texts };

/** Return the texts in a language; English if there are none. */
export function textsIn(language: string): Texts {
  return language.toLowerCase().startsWith("zh") ? zhHans : en;
}

/** Return the texts in the language of the page, for calls from Home Assistant that do not name a user. */
export function textsOfPage(): Texts {
  return textsIn(document.documentElement.lang || navigator.language);
}
