#!/usr/bin/env bash
# venv.sh run|dev|node [--current] — the Python environment in .venv: `run` is what a hub and its demo need,
# `dev` what tests need too, `node` a Node for machines whose own is missing or too old.
# Nothing is done when what is wanted is there: a stamp holds the digest of all that decides the outcome.
# With --current it only answers, by its exit code, whether that is so.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

want=$1
export PIP_DISABLE_PIP_VERSION_CHECK=1

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if have "$candidate" && new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    if have python3; then
        stop "Legato needs Python 3.11 or newer; python3 here is $(python3 -V 2>&1 | cut -d' ' -f2)." \
            "Install a newer one and name it:  make PYTHON=/path/to/python3.12 ..."
    fi
    stop "Legato needs Python 3.11 or newer, and there is no python3 here." "On Debian:  apt-get install python3 python3-venv"
}

stamp=.venv/installed-$want
decisive() { # decisive KIND: the digest of all that decides what is in the environment
    {
        case $1 in
            run) digest requirements.lock pyproject.toml ;;
            dev) digest requirements.lock pyproject.toml requirements-dev.lock ;;
            node) digest requirements-node.lock ;;
        esac
        pwd
        .venv/bin/python -V
    } | digest
}
is_current() { [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$(decisive "$want")" ]; }

if [ "${2:-}" = --current ]; then is_current && exit 0 || exit 1; fi

alone .venv.lock

if ! .venv/bin/python -c 'import pip' >/dev/null 2>&1 || ! new_enough .venv/bin/python; then
    python=$(find_python)
    PYTHON=$python scripts/debian.sh python:ensurepip=python3-venv
    say "making .venv with $("$python" -V)"
    rm -rf .venv
    "$python" -m venv .venv
fi

if is_current; then exit 0; fi

pip() { .venv/bin/python -m pip "$@" -qq --no-input; }

wheels() { pip install --require-hashes --only-binary :all: -r "$1"; }

say "installing the locked dependencies ($want)"
case $want in
    run) wheels requirements.lock ;;
    dev)
        wheels requirements.lock
        # One of the tests' tools comes as source only: it is built with the locked setuptools, not with one
        # fetched unseen.
        pip install --require-hashes --no-build-isolation -r requirements-dev.lock
        ;;
    node) wheels requirements-node.lock ;;
esac
[ "$want" = node ] || pip install --no-deps --no-build-isolation --editable .
decisive "$want" >"$stamp"
if [ "$want" = dev ]; then decisive run >.venv/installed-run; fi
