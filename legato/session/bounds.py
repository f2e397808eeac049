"""What the state forgets, so that it stays small however long the session lasts.

Only counts and code points decide (never bytes, UTF-16 units or time), so that every language forgets the
same: in JavaScript a text's weight is `[...text].length`. Nothing here depends on the order of keys in a map,
which a snapshot does not keep.

- Ended entries of the transcript: the newest 20 by ordinal, and of these the newest whose weights add up to
  at most 24 000, but always the very newest. What goes is in the paged history.
- Participants who left: the last 32, by (since, id).
- Turns: the newest 128, by (at, id).
- Answers that ended: the newest 4. Whispers: the newest 8. Drafts: the newest 3. Who let a request pass: the newest 16;
  targets that were told of it: the first 16.
- Stretches in which people answered: the newest 4, of each the newest 20 promises and 16 names of tools. What people
  who help left for the record: the newest 8.
- Of each message's speech, the newest 32 stretches and the newest 512 words.
- Events of later versions: the newest 64 whose weights add up to at most 8 000.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from legato.session.state import KEPT, KEPT_UNKNOWN, Entry, Message, State

KEPT_WEIGHT: Final = 24_000
KEPT_LEFT: Final = 32
KEPT_TURNS: Final = 128
KEPT_STARTED: Final = 64
KEPT_GAPS: Final = 32
KEPT_ANSWERED: Final = 4
KEPT_WHISPERS: Final = 8
KEPT_DRAFTS: Final = 3
KEPT_PASSED: Final = 16
KEPT_TOLD: Final = 16
KEPT_HELPED: Final = 4
KEPT_NOTED: Final = 8
KEPT_PROMISES: Final = 20
KEPT_TOOLS: Final = 16
KEPT_REOPENED: Final = 8
KEPT_STRETCHES: Final = 32
KEPT_SPEECH_WORDS: Final = 512
KEPT_MISSED: Final = 16
UNKNOWN_WEIGHT: Final = 8_000

WORD_WEIGHT: Final = 24
"""What a spoken word weighs beside its text: its two media times."""

SCALAR_WEIGHT: Final = 8
"""What a number, a boolean or null weighs."""


def overflow(state: State) -> list[Entry]:
    """Take the ended entries that no longer fit out of the state, and return them, oldest first."""
    room, kept = KEPT_WEIGHT, 0
    ended = state.ended_entries()
    for entry in reversed(ended):
        room -= weight(entry)
        if kept == KEPT or (kept and room < 0):
            break
        kept += 1
    gone = ended[: len(ended) - kept]
    for entry in gone:
        del state.entries[entry.id]
    return gone


def forget_left(state: State) -> None:
    """Forget those who left longest ago."""
    left = sorted((who.since, who.id) for who in state.participants.values() if who.left)
    for _, id in left[:-KEPT_LEFT]:
        del state.participants[id]


def forget_turns(state: State) -> None:
    """Forget the oldest turns if there are far too many."""
    if len(state.turns) > KEPT_TURNS:
        oldest = sorted((turn.at, turn.id) for turn in state.turns.values())
        for _, id in oldest[:-KEPT_TURNS]:
            del state.turns[id]


def newest_unknown(raws: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest of them that fit."""
    room, kept = UNKNOWN_WEIGHT, 0
    for raw in reversed(raws):
        room -= json_weight(raw)
        if kept == KEPT_UNKNOWN or room < 0:
            break
        kept += 1
    return raws[len(raws) - kept :]


def weight(entry: Entry) -> int:
    """The code points of all texts of the entry; each word that was said weighs 24 more."""
    if not isinstance(entry, Message):
        return _length((entry.name, entry.arguments, entry.text, entry.result, entry.reason))
    total = len(entry.reason)
    for part in entry.parts:
        total += _length((part.text, part.name, part.type, part.sha256))
    if entry.spoken is not None:
        total += sum(len(word.text) + WORD_WEIGHT for word in entry.spoken.words)
    return total + WORD_WEIGHT * len(entry.speech_words)


def json_weight(value: Any) -> int:
    """The code points of all keys and texts in a JSON value; any other scalar weighs 8."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + json_weight(each) for key, each in value.items())
    if isinstance(value, list):
        return sum(json_weight(each) for each in value)
    return SCALAR_WEIGHT


def _length(texts: Iterable[str]) -> int:
    return sum(len(text) for text in texts)
