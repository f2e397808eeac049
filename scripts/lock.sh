#!/usr/bin/env bash
# Resolves the ranges of pyproject.toml into the two lock files, for every platform, with the hash of every file.
# Versions already locked stay unless they no longer fit; `make lock UPGRADE=1` takes the newest.
set -euo pipefail
cd "$(dirname "$0")/.."

kept=--no-upgrade
if [ -n "${UPGRADE:-}" ]; then kept=--upgrade; fi

lock() { # lock FILE ARGUMENT...
    local file=$1
    shift
    .venv/bin/uv pip compile "$@" "$kept" --quiet --no-config \
        --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
        --output-file "$file" >/dev/null
    { echo "# Made by \`make lock\` from pyproject.toml: do not edit."; cat "$file"; } >"$file.new"
    mv "$file.new" "$file"
    echo "$file: $(grep -c '==' "$file") packages"
}

lock requirements.lock pyproject.toml --extra demo --extra embedded --group build
lock requirements-dev.lock pyproject.toml --extra demo --extra embedded --group dev --constraint requirements.lock
lock requirements-node.lock --group node
