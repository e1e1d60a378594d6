/** The texts of the editors in the user's language. */

import { type EditorTexts, editorEn } from "./editor-en";
import { editorZhHans } from "./editor-zh-hans";

export type { EditorTexts };

/** Return the texts of the editors in a language of the cards. */
export function editorTextsIn(language: string): EditorTexts {
  return language.startsWith("zh") ? editorZhHans : editorEn;
}
