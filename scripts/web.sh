#!/usr/bin/env bash
# web.sh — the browser's part: installs its locked packages and builds it into web/dist. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

[ -e web/package.json ] || exit 0

have node && have npm || stop "The page is built with Node, and there is no node or npm here." \
    "On Debian:  apt-get install nodejs npm      (Node 20 or newer; 18 is the oldest that builds)"
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 18 ] || stop "The page is built with Node 18 or newer; node here is $(node --version)."

alone web/.lock
cd web

stamp=node_modules/.installed
decided_by=$({ digest package.json package-lock.json; node --version; } | digest)
if [ "$(cat "$stamp" 2>/dev/null)" != "$decided_by" ]; then
    say "installing the web part's locked packages"
    npm ci --no-audit --no-fund --loglevel=error </dev/null
    printf '%s\n' "$decided_by" >"$stamp"
fi

sources() { find . \( -name node_modules -o -name dist -o -name .lock \) -prune -o -type f -print0 | LC_ALL=C sort -z; }

stamp=dist/.built
decided_by=$(sources | xargs -0 cat | { . ../scripts/say.sh; digest; })
if [ "$(cat "$stamp" 2>/dev/null)" != "$decided_by" ]; then
    say "building the page"
    npm run --silent build </dev/null
    mkdir -p dist
    printf '%s\n' "$decided_by" >"$stamp"
fi
