"""What of a written answer is said, and in which pieces.

Agents write Markdown; nobody wants to hear asterisks, URLs or a program read out. And a voice needs whole
clauses, but must begin before the answer is finished. `Reciter` does both on a stream of deltas: it cuts at
the ends of sentences, the first piece already at a comma, and strips each piece. Every piece says which
characters of the message it stands for, so that what was *heard* can be told in the message's own text.

What is left out: fenced code, images (their description is said), link targets, bare URLs (their host is
said), HTML tags, the rules of tables (cells are said, with commas), emphasis marks, emoji.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

FIRST_CLAUSE: Final = 24
"""Characters after which the first piece may end at a comma."""

LONGEST: Final = 280
"""Characters after which a piece is cut at a space, though its sentence goes on."""

_FENCE: Final = re.compile(r"^[ \t]{0,3}(```+|~~~+)")
_SENTENCE: Final = re.compile(r"""[.!?…]+["'”’»)\]*_]*(?=\s)|[。！？]|\n""")
_CLAUSE: Final = re.compile(r"""[,;:–—]["'”’)\]*_]*(?=\s)|[，；：、]""")
_ABBREVIATION: Final = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|No|vs|etc|approx|e\.g|i\.e|Inc|Ltd|Jr|Sr|a\.m|p\.m)\.$"
)
_LIST_NUMBER: Final = re.compile(r"^\s*\d{1,3}[.)]$")
_OPENERS: Final = {"[": "]", "`": "`"}

_INLINE: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"<!--.*?-->", re.DOTALL), " "),
    (re.compile(r"!\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"\[([^\]]*)\]\((?:[^()]|\([^)]*\))*\)"), r"\1"),
    (re.compile(r"\[([^\]]*)\]\[[^\]]*\]"), r"\1"),
    (
        re.compile(
            r"<?https?://(?:www\.)?([^\s/>)\]]+[^\s/>)\].,;:!?])[^\s>)\]]*?>?(?=[.,;:!?]*(?:[\s)\]]|$))"
        ),
        r"\1",
    ),
    (re.compile(r"</?[A-Za-z][^<>]*>"), " "),
    (re.compile(r"`+([^`]*)`+"), r"\1"),
    (re.compile(r"(?<![\w*])\*{1,3}(?=\S)|(?<=\S)\*{1,3}(?![\w*])|\*\*"), ""),
    (re.compile(r"(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)"), ""),
    (re.compile(r"~~"), ""),
)
_ESCAPED: Final = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~])")
_HIDDEN: Final = 0xE000
_HEADS: Final = re.compile(
    r"^[ \t]*(?:>[ \t]?)*(?:#{1,6}[ \t]+|[-*+][ \t]+(?:\[[ xX]\][ \t]+)?|\d{1,3}[.)][ \t]+)?"
)
_RULE: Final = re.compile(r"^[ \t]*(?:[-*_=][ \t]*){3,}$|^[ \t|:-]*-{2,}[ \t|:-]*$")
_SPACE: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words to say at one go. They stand for characters `start` to `end` of the message."""

    text: str
    start: int
    end: int


class Reciter:
    """Turns one message's deltas into pieces to say."""

    def __init__(self, first_clause: int = FIRST_CLAUSE, longest: int = LONGEST) -> None:
        self._first_clause = first_clause
        self._longest = longest
        self._text = ""  # what is not yet cut
        self._at = 0  # its place in the message
        self._fence: str | None = None
        self._line_start = True
        self._said = False

    def push(self, delta: str) -> list[Piece]:
        """More of the message; returns the pieces that are complete with it."""
        self._text += delta
        pieces: list[Piece] = []
        while (end := self._next_cut()) is not None:
            pieces += self._cut(end)
        return pieces

    def flush(self) -> list[Piece]:
        """The message is complete: the rest of it."""
        pieces = self.push("\n") if self._text else []
        return [Piece(each.text, each.start, min(each.end, self._at - 1)) for each in pieces]

    def _next_cut(self) -> int | None:
        """Where the piece at the front ends, if that can be known already."""
        if self._fence is not None or self._line_begins_fence():
            newline = self._text.find("\n")
            return None if newline < 0 else newline + 1
        for match in _SENTENCE.finditer(self._text):
            if self._may_cut(match.end()):
                return match.end()
        if not self._said:
            for match in _CLAUSE.finditer(self._text, self._first_clause):
                if self._may_cut(match.end()):
                    return match.end()
        if len(self._text) > self._longest:
            space = self._text.rfind(" ", 0, self._longest)
            return space + 1 if space > 0 else self._longest
        return None

    def _line_begins_fence(self) -> bool:
        if not self._line_start:
            return False
        return _FENCE.match(self._text) is not None or self._text.lstrip(" \t") in ("`", "``", "~", "~~")

    def _may_cut(self, end: int) -> bool:
        """Not after an abbreviation or a list's number, not within brackets or code (of this line)."""
        head = self._text[:end]
        if head.endswith("\n"):
            return True
        if head.endswith(".") and (_ABBREVIATION.search(head) or _LIST_NUMBER.match(head)):
            return False
        if head.count("`") % 2 or head.count("[") > head.count("]"):
            return False
        return not re.search(r"\]\([^)]*$", head)

    def _cut(self, end: int) -> list[Piece]:
        raw, self._text = self._text[:end], self._text[end:]
        start, self._at = self._at, self._at + end
        line_start, self._line_start = self._line_start, raw.endswith("\n")
        if line_start or self._fence is not None:
            fence = _FENCE.match(raw)
            if self._fence is not None:
                if fence and fence[1].startswith(self._fence) and not raw.strip().strip(self._fence[0]):
                    self._fence = None
                return []
            if fence:
                self._fence = fence[1]
                return []
        text = plain(raw, line_start=line_start)
        if not text:
            return []
        self._said = True
        return [Piece(text, start, self._at)]


def plain(markdown: str, *, line_start: bool = True) -> str:
    """The words of a piece of Markdown; empty if nothing of it is said. `line_start`: it begins a line."""
    lines = [
        _plain_line(line, head=index > 0 or line_start) for index, line in enumerate(markdown.split("\n"))
    ]
    return _SPACE.sub(" ", " ".join(line for line in lines if line)).strip()


def _plain_line(line: str, *, head: bool) -> str:
    line = _ESCAPED.sub(lambda match: chr(_HIDDEN + ord(match[1])), line)
    if head:
        if _RULE.match(line):
            return ""
        line = _HEADS.sub("", line, count=1)
    for pattern, by in _INLINE:
        line = pattern.sub(by, line)
    if line.lstrip().startswith("|"):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        line = ", ".join(cell for cell in cells if cell)
    line = "".join(chr(ord(char) - _HIDDEN) if 0 <= ord(char) - _HIDDEN < 128 else char for char in line)
    line = _SPACE.sub(" ", "".join(char for char in line if not _pictorial(char))).strip()
    return line if any(char.isalnum() for char in line) else ""


def _pictorial(char: str) -> bool:
    """Emoji and other pictures, with the invisible characters that join them."""
    if char in "\u200d\ufe0e\ufe0f\u20e3" or 0x1F1E6 <= ord(char) <= 0x1F1FF:
        return True
    return (unicodedata.category(char) in ("So", "Sk", "Cs", "Co", "Cn") and ord(char) > 0x2000) or (
        0x1F000 <= ord(char) <= 0x1FAFF
    )  # fmt: skip
