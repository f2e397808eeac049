#!/usr/bin/env bash
# explore.sh [--rounds N] [PATH...] — the property tests with other examples each round, until one fails.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=5
if [ "${1:-}" = --rounds ]; then rounds=$2; shift 2; fi
[ "$#" -gt 0 ] || set -- tests/session tests/agent tests/hub tests/signaling tests/media
export HYPOTHESIS_PROFILE=${HYPOTHESIS_PROFILE:-explore}

for ((round = 1; round <= rounds; round++)); do
    echo "── round $round of $rounds"
    .venv/bin/python -m pytest -m "hypothesis and not e2e" --timeout 600 "$@" </dev/null
done
