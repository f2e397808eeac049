"""The check before decoding, against a reference that walks character by character."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.wire.strict import MAX_BYTES, MAX_DEPTH, MAX_INTEGER, BadJson, check


def depth_of(text: str) -> int:
    """How deep the brackets outside of strings go."""
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
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
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def reference(raw: bytes) -> str:
    """The problem, or "" if there is none."""
    if len(raw) > MAX_BYTES:
        return "size"
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return "encoding"
    if depth_of(text) > MAX_DEPTH:
        return "depth"
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_constant)
    except json.JSONDecodeError:
        return "syntax"
    except (KeyError, ValueError) as trap:
        return "duplicate" if isinstance(trap, KeyError) else "number"
    return _trap(value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise KeyError
    return dict(pairs)


def _constant(_: str) -> None:
    raise ValueError


def _trap(value: Any) -> str:
    if isinstance(value, dict):
        return next(filter(None, map(_trap, [*value.keys(), *value.values()])), "")
    if isinstance(value, list):
        return next(filter(None, map(_trap, value)), "")
    if isinstance(value, str):
        return "surrogate" if any("\ud800" <= each <= "\udfff" for each in value) else ""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return "number" if abs(value) > MAX_INTEGER else ""
    return "number" if isinstance(value, float) and not math.isfinite(value) else ""


def problem_of(raw: bytes) -> str:
    try:
        check(raw)
    except BadJson as bad:
        return bad.problem
    return ""


NUMBERS = st.sampled_from(
    [
        "0",
        "-1",
        "9007199254740991",
        "9007199254740992",
        "-9007199254740992",
        "1e308",
        "1e309",
        "NaN",
        "1.5",
        "01",
    ]
)
PIECES = st.one_of(
    st.sampled_from(
        [
            "[",
            "]",
            "{",
            "}",
            '"',
            "\\",
            ",",
            ":",
            " ",
            "\\u",
            "d800",
            '"a"',
            '"a":',
            "[" * 33,
            "]" * 33,
            "[[",
            "]]",
        ]
    ),
    NUMBERS,
    st.text(max_size=3),
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.text(max_size=5)
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(PIECES, max_size=40))
def test_soup_is_judged_as_the_reference_judges_it(pieces: list[str]) -> None:
    raw = "".join(pieces).encode("utf-8", "surrogatepass")
    found, expected = problem_of(raw), reference(raw)
    # What is wrong twice may be called either name; what is fine is fine, and the reverse.
    assert bool(found) == bool(expected)
    if "depth" in (found, expected) or "syntax" in (found, expected):
        assert found in (expected, "number", "duplicate", "syntax")


@given(VALUES, st.integers(0, MAX_DEPTH + 2))
def test_values_pass_with_what_they_say_and_traps_do_not(value: Any, wrap: int) -> None:
    raw = ("[" * wrap + json.dumps(value) + "]" * wrap).encode()
    assert problem_of(raw) == reference(raw)
    if not reference(raw):
        assert check(raw) == json.loads(raw)


@given(st.text(alphabet='[]{}\\"a', max_size=400))
def test_brackets_in_strings_are_no_depth(text: str) -> None:
    assert check(json.dumps({"words": text}).encode()) == {"words": text}


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, ""),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "depth"),
        (b"[" * 60_000, "depth"),
        (b"[" + b"[]," * 20_000 + b"[]]", ""),
        (b"]" * 40 + b"[" * 40, "syntax"),
        (b'"' + b"[" * 60_000, "syntax"),
        (b" " * (MAX_BYTES + 1), "size"),
        (b'"\xff"', "encoding"),
        (b'{"a":1,"a":2}', "duplicate"),
        (b'{"a":{"b":1,"b":1}}', "duplicate"),
        (b'"\\ud83d\\ude00"', ""),
        (b'"\\ud83d"', "surrogate"),
        (b'{"\\udc00":1}', "surrogate"),
        (b"9007199254740991", ""),
        (b"9007199254740992", "number"),
        (b"-9007199254740992", "number"),
        (b"1e400", "number"),
        (b"Infinity", "number"),
        (b"", "syntax"),
    ],
)
def test_each_trap_has_its_name(raw: bytes, problem: str) -> None:
    assert problem_of(raw) == problem
