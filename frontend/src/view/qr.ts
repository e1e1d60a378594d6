/** Draws a QR code, in the browser. */

/*! lean-qr, Copyright (c) 2021-2025 David Evans, MIT License */

import { correction, generate } from "lean-qr/nano";
import { svg, type TemplateResult } from "lit";

/** White modules around the code, which scanners need. */
const MARGIN = 4;

/** Return a QR code, black on white. */
export function qrCode(text: string, label: string): TemplateResult {
  const code = generate(text, { minCorrectionLevel: correction.M });
  let path = "";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) if (code.get(x, y)) path += `M${x} ${y}h1v1h-1z`;
  }
  const size = code.size + 2 * MARGIN;
  return svg`<svg
    class="qr"
    role="img"
    aria-label=${label}
    viewBox="${-MARGIN} ${-MARGIN} ${size} ${size}"
    shape-rendering="crispEdges"
  ><path d=${path} /></svg>`;
}
