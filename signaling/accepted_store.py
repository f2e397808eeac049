"""Why a store that could lose data silently was accepted: kept in the hub's data, so that `doctor` repeats it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_NAME: Final = "accepted-store"


def keep_accepted(data: Path, reason: str) -> None:
    """Keep the reason, or forget it ("")."""
    if reason:
        data.mkdir(parents=True, exist_ok=True)
        (data / _NAME).write_text(f"{reason}\n", "utf-8")
    else:
        (data / _NAME).unlink(missing_ok=True)


def accepted(data: Path) -> str:
    """The reason that the hub was last started with ("": none was needed)."""
    try:
        return (data / _NAME).read_text("utf-8").strip()
    except FileNotFoundError:
        return ""
