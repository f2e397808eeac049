#!/usr/bin/env bash
# turn_model.sh — the model for `--turn-model` (Smart Turn v3.2, BSD-2, 8.7 MB), with its licence beside it, out of the
# wheel that its makers ship it in: fetched by its hash, not installed. Prints where it lies; quick the second time.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

folder=artefacts/turn-model
model=$folder/smart-turn-v3.2-cpu.onnx
mkdir -p "$folder"
alone "$folder/.lock"

if [ ! -e "$model" ]; then
    say "fetching the turn model" >&2
    fetched=$(mktemp -d "$folder/.fetched-XXXXXX")
    trap 'rm -rf "$fetched"' EXIT
    quietly .venv/bin/python -m pip download --disable-pip-version-check --no-input -qq --no-deps --only-binary :all: \
        --require-hashes -r scripts/turn_model.txt -d "$fetched"
    .venv/bin/python - "$fetched" <<'PYTHON'
import pathlib, sys, zipfile
folder = pathlib.Path(sys.argv[1])
(wheel,) = folder.glob("*.whl")
with zipfile.ZipFile(wheel) as parts:
    for name in parts.namelist():
        if name.endswith(("/smart-turn-v3.2-cpu.onnx", "/licenses/LICENSE")):
            (folder / name.rpartition("/")[2]).write_bytes(parts.read(name))
PYTHON
    mv "$fetched/LICENSE" "$folder/LICENSE"
    mv "$fetched/$(basename "$model")" "$model"
fi
echo "$model"
