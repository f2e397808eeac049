"""What is refused before anything is decoded: JSON that is legal to a lenient parser and a trap to others.

Depth over 32, more than 64 kB, numbers beyond ±(2^53 - 1) or not finite, duplicate keys, lone
surrogates. Only what passes `check` reaches the typed decoders. An envelope of 150 bytes costs about 3 µs;
the worst 64 kB that somebody can send cost a few milliseconds, which the limit on bytes a second bounds.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from math import isfinite
from typing import Any, Final

MAX_BYTES: Final = 65_536
MAX_DEPTH: Final = 32
MAX_INTEGER: Final = (1 << 53) - 1

_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class BadJson(ValueError):
    """`problem` is one of: size, encoding, depth, syntax, number, duplicate, surrogate."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def _too_deep(raw: bytes) -> bool:
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _STRING.sub(b"", raw).translate(None, _NOT_BRACKETS)
    # Each pass takes the innermost pairs away, at the speed of C; what is balanced and shallow enough is gone
    # after as many passes as it may be deep.
    rest = brackets
    for _ in range(MAX_DEPTH):
        if not rest:
            return False
        rest = rest.replace(b"[]", b"").replace(b"{}", b"")
    return any(depth > MAX_DEPTH for depth in accumulate(_STEP[bracket] for bracket in brackets))


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
    if not isfinite(value):
        raise BadJson("number")
    return value


_decode: Final = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_refuse_constant
).decode


def check(raw: bytes, limit: int = MAX_BYTES) -> Any:
    """The plain value that `raw` says, or `BadJson`."""
    if len(raw) > limit:
        raise BadJson("size")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadJson("encoding") from None
    if _too_deep(raw):
        raise BadJson("depth")
    try:
        value = _decode(text)
    except json.JSONDecodeError:
        raise BadJson("syntax") from None
    if "\\u" in text:
        _refuse_lone_surrogates(value)
    return value


def _refuse_lone_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise BadJson("surrogate") from None
