"""An engine that speaks something else than the protocol, on the protocol's own channel."""

from __future__ import annotations

import os
from pathlib import Path

from media.engines.models import Model


def load() -> Model:
    for descriptor in Path("/proc/self/fd").iterdir():
        number = int(descriptor.name)
        if number > 2:
            try:
                os.write(number, b"\xff" * 64)
            except OSError:
                continue
    os._exit(0)
