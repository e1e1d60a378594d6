/** Loads the editors. They are a file of their own, because a tablet on a wall never needs them. */

import type * as Editors from "../editors";

/** Return the module of the editors, of the same version: the address ends like that of this module. */
export function editors(): Promise<typeof Editors> {
  return import(/* @vite-ignore */ import.meta.url.replace("feishu-freebusy.js", "feishu-freebusy-editors.js"));
}
