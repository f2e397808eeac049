"""The page on the console's keys says what the sheet in the console says, and the sheet knows every key there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
CONSOLE: Final = ROOT / "web" / "src" / "console"
OF_NO_BUTTON: Final = {"/", "↑ ↓", "1–9", "↑", "Esc", "?"}
"""On the sheet, and borne by no one button."""


def sheet() -> list[tuple[str, str]]:
    """The rows of `KEYS`, as the console shows them."""
    listed = (CONSOLE / "keys.tsx").read_text().partition("KEYS = [")[2].partition("] as const;")[0]
    return re.findall(r'\["([^"]+)", "([^"]+)"\]', listed)


def test_the_page_says_what_the_sheet_says() -> None:
    page = (ROOT / "docs" / "console.md").read_text()
    assert re.findall(r"^\| `([^`]+)` \| (.+) \|$", page, re.MULTILINE) == sheet() != []


def test_every_key_of_the_sheet_is_borne_by_a_button_and_there_are_no_others() -> None:
    source = "".join(path.read_text() for path in sorted(CONSOLE.glob("*.ts*")))
    borne = re.findall(r'\bkeyed\("(\w)"\)|\bkey: "(\w)"|\bstance\("(\w)"', source)
    assert {key for keys in borne for key in keys if key} == {key for key, _ in sheet()} - OF_NO_BUTTON
    assert "keyed(by)" in source, "1 to 9"


def test_one_place_listens_to_keys_and_says_which_a_button_bears() -> None:
    own = re.compile(r'addEventListener\("key|event\.key\b|data-key=|aria-keyshortcuts=')
    found = {path.name: len(own.findall(path.read_text())) for path in CONSOLE.glob("*.ts*")}
    here = {"keys.tsx", "writing.tsx"}
    assert {name for name, many in found.items() if many} == here, "writing.tsx: ↑ in its field"
    assert found["writing.tsx"] == 1
