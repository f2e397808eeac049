"""What is refused before anything is decoded: JSON that is legal to a lenient parser and a trap to others.

Depth over 32, more than 64 kB, numbers beyond ±(2^53 - 1) or not finite, duplicate keys, lone
surrogates. `check` walks the bytes once; only what passes reaches the typed decoders.
"""

from __future__ import annotations

import json
from typing import Any, Final

MAX_BYTES: Final = 65_536
MAX_DEPTH: Final = 32
MAX_INTEGER: Final = (1 << 53) - 1


class BadJson(ValueError):
    """`problem` is one of: size, encoding, depth, syntax, number, duplicate, surrogate."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def _too_deep(raw: str) -> bool:
    depth, in_string, escaped = 0, False, False
    for character in raw:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif character in "]}":
            depth -= 1
    return False


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("duplicate")
    return found


def _integer(text: str) -> int:
    if len(text) > 17 or abs(value := int(text)) > MAX_INTEGER:
        raise BadJson("number")
    return value


def _refuse_constant(_: str) -> None:
    raise BadJson("number")


def _float(text: str) -> float:
    value = float(text)
    if value != value or value in (float("inf"), float("-inf")):
        raise BadJson("number")
    return value


def check(raw: bytes, limit: int = MAX_BYTES) -> Any:
    """The plain value that `raw` says, or `BadJson`."""
    if len(raw) > limit:
        raise BadJson("size")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadJson("encoding") from None
    if _too_deep(text):
        raise BadJson("depth")
    try:
        value = json.loads(
            text, object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_refuse_constant
        )
    except json.JSONDecodeError:
        raise BadJson("syntax") from None
    if "\\u" in text and any("\ud800" <= each <= "\udfff" for each in json.dumps(value, ensure_ascii=False)):
        raise BadJson("surrogate")
    return value
