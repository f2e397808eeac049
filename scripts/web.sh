#!/usr/bin/env bash
# web.sh packages|page — the browser's part: its locked packages in web/node_modules, and the page in web/dist.
# Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

want=$1
[ -e web/package.json ] || exit 0
[ -e web/package-lock.json ] || stop "web/package-lock.json is missing." "In web/:  npm install, and commit it."

. scripts/node.sh
alone web/.lock
cd web

stamp=node_modules/.installed
decided_by=$({ digest package.json package-lock.json; node --version; } | digest)
if [ "$(cat "$stamp" 2>/dev/null)" != "$decided_by" ]; then
    say "installing the web part's locked packages"
    quietly npm ci --no-audit --no-fund
    printf '%s\n' "$decided_by" >"$stamp"
fi
[ "$want" = page ] && [ -e index.html ] || exit 0

sources() { find . \( -name node_modules -o -name dist -o -name .lock \) -prune -o -type f -print0 | LC_ALL=C sort -z; }

stamp=dist/.built
decided_by=$({ sources | xargs -0 cat; node --version; } | digest)
if [ "$(cat "$stamp" 2>/dev/null)" != "$decided_by" ]; then
    say "building the page"
    quietly npm run --silent build
    mkdir -p dist
    printf '%s\n' "$decided_by" >"$stamp"
fi
