"""What the ears of one microphone bring, as the log has it: turns, words, marks.

A turn begins with speech and ends when a `Listener` says so; its words are one message of who spoke, posted
when the turn is over and understood. Of a turn that goes on for long, what is understood is posted every few
seconds, so that little is lost with a node. The turn ends by one `turn_ended`, in the same batch as its last
words: from then on it waits for an answer, once. A turn without words asks for none.

Marks are told relative to the end of speech, on the node's monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from legato.session import events as e
from legato.session.ids import HUB
from legato.session.parts import Part, Spoken, Word
from legato.speech import Heard
from media.listener import ListenerEvent, Transcript, TurnHeard
from media.opus import RATE
from media.turns import TurnEnded, TurnStarted

POST_AFTER: Final = 6 * RATE
"""Samples of a turn that may wait for its end before what is understood of them is posted."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Turn `turn` ended; its speech did at `at` (monotonic ms). `words`: it asks for an answer."""

    turn: str
    at: int
    words: bool


@dataclass(frozen=True, slots=True)
class Written:
    """What one event of a listener comes to. `interim`: the words of `turn` so far, not yet final."""

    events: list[e.Event] = field(default_factory=list)
    turn: str = ""
    interim: str | None = None
    ended: Ended | None = None


@dataclass(slots=True)
class _Turn:
    id: str
    start: int
    speech_end_at: int = 0
    ended: bool = False
    posted: bool = False
    pieces: list[Heard] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(piece.text for piece in self.pieces)


class Minutes:
    """See the module. `at` gives the monotonic ms of a media time, `new_id` makes ids."""

    def __init__(
        self, participant: str, track: str, at: Callable[[int], int], new_id: Callable[[str], str]
    ) -> None:
        self._participant = participant
        self._track = track
        self._at = at
        self._new_id = new_id
        self._turns: dict[int, _Turn] = {}

    def hear(self, event: ListenerEvent, now: int, *, understood: bool = True) -> Written:
        """An event of the listener. Without ears (`understood` false) a turn ends with its sound."""
        if isinstance(event, TurnStarted):
            turn = self._turns[event.number] = _Turn(self._new_id("u"), event.at)
            begun = e.TurnStarted(by=HUB, turn=turn.id, participant=self._participant)
            return Written([begun], turn.id)
        if isinstance(event, TurnEnded):
            return self._sound_ended(event, now, understood=understood)
        if isinstance(event, Transcript):
            return self._transcript(event)
        if isinstance(event, TurnHeard):
            return self._heard(event, now)
        return Written()

    def silent_end(self, number: int, *, asks: bool) -> list[e.Event]:
        """End a turn that nobody here understands; `asks`: an agent listens by itself and will answer."""
        turn = self._turns.pop(number, None)
        return [] if turn is None else [e.TurnEnded(by=HUB, turn=turn.id, empty=not asks)]

    def knows(self, turn: str) -> bool:
        """Whether the turn is open here."""
        return any(each.id == turn for each in self._turns.values())

    def abandon(self) -> list[e.MessagePosted | e.TurnEnded]:
        """The microphone goes for good: what is open ends here, incomplete."""
        events: list[e.MessagePosted | e.TurnEnded] = []
        for turn in self._turns.values():
            events += self._post(turn)
            events.append(e.TurnEnded(by=HUB, turn=turn.id, empty=not turn.posted, incomplete=True))
        self._turns.clear()
        return events

    def _sound_ended(self, event: TurnEnded, now: int, *, understood: bool) -> Written:
        turn = self._turns.get(event.number)
        if turn is None:
            return Written()
        base = turn.speech_end_at = self._at(event.speech_end)
        turn.ended = True
        marks: list[e.Event] = [
            self._mark(turn, "speech_started", self._at(event.start) - base, event.start),
            self._mark(turn, "end_of_speech", 0, event.speech_end),
            self._mark(turn, "end_of_turn", now - base, event.at),
        ]
        return Written(marks, turn.id, ended=None if understood else Ended(turn.id, base, words=False))

    def _transcript(self, event: Transcript) -> Written:
        turn = self._turns.get(event.turn)
        heard = event.heard
        if turn is None or not heard.text:
            return Written()
        words = f"{turn.text} {heard.text}".strip()
        if not heard.final:
            return Written([], turn.id, words)
        turn.pieces.append(heard)
        if heard.end - turn.pieces[0].start < POST_AFTER:
            return Written([], turn.id, words)
        return Written([*self._post(turn)], turn.id, "")

    def _heard(self, event: TurnHeard, now: int) -> Written:
        turn = self._turns.pop(event.turn.number, None)
        if turn is None:
            return Written()
        events: list[e.Event] = []
        final = turn.posted or bool(turn.pieces)
        if final:
            events += [
                *self._post(turn, ends=not event.turn.incomplete),
                self._mark(turn, "transcript_final", now - turn.speech_end_at, -1),
            ]
        incomplete = event.turn.incomplete or bool(event.failed)
        events.append(e.TurnEnded(by=HUB, turn=turn.id, empty=not final, incomplete=incomplete))
        return Written(events, turn.id, "", Ended(turn.id, turn.speech_end_at, words=final))

    def _post(self, turn: _Turn, *, ends: bool = False) -> list[e.MessagePosted]:
        """The pieces that wait, as one message."""
        if not turn.pieces:
            return []
        words = [Word(word.text, word.start, word.end) for piece in turn.pieces for word in piece.words]
        spoken = Spoken(self._track, turn.pieces[0].start, turn.pieces[-1].end, words)
        posted = e.MessagePosted(
            by=self._participant,
            message=self._new_id("m"),
            parts=[Part("text", turn.text)],
            turn=turn.id,
            ends_turn=ends,
            spoken=spoken,
        )
        turn.pieces, turn.posted = [], True
        return [posted]

    def _mark(self, turn: _Turn, mark: e.Mark, at_ms: int, media_time: int) -> e.Event:
        return e.TurnMarked(by=HUB, turn=turn.id, mark=mark, at_ms=at_ms, media_time=media_time)
