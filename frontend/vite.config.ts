import { defineConfig } from "vitest/config";

// check-build sets BUNDLE_FOLDER to build outside the repository.
const folder = process.env["BUNDLE_FOLDER"] ?? "../custom_components/feishu_freebusy/frontend";

/** Drops comments and spaces from style sheets, and indents from templates: a minifier leaves them alone. */
const shortTemplates = {
  name: "short-templates",
  transform: (code: string) =>
    code.replaceAll(/(?<=\bcss`)[^`]*/g, (sheet) =>
      sheet
        .replaceAll(/\/\*.*?\*\//gs, "")
        .replaceAll(/\s+/g, " ")
        .replaceAll(/ ?([{};,]) ?/g, "$1"),
    ),
  generateBundle: (_options: unknown, bundle: object) => {
    for (const chunk of Object.values(bundle) as { code?: string }[]) {
      if (chunk.code) chunk.code = chunk.code.replaceAll(/\n[ \t]+/g, "\n");
    }
  },
};

export default defineConfig(({ command, mode }) => ({
  plugins: command === "build" ? [shortTemplates] : [],
  resolve: { preserveSymlinks: true }, // the bundle is the same with a linked node_modules
  build: {
    target: "es2022", // check-build finds what the oldest browsers lack
    // Built one by one: a module that both import would be a third file, or the first without its version
    lib:
      mode === "editors"
        ? { entry: "src/editors.ts", formats: ["es"], fileName: () => "feishu-freebusy-editors.js" }
        : { entry: "src/index.ts", formats: ["es"], fileName: () => "feishu-freebusy.js" },
    rolldownOptions: { output: { minify: true, comments: { legal: true } } }, // keep the license notices
    outDir: folder,
    emptyOutDir: mode !== "editors",
    reportCompressedSize: true,
  },
  // Not the server's time zone, so that tests notice if the two are mixed up
  test: {
    env: { TZ: "America/New_York" },
    environment: "happy-dom",
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000, // milliseconds; a busy machine is slow
  },
}));
