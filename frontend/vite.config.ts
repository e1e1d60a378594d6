import { defineConfig } from "vitest/config";

// check-build sets BUNDLE_FOLDER to build outside the repository.
const folder = process.env["BUNDLE_FOLDER"] ?? "../custom_components/feishu_freebusy/frontend";

export default defineConfig({
  resolve: { preserveSymlinks: true }, // the bundle is the same with a linked node_modules
  build: {
    target: "es2022",
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "feishu-freebusy.js" },
    rolldownOptions: { output: { comments: { legal: true } } }, // keep Lit's license notices
    outDir: folder,
    emptyOutDir: true,
    reportCompressedSize: true,
  },
  // Not the server's time zone, so that tests notice if the two are mixed up
  test: { env: { TZ: "America/New_York" }, environment: "happy-dom", include: ["test/**/*.test.ts"] },
});
