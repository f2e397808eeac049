"""PROTOCOL.md names every message and each of its fields, and what is generated is not stale."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import inspect

from legato.session import commands, events
from legato.wire import down, up

ROOT: Final = Path(__file__).parent.parent.parent
EVERY: Final[dict[str, tuple[type[Any], ...]]] = {
    "Envelopes up": up.KINDS_UP,
    "Envelopes down": down.KINDS_DOWN,
    "Commands": commands.KINDS,
    "Events": tuple(events.KINDS),
}


def by_hand_and_tables() -> tuple[str, dict[str, str]]:
    """What is written by hand, and the tables of the last section by their headings."""
    by_hand, _, generated = (ROOT / "PROTOCOL.md").read_text("utf-8").partition("## 17 Every message")
    assert generated, "PROTOCOL.md has no section 17"
    tables = (part.partition("\n") for part in generated.split("\n### ")[1:])
    return by_hand, {heading.strip(): table for heading, _, table in tables}


@pytest.mark.parametrize("heading", EVERY)
def test_every_message_and_each_of_its_fields_is_named(heading: str) -> None:
    _, tables = by_hand_and_tables()
    rows = {line.split("`")[1]: line for line in tables[heading].splitlines() if line.startswith("| `")}
    for kind in EVERY[heading]:
        info = inspect.type_info(kind)
        assert isinstance(info, inspect.StructType)
        row = rows.pop(str(info.tag))
        for field in info.fields:
            if heading == "Events" and field.encode_name in ("by", "offset", "time"):
                continue
            mark = "" if field.required else "?"
            assert f"`{field.encode_name}{mark}` " in row, f"{info.tag} lacks {field.encode_name}"
        assert not row.rstrip().endswith("| |"), f"{info.tag} is not explained"
    assert set(rows) <= {"type"}, "a message that there is not"


@pytest.mark.parametrize("kind", [*up.KINDS_UP, *down.KINDS_DOWN], ids=lambda kind: kind.__name__)
def test_every_envelope_is_also_told_of_in_words(kind: type[Any]) -> None:
    by_hand, _ = by_hand_and_tables()
    name = str(kind.__struct_config__.tag)
    assert f"`{name}`" in by_hand or f'"type":"{name}"' in by_hand


@pytest.mark.parametrize("kind", [*commands.KINDS, *events.KINDS], ids=lambda kind: kind.__name__)
def test_every_command_and_event_is_also_told_of_in_words(kind: type[Any]) -> None:
    by_hand, _ = by_hand_and_tables()
    name = str(kind.__struct_config__.tag)
    assert f"`{name}`" in by_hand or f"`{name} {{" in by_hand


def test_the_table_of_events_has_each_of_them_once_and_no_other() -> None:
    by_hand, _ = by_hand_and_tables()
    section = by_hand.partition("\n## 5 Events\n")[2].partition("\n### ")[0]
    rows = [line.split("|")[2] for line in section.splitlines() if line.startswith("| ")][1:]
    named = [name for row in rows for name in row.replace("`", "").split()]
    assert sorted(named) == sorted(str(kind.__struct_config__.tag) for kind in events.KINDS)


@pytest.mark.parametrize("script", ["generate_protocol.py", "generate_types.py"])
def test_what_is_written_from_the_types_is_not_stale(script: str) -> None:
    # Of this tree, whichever one is installed.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    told = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), "--check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
