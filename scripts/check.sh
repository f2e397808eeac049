#!/usr/bin/env bash
# check.sh — what to run while working: all that needs no store, no browser and no speech. Goes on after a failure
# and says at the end what failed.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

failed=()
step() { # step NAME COMMAND...
    local name=$1
    shift
    echo "── $name"
    "$@" </dev/null || failed+=("$name")
}

step format .venv/bin/ruff format --check .
step lint .venv/bin/ruff check .
step types .venv/bin/mypy
step imports .venv/bin/lint-imports --no-logo
step tests .venv/bin/python -m pytest -m "not store and not e2e and not voice"
if [ -e web/package.json ]; then
    . scripts/node.sh
    step "web types" npm --prefix web run --silent check
    step "web tests" npm --prefix web test --silent
fi

if [ ${#failed[@]} -gt 0 ]; then
    printf '✗ failed: %s\n' "$(IFS=,; echo "${failed[*]}")"
    exit 1
fi
echo "✓ all of it holds"
