"""One microphone track, from Opus frames to marks and transcripts.

`push` decodes a frame, asks the judge, and returns the marks that came of it: synchronous, some 100 µs a
frame, so that barge-in is known at once. What takes longer happens in `run`, one task a track: each
utterance goes to the ears as it is spoken, and its words come out as events; and a judge of endings may be asked
whether what was said sounds finished (`media.endings`). Frames must come in order of
media time (`media.order` puts them so, and waits for what is sent again after a gap).

The order of events within a turn: `TurnStarted`, `SpeechStarted`, `SpeechEnded`, `Transcript`s (which may be
later than the `TurnEnded`), `TurnEnded`, and last `TurnHeard` with all the words of the turn. Suspicions of
speech (`media.suspicion`) are told as they come, in a turn and out of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from legato.speech import Ears, Heard, Pcm, SpeechFailed, Word
from media.activity import Activity, Patience, SpeechMark, SpeechStarted
from media.codecs import Decoder
from media.detectors import JUDGE_RATE, WINDOW_BYTES, Judge, best_judge
from media.echo import EchoGuard
from media.endings import Endings, SecondJudge
from media.frames import Frame
from media.opus import RATE, BadOpus
from media.suspicion import Suspicion, SuspicionMark
from media.turns import SILENCE, Stage, TurnEnded, TurnMark, Turns
from media.utterances import Utterances

MAX_PENDING: Final = 2_000
"""Pieces of sound (20 ms each) that may wait for the ears; beyond that an utterance loses its end."""

_WINDOW: Final = WINDOW_BYTES // 2 * RATE // JUDGE_RATE


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was understood of an utterance of turn `turn`. Guesses are replaced until `heard.final`."""

    turn: int
    heard: Heard


@dataclass(frozen=True, slots=True)
class TurnHeard:
    """All the words of a turn, after it ended and the last of its utterances was understood.

    `failed`: the reason if the ears gave up on a part of it.
    """

    turn: TurnEnded
    text: str
    words: tuple[Word, ...]
    failed: str = ""


Mark = SpeechMark | TurnMark
ListenerEvent = Mark | SuspicionMark | Transcript | TurnHeard


@dataclass(frozen=True, slots=True)
class ListenerOptions:
    """`silence`: milliseconds that end a turn. `judge`: makes the detector of speech. `endings`: who may ask for more
    time where somebody pauses in mid sentence; None: nobody."""

    silence: int = SILENCE
    patience: Patience = field(default_factory=Patience)
    judge: Callable[[], Judge] = best_judge
    endings: Endings | None = None


class Listener:
    """Hears one track. `emit` is called on the loop with every event, in order; it must not wait.

    Without `ears` there are marks and no transcripts; without a judge of endings either, `run` is not needed.
    What `guard` knows for an echo is no speech.
    """

    def __init__(
        self,
        emit: Callable[[ListenerEvent], None],
        ears: Ears | None = None,
        options: ListenerOptions | None = None,
        guard: EchoGuard | None = None,
    ) -> None:
        options = options or ListenerOptions()
        self._emit = emit
        self._ears = ears
        self._guard = guard
        # Made with the first frame: they are most of what a track holds, and not every track is listened to.
        self._make_judge = options.judge
        self._hearing: tuple[Decoder, Judge] | None = None
        self._activity = Activity(options.patience)
        self._suspicion = Suspicion()
        self._turns = Turns(options.silence)
        self._second = SecondJudge(options.endings, self._turns.speak_on) if options.endings else None
        self._utterances = Utterances()
        self._pending: asyncio.Queue[_Work] = asyncio.Queue()
        self._rest = b""
        self._at = 0  # media time of the first sample of `_rest`
        self._next = -1  # media time after the newest frame
        self.refused = 0
        """Packets that could not be decoded: silence instead."""
        self.dropped = 0
        """Pieces of sound that the ears were too slow for."""

    def push(self, frame: Frame, now: int) -> list[Mark]:
        """A frame of the track; returns the marks that it brings (which are emitted, too)."""
        if frame.media_time < self._next:
            return []
        if frame.media_time > self._next:
            self._rest, self._at = b"", frame.media_time
        self._next = frame.end
        decoder, judge = self._hearing = self._hearing or (Decoder(JUDGE_RATE), self._make_judge())
        try:
            pcm = decoder.push(frame.payload)
        except BadOpus:
            self.refused += 1
            pcm = decoder.silence(frame.samples)
        self._rest += pcm
        marks: list[Mark] = []
        while len(self._rest) >= WINDOW_BYTES:
            window, self._rest = self._rest[:WINDOW_BYTES], self._rest[WINDOW_BYTES:]
            marks += self._window(window, self._at, judge, now)
            self._at += _WINDOW
        return marks + self._tell(self._turns.heard(frame.end, now))

    def hold(self, now: int) -> None:
        """Audio is missing and will be sent again: the turn waits for it."""
        self._turns.hold(now)

    def release(self, now: int) -> list[Mark]:
        """What was missing has come."""
        return self._tell(self._turns.release(now))

    def part(self) -> list[Mark]:
        """What comes next is apart from all that came: a turn that stands open ends, and no sound of before leads into
        the next one."""
        ended = self._turns.part()
        marks = [*self._speech(self._activity.stop()), *self._tell(ended)]
        self._utterances = Utterances()
        self._rest, self._at = b"", self._next
        return marks

    @property
    def turn_open(self) -> bool:
        """Whether somebody's turn was begun and is not over."""
        return self._turns.stage is not Stage.NONE

    def next_deadline(self) -> int | None:
        """When to call `expire`, or None."""
        return self._turns.next_deadline()

    def expire(self, now: int) -> list[Mark]:
        """The track may have stopped coming: ends the turn that stands open."""
        deadline = self.next_deadline()
        if deadline is None or now < deadline:
            return []
        turn_marks = self._turns.expire(now)
        return [*(self._speech(self._activity.stop()) if turn_marks else ()), *self._tell(turn_marks)]

    async def run(self) -> None:
        """Bring utterances to the ears, and pauses to the judge of endings, until cancelled. One task a listener, owned
        by the caller."""
        async with asyncio.TaskGroup() as tasks:
            if self._second is not None:
                tasks.create_task(self._second.run())
            if self._ears is not None:
                await self._understand(self._ears)

    async def _understand(self, ears: Ears) -> None:
        said = _Said()
        while True:
            work = await self._pending.get()
            if isinstance(work, TurnEnded):
                self._emit(TurnHeard(work, said.text, tuple(said.words), said.failed))
                said = _Said()
            elif isinstance(work, int):
                await self._hear(work, ears, said)

    async def _hear(self, turn: int, ears: Ears, said: _Said) -> None:
        """One utterance; what its ears leave unread is read away, so that the next one begins clean."""
        sound = self._sound()
        try:
            async with aclosing(ears.hear(sound)) as heard:
                async for result in heard:
                    said.add(result)
                    self._emit(Transcript(turn, result))
        except SpeechFailed as failure:
            said.failed = failure.reason
        async for _ in sound:
            pass

    async def _sound(self) -> AsyncIterator[Pcm]:
        while isinstance(piece := await self._pending.get(), Pcm):
            yield piece

    def _window(self, window: bytes, at: int, judge: Judge, now: int) -> list[Mark]:
        self._queue_all(self._utterances.add(Pcm(window, JUDGE_RATE, at)))
        if self._second is not None:
            self._second.hear(window, in_turn=self.turn_open)
        speech = judge.speech(window)
        suspects = judge.suspects
        if self._guard is not None and self._guard.echo(window, at, now, maybe=speech or suspects):
            speech = suspects = False
        for mark in self._suspicion.feed(suspects, at, at + _WINDOW):
            self._emit(mark)
        return self._speech(self._activity.feed(speech, at, at + _WINDOW))

    def _speech(self, marks: list[SpeechMark]) -> list[Mark]:
        told: list[Mark] = []
        for mark in marks:
            told += self._tell([*self._turns.speech(mark), mark])
            if isinstance(mark, SpeechStarted):
                self._queue(self._turns.number)
                self._queue_all(self._utterances.begin(mark.at))
            else:
                self._utterances.end()
                self._queue(None)
                if self._second is not None and self.turn_open:
                    self._second.paused(mark.at)
        return told

    def _tell(self, marks: Sequence[Mark]) -> list[Mark]:
        for mark in marks:
            self._emit(mark)
            if isinstance(mark, TurnEnded):
                self._queue(mark)
        return list(marks)

    def _queue_all(self, pieces: list[Pcm]) -> None:
        for piece in pieces:
            self._queue(piece)

    def _queue(self, work: _Work) -> None:
        if self._ears is None:
            return
        if isinstance(work, Pcm) and self._pending.qsize() >= MAX_PENDING:
            self.dropped += 1
        else:  # what divides the sound is never dropped; there is little of it
            self._pending.put_nowait(work)


_Work = Pcm | TurnEnded | int | None
"""What waits for the ears: the number of the turn an utterance belongs to, its sound, None at its end; and a
turn's end."""


@dataclass(slots=True)
class _Said:
    """The final results of a turn so far."""

    text: str = ""
    words: list[Word] = field(default_factory=list)
    failed: str = ""

    def add(self, heard: Heard) -> None:
        if heard.final and heard.text:
            self.text = f"{self.text} {heard.text}".strip()
            self.words += heard.words
