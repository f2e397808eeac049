"""What is to be said aloud, and from which character of which message.

While somebody listens, the text parts of what the agent writes are recited in the order of the messages; its
reasoning never is. The state says all of it, so a node that never saw the conversation goes on from it:

- what was being spoken when a node died, or a call broke, is recited from the last word that was settled as
  heard, and what followed it in the same answer from its beginning;
- a message in mid growth that nobody has heard anything of begins with its next word, and so does one whose listener
  turned to text meanwhile: what it was shown it has read;
- what was finished before voice began is not recited, nor what an interruption ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from legato.session.state import Message, State

FRESH: Final = 120_000
"""Milliseconds of session time after which the rest of a message is not spoken any more."""

_CLOSING: Final = frozenset(".,;:!?…)]}\"'”’»*_。！？，、")
_WIDE: Final = 0x2E80
"""From here on scripts write words without spaces between them."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Recite `message` of `author` from character `start` of its text on; `words` are there already."""

    message: str
    author: str
    response: str
    start: int
    words: str


@dataclass(frozen=True, slots=True)
class More:
    """Go on with these words."""

    message: str
    words: str


@dataclass(frozen=True, slots=True)
class Close:
    """The message has no more words."""

    message: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The message was cancelled or interrupted: silence, now."""

    message: str


Step = Begin | More | Close | Stop


class _Stage(Enum):
    WAITING = auto()
    """For the next word."""
    RECITING = auto()
    OVER = auto()


@dataclass(slots=True)
class _Told:
    stage: _Stage
    at: int = 0
    """Characters that were given out; while waiting: those that were there when voice began."""


def text_of(message: Message) -> str:
    """What of the message may be spoken."""
    return "".join(part.text for part in message.parts if part.kind == "text")


class Script:
    """The script of one session on this node."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}
        self.live = False

    def begin(self, state: State, listener: str) -> list[Step]:
        """Participant `listener` is the first to listen."""
        self.live = True
        self._told.clear()
        steps: list[Step] = []
        unheard = _unheard(state, listener)
        for message in _spoken_messages(state):
            if message.id in unheard:
                steps += self._start(message, _skip_space(text_of(message), unheard[message.id]))
            elif message.status == "open":
                self._told[message.id] = _Told(_Stage.WAITING, len(text_of(message)))
            else:
                self._told[message.id] = _Told(_Stage.OVER)
        return steps

    def end(self) -> None:
        """Nobody listens any more."""
        self.live = False
        self._told.clear()

    def look(self, state: State) -> list[Step]:
        """The state changed."""
        if not self.live:
            return []
        steps: list[Step] = []
        for message in _spoken_messages(state):
            told = self._told.get(message.id)
            if told is None:
                steps += self._start(message, 0)
            elif told.stage is not _Stage.OVER:
                steps += self._go_on(message, told)
        steps += self._gone(state)
        return steps

    def cut(self, messages: Iterable[str]) -> None:
        """These are not recited any further."""
        for message in messages:
            self._told[message] = _Told(_Stage.OVER)

    def _start(self, message: Message, start: int) -> list[Step]:
        words = text_of(message)[start:]
        if message.status in ("cancelled", "interrupted"):
            self._told[message.id] = _Told(_Stage.OVER)
            return []
        self._told[message.id] = _Told(_Stage.RECITING, start + len(words))
        begin: list[Step] = [Begin(message.id, message.by, message.response, start, words)]
        return begin + self._closing(message)

    def _go_on(self, message: Message, told: _Told) -> list[Step]:
        text = text_of(message)
        if told.stage is _Stage.WAITING:
            return self._next_word(message, told, text)
        steps: list[Step] = []
        if len(text) > told.at:
            steps.append(More(message.id, text[told.at :]))
            told.at = len(text)
        return steps + self._closing(message)

    def _next_word(self, message: Message, told: _Told, text: str) -> list[Step]:
        found = _word_after(text, told.at)
        if found < len(text) and message.status in ("open", "finished"):
            return self._start(message, found)
        if message.status != "open":
            told.stage = _Stage.OVER
        return []

    def _closing(self, message: Message) -> list[Step]:
        if message.status == "open":
            return []
        self._told[message.id].stage = _Stage.OVER
        stopped = message.status in ("cancelled", "interrupted")
        return [Stop(message.id) if stopped else Close(message.id)]

    def _gone(self, state: State) -> list[Step]:
        """Messages that left the state's window while they were recited: they have ended."""
        gone = [name for name in self._told if name not in state.entries]
        stages = {name: self._told.pop(name).stage for name in gone}
        return [Close(name) for name, stage in stages.items() if stage is _Stage.RECITING]


def _spoken_messages(state: State) -> list[Message]:
    """What the one who answers wrote, in the order it began."""
    return [
        entry
        for entry in state.transcript()
        if isinstance(entry, Message) and entry.spoken is None and _answers(state, entry.by)
    ]


def _answers(state: State, participant: str) -> bool:
    who = state.participants.get(participant)
    return participant == state.responder or (who is not None and who.role == "agent")


def _unheard(state: State, listener: str) -> dict[str, int]:
    """Messages of the last answer whose speech was not heard to its end: from which character on."""
    found: dict[str, int] = {}
    for entry in state.transcript():
        if not isinstance(entry, Message):
            continue
        if not _answers(state, entry.by) or entry.spoken is not None:
            found.clear()
        elif (
            entry.status in ("cancelled", "interrupted")
            or state.time - entry.time > FRESH
            or listener in entry.read
        ):
            continue
        elif entry.speech_end >= 0:
            heard = entry.heard.get(listener, 0)
            if heard < len(text_of(entry)) or entry.status == "open":
                found[entry.id] = heard
        elif found:
            found[entry.id] = 0
    return found


def _word_after(text: str, at: int) -> int:
    """Where the first word begins that is not yet begun at `at`; the end of the text if none does."""
    while 0 < at < len(text) and _joined(text[at - 1], text[at]):
        at += 1
    while at < len(text) and (text[at].isspace() or text[at] in _CLOSING):
        at += 1
    return at


def _joined(before: str, after: str) -> bool:
    return before.isalnum() and after.isalnum() and ord(before) < _WIDE


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
