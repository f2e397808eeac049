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
from hashlib import sha256
from typing import Any, Final

import msgspec

_GENESIS: Final = sha256(b"legato-audit-1").digest()
_BEFORE: Final = ',"link":"'
_AFTER: Final = '"}'
_DIGITS: Final = 2 * sha256().digest_size
VERDICT: Final = "verified"


class Linked:
    """Links lines as they are written."""

    def __init__(self) -> None:
        self._last = _GENESIS

    def line(self, said: dict[str, Any]) -> str:
        """The next line."""
        plain = msgspec.json.encode(said)
        self._last = sha256(self._last + plain).digest()
        return f"{plain[:-1].decode()}{_BEFORE}{self._last.hex()}{_AFTER}"


def fault_in(lines: Iterable[str]) -> str:
    """What is wrong with an export, for people; "" if nothing is."""
    last, ended, number = _GENESIS, False, 0
    for number, line in enumerate(lines, 1):
        if ended:
            return f"line {number}: it stands behind the verdict"
        text = line.rstrip("\n")
        at = len(text) - len(_AFTER) - _DIGITS - len(_BEFORE)
        if at < 1 or not text[at:].startswith(_BEFORE) or not text.endswith(_AFTER):
            return f"line {number}: it has no link"
        plain = text[:at].encode() + b"}"
        last = sha256(last + plain).digest()
        if text[at + len(_BEFORE) : -len(_AFTER)] != last.hex():
            return (
                f"line {number}: the chain does not lead here: a line was changed, removed, put in or swapped"
            )
        ended = VERDICT in msgspec.json.decode(plain)
    return "" if ended else f"line {number + 1}: the verdict is not there: the end was removed"
