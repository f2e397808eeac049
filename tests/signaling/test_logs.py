"""What the code says beside a log line, and what is written of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from signaling.logs import FIELDS
from tests.support.processes import ROOT


def said(file: Path) -> Iterator[str]:
    """The names of what a file's log lines say besides their message."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.keyword) and node.arg == "extra" and isinstance(node.value, ast.Dict):
            yield from (str(key.value) for key in node.value.keys if isinstance(key, ast.Constant))


def test_nothing_that_the_hub_says_beside_a_log_line_is_left_out() -> None:
    files = [file for folder in ("hub", "media", "signaling") for file in (ROOT / folder).rglob("*.py")]
    found = {name for file in files for name in said(file)}
    assert "session" in found, "it looks where they are"
    assert found <= FIELDS
