"""Events as lines for people. Pure; what was said is text, whatever it tries to be."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

WIDTH: Final = 400
_SHOWN: Final = (
    "outcome",
    "role",
    "activity",
    "turn",
    "response",
    "call",
    "right",
    "token",
    "reason",
    "mark",
    "at_ms",
)


def shown(text: str) -> str:
    """`text` on one line without anything that moves a cursor, colours, or turns the writing round."""
    kept = "".join(
        " " if each in "\n\r\t" else each
        for each in text
        if each in "\n\r\t" or unicodedata.category(each)[0] != "C"
    )
    return kept if len(kept) <= WIDTH else f"{kept[: WIDTH - 1]}…"


def line_of(event: Mapping[str, Any]) -> str:
    """One event: offset, time of day (UTC), author, type, and what matters of it."""
    at = datetime.fromtimestamp(event.get("time", 0) / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
    words = _words(event)
    facts = " ".join(
        f"{name}={shown(str(event[name]))}" for name in _SHOWN if event.get(name) not in (None, "")
    )
    said = f"“{shown(words)}”" if words else ""
    who = shown(str(event.get("by", "")))
    parts = (f"{event.get('offset', 0):>6}", at, f"{who:<24}", str(event.get("type", "?")), facts, said)
    return "  ".join(part for part in parts if part)


def _words(event: Mapping[str, Any]) -> str:
    match event.get("type"):
        case "message_grown":
            return str(event.get("text", ""))
        case "message_posted":
            return "".join(str(part.get("text", "")) for part in event.get("parts", []))
        case "tool_requested":
            return f"{event.get('name', '')} {event.get('arguments', '')}"
        case "tool_ended":
            return str(event.get("result", ""))
    return ""
