"""An exported audit is checked by itself: any line that is not as it was written is found."""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click import Command
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from signaling.cli.auditing import audit
from signaling.cli.exported import Linked, fault_in, read_export
from signaling.cli.keeping import verify


def exported(*, whole: bool = True) -> list[str]:
    linked = Linked()
    acts = [
        {"type": "message_posted", "offset": n, "text": f"“{n}”, she said", "digest": "00"} for n in range(4)
    ]
    refused: list[dict[str, Any]] = [
        {"type": "refused", "by": "p_eve", "asked": "take_over"},
        {"type": "refused", "by": "p_ben"},
    ]
    verdict: dict[str, Any] = {"verified": whole, "entries": 4, "tenant": "main", "session": "s_1"}
    return [linked.line(each) for each in [*acts, *refused, verdict]]


def test_an_export_as_it_was_written_has_no_fault() -> None:
    assert fault_in(exported()) == ""
    assert fault_in(f"{line}\n" for line in exported()) == ""


@pytest.mark.parametrize("number", range(7))
def test_a_line_that_was_changed_removed_doubled_or_swapped_is_found(number: int) -> None:
    lines = exported()
    changed = [line.replace("e", "a", 1) if place == number else line for place, line in enumerate(lines)]
    assert fault_in(changed).startswith(f"line {number + 1}:")
    assert fault_in(lines[:number] + lines[number + 1 :]).startswith(f"line {number + 1}:")
    assert fault_in([*lines[: number + 1], *lines[number:]]).startswith(f"line {number + 2}:")
    if number:
        swapped = [*lines[: number - 1], lines[number], lines[number - 1], *lines[number + 1 :]]
        assert fault_in(swapped).startswith(f"line {number}:")


def test_what_has_no_links_or_no_end_is_no_export() -> None:
    assert fault_in([]) != ""
    assert fault_in(["{}"]).startswith("line 1:")
    assert fault_in(["", *exported()]).startswith("line 1:")
    assert fault_in([*exported(), *exported()]).startswith("line 8:")


@pytest.mark.parametrize(("command", "option"), [(audit, "--verify"), (verify, "--file")])
def test_the_command_checks_a_file_without_a_hub(tmp_path: Path, command: Command, option: str) -> None:
    file = tmp_path / "audit.jsonl"
    for lines, code in ((exported(), 0), (exported()[:-1], 1), (exported(whole=False), 1)):
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        told = CliRunner().invoke(command, [option, str(file)])
        assert told.exit_code == code
        if len(lines) == 7:
            assert "main/s_1, 4 acts, 2 refusals" in told.output
            assert f"last link: {lines[-1][-66:-2]}" in told.output
            assert ("were not whole" in told.output) == (code == 1)


@given(st.data())
def test_a_changed_byte_is_found_whatever_it_is(data: st.DataObject) -> None:
    raw = bytearray("\n".join(exported()).encode() + b"\n")
    raw[data.draw(st.integers(0, len(raw) - 2))] ^= data.draw(st.integers(1, 255))
    lines = io.TextIOWrapper(io.BytesIO(bytes(raw)), "utf-8", "surrogateescape", "\n")
    assert read_export(lines).fault != ""


def test_what_is_linked_and_no_act_is_no_export() -> None:
    plain = b"[1]"
    link = sha256(sha256(b"legato-audit-1").digest() + b"[1}").hexdigest()
    assert read_export([f'{plain[:-1].decode()},"link":"{link}"}}']).fault == "line 1: it is no JSON object"
