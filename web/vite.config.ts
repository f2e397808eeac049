import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Beside each asset its gzip: the hub serves files as they are, and sends that one to whoever takes it. */
function compressed(): Plugin {
  return {
    name: "compressed",
    closeBundle: () => {
      const folder = join(import.meta.dirname, "dist", "assets");
      for (const name of readdirSync(folder).filter((each) => /\.(js|css|svg)$/.test(each))) {
        const raw = readFileSync(join(folder, name));
        writeFileSync(join(folder, `${name}.gz`), gzipSync(raw, { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}

export default defineConfig({
  plugins: [compressed()],
  // The page's policy allows scripts, styles and images from its own address only: nothing is inlined.
  // The service worker has one address for good, and the page's whole scope.
  build: { target: "es2022", outDir: "dist", emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, rolldownOptions: {
      input: ["index.html", "console.html", "src/push/service_worker.ts"],
      output: { entryFileNames: ({ name }) => (name === "service_worker" ? "[name].js" : "assets/[name]-[hash].js") },
    } },
});
