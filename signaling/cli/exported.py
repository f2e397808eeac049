"""The lines of an exported audit, each linked to the one before it, so that the file can be checked by itself.

    link[0] = SHA-256("legato-audit-1")
    link[n] = SHA-256(link[n-1] | line n without its link)

The link stands last in its line, as text: what is checked are the very bytes. Acts, refusals and the verdict are links
alike, and the verdict is last. A line that was changed, removed, put in or swapped breaks the link where it stands; an
end that is missing lacks the verdict. Who rewrites the whole file can make another whole one: its last link, kept
apart, tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

import msgspec

_GENESIS: Final = sha256(b"legato-audit-1").digest()
_BEFORE: Final = ',"link":"'
_AFTER: Final = '"}'
_DIGITS: Final = 2 * sha256().digest_size
VERDICT: Final = "verified"
_LEADS_NOT: Final = "the chain does not lead here: a line was changed, removed, put in or swapped"


class Linked:
    """Links lines as they are written."""

    def __init__(self) -> None:
        self._last = _GENESIS

    def line(self, said: dict[str, Any]) -> str:
        """The next line."""
        plain = msgspec.json.encode(said)
        self._last = sha256(self._last + plain).digest()
        return f"{plain[:-1].decode()}{_BEFORE}{self._last.hex()}{_AFTER}"


@dataclass(slots=True)
class Export:
    """What stands in an export: `acts` and `refused` lines, the hub's `verdict` when it was written, and the last
    `link`. `fault`: what is wrong with the file, for people ("": nothing is)."""

    fault: str = ""
    acts: int = 0
    refused: int = 0
    verdict: dict[str, Any] = field(default_factory=dict)
    link: str = ""


def fault_in(lines: Iterable[str]) -> str:
    """What is wrong with an export, for people; "" if nothing is."""
    return read_export(lines).fault


def read_export(lines: Iterable[str]) -> Export:
    """Check and count the lines of an export, up to the first that is wrong. What is no UTF-8 in them is read as
    surrogates."""
    found, last, number = Export(), _GENESIS, 0
    for number, line in enumerate(lines, 1):
        if found.verdict:
            return replace(found, fault=f"line {number}: it stands behind the verdict")
        plain, link = _parts(line.rstrip("\n"))
        if not link:
            return replace(found, fault=f"line {number}: it has no link")
        last = sha256(last + plain).digest()
        if link != last.hex():
            return replace(found, fault=f"line {number}: {_LEADS_NOT}")
        try:
            said = msgspec.json.decode(plain, type=dict[str, Any])
        except msgspec.DecodeError:
            return replace(found, fault=f"line {number}: it is no JSON object")
        found.link = link
        if VERDICT in said:
            found.verdict = said
        elif said.get("type") == "refused":
            found.refused += 1
        else:
            found.acts += 1
    if not found.verdict:
        found.fault = f"line {number + 1}: the verdict is not there: the end was removed"
    return found


def _parts(text: str) -> tuple[bytes, str]:
    """A line without its link, and the link ("": it has none)."""
    at = len(text) - len(_AFTER) - _DIGITS - len(_BEFORE)
    if at < 1 or not text[at:].startswith(_BEFORE) or not text.endswith(_AFTER):
        return b"", ""
    return text[:at].encode("utf-8", "surrogateescape") + b"}", text[at + len(_BEFORE) : -len(_AFTER)]
