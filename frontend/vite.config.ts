import { defineConfig } from "vitest/config";

// BUNDLE_FOLDER is set by check-build, which builds beside the committed bundle.
const folder = process.env["BUNDLE_FOLDER"] ?? "../custom_components/feishu_freebusy/frontend";

export default defineConfig({
  build: {
    target: "es2022",
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "feishu-freebusy.js" },
    rolldownOptions: { output: { comments: { legal: true } } }, // the notices of Lit's licence
    outDir: folder,
    emptyOutDir: true,
    reportCompressedSize: true,
  },
  // Not the office's zone: what is local is told from what is the server's
  test: { env: { TZ: "America/New_York" }, environment: "happy-dom", include: ["test/**/*.test.ts"] },
});
