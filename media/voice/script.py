"""What is to be said aloud, and from which character of which message.

While somebody listens, the text parts of what the agent writes are recited in the order of the messages; its
reasoning never is, nor what it writes in a part of an answer. The state says all of it, so a node that never saw the
conversation goes on from it:

- what was being spoken when a node died, or a call broke, is recited from where the store's speech of it ends (who
  listens has heard, or gets, what is stored: `media.voice.rest`), and what followed it in the same answer from its
  beginning;
- a message in mid growth that nobody has heard anything of begins with its next word, and so does one whose listener
  turned to text meanwhile: what it was shown it has read;
- what an agent brings the sound of is not recited, but played as it comes;
- what was finished before voice began is not recited, nor what an interruption ended.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from legato.session import events as e
from legato.session.state import Message, State
from media.portions import Point
from media.voice.rest import Rest, answers, made, text_of

_CLOSING: Final = frozenset(".,;:!?…)]}\"'”’»*_。！？，、")
BROUGHT: Final = 64
"""Messages whose sound an agent brings itself that are remembered."""

_WIDE: Final = 0x2E80
"""From here on scripts write words without spaces between them."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Recite `message` of `author` from character `start` of its text on; `words` are there already. Its first
    `samples` were made before, and say what `points` say. `brought`: with the sound that its agent brings."""

    message: str
    author: str
    response: str
    start: int
    words: str
    samples: int = 0
    points: tuple[Point, ...] = ()
    brought: bool = False


@dataclass(frozen=True, slots=True)
class Whole:
    """All of the message was made before."""

    message: str


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


Step = Begin | Whole | More | Close | Stop


@dataclass(frozen=True, slots=True)
class Written:
    """What stood there when somebody turned to listen, at `offset` of the log: how many characters of each message
    that was still open. All that came after is theirs to hear."""

    offset: int
    characters: Mapping[str, int]


def written(state: State, later: Sequence[e.Event] = ()) -> Written:
    """What stood there before the newest events of the state, which are `later`."""
    since = Counter[str]()
    for event in later:
        if isinstance(event, e.MessageGrown) and event.kind == "text":
            since[event.message] += len(event.text)
    ended = {event.message for event in later if isinstance(event, e.MessageEnded)}
    still = [each for each in _spoken_messages(state) if each.status == "open" or each.id in ended]
    offset = later[0].offset - 1 if later else state.offset
    return Written(offset, {each.id: len(text_of(each)) - since[each.id] for each in still})


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


class Script:
    """The script of one session on this node."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}
        self._brought: deque[str] = deque(maxlen=BROUGHT)
        self.live = False

    def begin(
        self, state: State, rests: Sequence[Rest] = (), seen: int | None = None, turned: Written | None = None
    ) -> list[Step]:
        """Somebody is the first to listen, who has `rests` of what was said up to offset `seen` (None: now), and who
        `turned` to listen when so much stood there (None: now)."""
        self.live = True
        self._told.clear()
        goes_on = {rest.message for rest in rests} | {*self._brought}
        there = turned if turned is not None else written(state)
        for message in _spoken_messages(state):
            if message.at > (turned.offset if turned is not None else state.offset if seen is None else seen):
                continue
            if message.id not in goes_on and message.id in there.characters:
                self._told[message.id] = _Told(_Stage.WAITING, there.characters[message.id])
            else:
                self._told[message.id] = _Told(_Stage.OVER)
        return self.take_up(state, rests) + self.look(state)

    def take_up(self, state: State, rests: Sequence[Rest]) -> list[Step]:
        """Go on with messages of which these rests are there, in their order."""
        steps: list[Step] = []
        for rest in rests:
            message = state.entries.get(rest.message)
            if isinstance(message, Message):
                steps += self._start(message, _skip_space(text_of(message), rest.characters), rest)
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
            if told is None and message.id in self._brought:
                self._told[message.id] = _Told(_Stage.OVER)
            elif told is None:
                steps += self._start(message, 0)
            elif told.stage is not _Stage.OVER:
                steps += self._go_on(message, told)
        steps += self._gone(state)
        return steps

    def brought(self, message: str) -> None:
        """Its sound comes from the agent itself: it is not recited, be it there already or not."""
        self._brought.append(message)
        self.cut([message])

    def cut(self, messages: Iterable[str]) -> None:
        """These are not recited any further."""
        for message in messages:
            self._told[message] = _Told(_Stage.OVER)

    def _start(self, message: Message, start: int, rest: Rest | None = None) -> list[Step]:
        words = "" if self._is_brought(message) else text_of(message)[start:]
        if message.status in ("cancelled", "interrupted"):
            self._told[message.id] = _Told(_Stage.OVER)
            return [Stop(message.id)] if rest is not None else []
        whole = not words and (
            not self._is_brought(message) or (rest is not None and rest.end >= made(message))
        )
        if rest is not None and whole and message.status == "finished":
            self._told[message.id] = _Told(_Stage.OVER)
            return [Whole(message.id)]
        self._told[message.id] = _Told(_Stage.RECITING, start + len(words))
        if self._is_brought(message):
            return self._play(message, rest.end if rest is not None else 0)
        samples, points = (rest.end if rest is not None else made(message)), message.speech_words
        begin: list[Step] = [Begin(message.id, message.by, message.response, start, words, samples, points)]
        return begin + self._closing(message)

    def _play(self, message: Message, samples: int) -> list[Step]:
        """What its agent brings, from this sample on."""
        self._told[message.id] = _Told(_Stage.RECITING)
        start, points = (message.speech_characters, message.speech_words) if samples else (0, ())
        return [
            Begin(message.id, message.by, message.response, start, "", samples, points, brought=True),
            *self._closing(message),
        ]

    def _is_brought(self, message: Message) -> bool:
        return message.brought or message.id in self._brought

    def _go_on(self, message: Message, told: _Told) -> list[Step]:
        text = text_of(message)
        if told.stage is _Stage.WAITING:
            return self._next_word(message, told, text)
        steps: list[Step] = []
        if len(text) > told.at and not self._is_brought(message):
            steps.append(More(message.id, text[told.at :]))
            told.at = len(text)
        return steps + self._closing(message)

    def _next_word(self, message: Message, told: _Told, text: str) -> list[Step]:
        if self._is_brought(message) and message.status == "open":
            return self._play(message, made(message))
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
        if isinstance(entry, Message)
        and entry.spoken is None
        and not entry.aside
        and answers(state, entry.by)
    ]


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
