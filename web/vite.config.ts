import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const server = "http://localhost:8080";

export default defineConfig({
  // Relative, so that the page works below /admin/ and below any prefix a proxy puts before it.
  base: "./",
  plugins: [svelte()],
  worker: {
    format: "es",
    // The server gives the files of this folder, and no others, a policy that allows WebAssembly.
    rolldownOptions: { output: { entryFileNames: "assets/worker/[name]-[hash].js" } },
  },
  build: {
    outDir: "dist",
    // scripts/clean.mjs empties the folder; this would take dist/.keep, which Go's embed needs, with it.
    emptyOutDir: false,
    // The content security policy refuses data URIs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/api": server, "/version": server },
  },
});
