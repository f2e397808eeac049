"""The page on the console's keys says what the sheet in the console says, and the sheet knows every key there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
CONSOLE: Final = ROOT / "web" / "src" / "console"


def sheet() -> list[tuple[str, str]]:
    """The rows of `KEYS`, as the console shows them."""
    listed = (CONSOLE / "keys.tsx").read_text().partition("KEYS:")[2].partition("];")[0]
    return re.findall(r'\["([^"]+)", "([^"]+)"\]', listed)


def test_the_page_says_what_the_sheet_says() -> None:
    page = (ROOT / "docs" / "console.md").read_text()
    assert re.findall(r"^\| `([^`]+)` \| (.+) \|$", page, re.MULTILINE) == sheet() != []


def test_every_key_that_the_console_listens_to_is_on_the_sheet() -> None:
    source = "".join(path.read_text() for path in sorted(CONSOLE.glob("*.ts*")))
    verbs = re.findall(r'\bkey: "(\w)"|stance\("(\w)"', source)
    pressed = re.findall(r'data-key=(?:"(\w)"|\{[^}]*"(\w)")|event\.key [!=]== "(\w|\?)"', source)
    found = {key for keys in (*verbs, *pressed) for key in keys if key}
    assert found >= {"m", "t", "h", "l", "a", "p", "d", "x", "n", "?"}
    assert found <= {key for key, _ in sheet()}
