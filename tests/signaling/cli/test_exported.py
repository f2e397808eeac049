"""An exported audit is checked by itself: any line that is not as it was written is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from signaling.cli.auditing import audit
from signaling.cli.exported import Linked, fault_in


def exported() -> list[str]:
    linked = Linked()
    acts = [
        {"type": "message_posted", "offset": n, "text": f"“{n}”, she said", "digest": "00"} for n in range(4)
    ]
    refused: list[dict[str, Any]] = [
        {"type": "refused", "by": "p_eve", "asked": "take_over"},
        {"type": "refused", "by": "p_ben"},
    ]
    verdict: dict[str, Any] = {"verified": True, "entries": 4}
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


def test_the_command_checks_a_file_without_a_hub(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    for lines, code in ((exported(), 0), (exported()[:-1], 1)):
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        assert CliRunner().invoke(audit, ["--verify", str(file)]).exit_code == code
