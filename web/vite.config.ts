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

/** What a page's first script asks for next is fetched beside it, not after it. */
function announced(): Plugin {
  return {
    name: "announced",
    transformIndexHtml: {
      order: "post",
      handler: (_, { chunk, bundle = {} }) => {
        const files = new Set<string>();
        const add = (name: string): void => {
          const one = bundle[name];
          if (one?.type !== "chunk" || one === chunk || chunk?.imports.includes(name) === true || files.has(name)) return;
          files.add(name);
          one.imports.forEach(add);
        };
        chunk?.dynamicImports.forEach(add);
        return [...files].map((name) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `/${name}` } }));
      },
    },
  };
}

export default defineConfig({
  plugins: [announced(), compressed()],
  // The page's policy allows scripts, styles and images from its own address only: nothing is inlined.
  // The service worker has one address for good, and the page's whole scope.
  build: { target: "es2022", outDir: "dist", emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, rolldownOptions: {
      input: ["index.html", "console.html", "src/push/service_worker.ts"],
      output: { entryFileNames: ({ name }) => (name === "service_worker" ? "[name].js" : "assets/[name]-[hash].js") },
    } },
});
