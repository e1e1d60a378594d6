/** The texts in the language of the user. */

import { en, type Texts } from "./en";
import { zhHans } from "./zh-hans";

export type { Texts };

/** Return the texts in a language, in English where there are none. */
export function textsIn(language: string): Texts {
  return language.toLowerCase().startsWith("zh") ? zhHans : en;
}

/** Return the texts in the language of the page, for what Home Assistant asks for without telling who asks. */
export function textsOfPage(): Texts {
  return textsIn(document.documentElement.lang || navigator.language);
}
