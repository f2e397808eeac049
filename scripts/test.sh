#!/usr/bin/env bash
# test.sh — every test there is: the browser's part, then Python, what is quick to fail first.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

if [ -e web/package.json ]; then
    echo "── web"
    . scripts/node.sh
    (cd web && npm run --silent check && npm test --silent) </dev/null
fi

echo "── python: machines, stores, doors"
.venv/bin/python -m pytest -m "not e2e" "$@" </dev/null

echo "── python: real processes and a real browser"
found=0
# Who only ran out of patience is tried once more, and named at the end (docs/decisions/0018).
patience='^(playwright\._impl\._errors\.)?TimeoutError|^Failed: Timeout'
.venv/bin/python -m pytest -m e2e --durations=10 --reruns 1 --only-rerun "$patience" "$@" </dev/null || found=$?
# 5 is pytest's word for "none collected": true only while tests/e2e holds no test.
if [ "$found" -eq 5 ] && ! compgen -G 'tests/e2e/test_*.py' >/dev/null; then found=0; fi
exit "$found"
