"""An engine whose library is not installed."""

from __future__ import annotations

from media.engines.models import Model


def load() -> Model:
    raise ImportError("no such library")
