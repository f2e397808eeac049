"""Broken variants of the frame reader. Each must be noticed by an example in `test_frames`, or that is missing."""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Final

import pytest

from signaling.connection import frames
from tests.signaling.connection import test_frames as examples

MUTANTS: Final = [
    ("head & _RESERVED or", "False or"),
    ("_RESERVED: Final = 0x70", "_RESERVED: Final = 0x60"),
    ("or opcode not in _KNOWN", "or False"),
    ("if not size & _MASKED:", "if False:"),
    ("not head & _FIN or size & 0x7F > MOST_CONTROL", "size & 0x7F > MOST_CONTROL"),
    ("not head & _FIN or size & 0x7F > MOST_CONTROL", "not head & _FIN"),
    ("(opcode == Opcode.CONTINUATION) is not bool(self._kind)", "opcode == 0 and not self._kind"),
    ("(opcode == Opcode.CONTINUATION) is not bool(self._kind)", "opcode and self._kind"),
    ("if size >> 63 or size <", "if size <"),
    ("or size < (126 if width == 2 else 1 << 16)", "or size < 126"),
    ("or size < (126 if width == 2 else 1 << 16)", ""),
    ("if not head & 0x08 and self._size", "if self._size"),
    ("self._size + size > self._limit", "size > self._limit"),
    ("self._size + size > self._limit", "self._size + size >= self._limit"),
    ("self._fragments > MOST_FRAGMENTS", "self._fragments > MOST_FRAGMENTS + 1"),
    ("self._fragments > MOST_FRAGMENTS", "self._fragments >= MOST_FRAGMENTS"),
    ("self._size, self._fragments = 0, None, 0, 0", "self._size, self._fragments = 0, None, 0, 1"),
    ("self._size, self._fragments = 0, None, 0, 0", "self._size, self._fragments = 0, None, 1, 0"),
    ("if len(rest) < end:", "if len(rest) < end - 1:"),
    ("if have < 2 + width:", "if have < width:"),
    ("if have < 2:", "if have < 6:"),
    ("(size // 4 + 1))[:size]", "(size // 4 + 1))[-size:]"),
    ("if code not in _CODES:", "if False:"),
    ("*range(1007, 1015)", "*range(1007, 1016)"),
    ("*range(3000, 5000)", "*range(3000, 5001)"),
    ("*range(3000, 5000)", "*range(2999, 5000)"),
    ('decode("utf-8", "ignore")', 'decode("latin-1", "ignore")'),
    ("if size < 1 << 16:", "if size <= 1 << 16:"),
    ("    if size < 126:\n        return bytes", "    if size <= 126:\n        return bytes"),
]

_PATCHED: Final = (
    "Fault", "FrameReader", "close_code", "close_frame", "frame",
)  # fmt: skip


@contextmanager
def mutated(old: str, new: str) -> Iterator[None]:
    """The examples run against the broken module inside."""
    source = inspect.getsource(frames)
    assert source.count(old) == 1, old
    spec = importlib.util.spec_from_loader("broken_frames", loader=None)
    assert spec is not None
    broken: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules["broken_frames"] = broken
    exec(compile(source.replace(old, new), "broken_frames", "exec"), broken.__dict__)
    kept = {name: getattr(examples, name) for name in _PATCHED}
    try:
        for name in _PATCHED:
            setattr(examples, name, getattr(broken, name))
        yield
    finally:
        del sys.modules["broken_frames"]
        for name, value in kept.items():
            setattr(examples, name, value)


def _checks() -> Iterator[Callable[[], None]]:
    """Every example, with each of its parameters."""
    for name, test in vars(examples).items():
        if not name.startswith("test_") or hasattr(test, "hypothesis"):
            continue
        marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
        names = marks[0].args[0] if marks else ""
        rows = list(marks[0].args[1]) if marks else [()]
        for row in rows:
            values = row if isinstance(names, tuple) or not marks else (row,)
            yield partial(test, *values)


def _noticed() -> bool:
    for check in _checks():
        try:
            check()
        except (AssertionError, Exception, pytest.fail.Exception):  # noqa: BLE001 — any failure is a notice
            return True
    return False


def test_the_examples_hold_for_the_reader_itself() -> None:
    assert not _noticed()


@pytest.mark.parametrize(("old", "new"), MUTANTS)
def test_a_broken_reader_is_noticed(old: str, new: str) -> None:
    with mutated(old, new):
        assert _noticed()
