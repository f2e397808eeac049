import { defineConfig } from "vite";

export default defineConfig({
  // The page's policy allows scripts, styles and images from its own address only: nothing is inlined.
  build: { target: "es2022", outDir: "dist", emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
