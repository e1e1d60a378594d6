// @vitest-environment node
import { expect, test } from "vitest";
import { textsIn } from "../src/texts";
import { editorTextsIn } from "../src/texts/editor";

const en = textsIn("en");
const zh = textsIn("zh-Hans");

/** Return all texts by their path, functions called with examples. */
function leaves(node: unknown, path = ""): [string, string][] {
  if (typeof node === "string") return [[path, node]];
  if (typeof node === "function") return [[path, node(3, 4)]];
  return Object.entries(node as object).flatMap(([key, value]) => leaves(value, `${path}.${key}`));
}

test.each([
  ["en", en],
  ["en-GB", en],
  ["de", en],
  ["zh-Hans", zh],
  ["zh-CN", zh],
  ["zh-Hant", zh],
  ["zh", zh],
])("%s gets the right texts", (language, texts) => {
  expect(textsIn(language)).toBe(texts);
});

test("both languages have the same keys", () => {
  const [chinese, english] = ["zh-Hans", "en"].map((language) => leaves(editorTextsIn(language)));
  expect(chinese?.map(([path]) => path)).toEqual(english?.map(([path]) => path));
  expect(leaves(zh).map(([path]) => path)).toEqual(leaves(en).map(([path]) => path));
});

test("all Chinese texts are Chinese and all English texts are English", () => {
  const chinese = /[\u4e00-\u9fff]/;
  const neutral = new Set([".language", ".sentence", ".is"]);
  for (const [path, text] of [...leaves(zh), ...leaves(editorTextsIn("zh-Hans"))]) {
    expect([path, neutral.has(path) || chinese.test(text)]).toEqual([path, true]);
  }
  for (const [path, text] of [...leaves(en), ...leaves(editorTextsIn("en"))]) {
    expect([path, chinese.test(text)]).toEqual([path, false]);
  }
});

test("English has singular and plural", () => {
  expect([en.seats(1), en.seats(2), en.pending(1), en.pending(2)]).toEqual([
    "1 seat",
    "2 seats",
    "1 request awaits approval",
    "2 requests await approval",
  ]);
});
