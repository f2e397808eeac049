"""Says a session's script aloud: words into frames, into the agent's track and to everybody who listens.

Messages are recited one after another; speech is made faster than it is played. Each author has one track in
the ring, whose media time goes on with the clock, so that a recording has the pauses too.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, Protocol

from legato.session import events as e
from legato.session.ids import HUB
from legato.speech import SpeechFailed
from media.frames import Frame
from media.opus import FRAME
from media.ring import Batcher, Write
from media.speaker import Speaker, Speech
from media.timeline import PER_MS
from media.voice.ledger import Ledger
from media.voice.prompts import Prompts
from media.voice.script import Begin, Close, More, Step, Stop

log: Final = logging.getLogger("legato.voice")

QUEUED_EVERY: Final = 500
"""Milliseconds between two `speech_queued` of one message at least."""

CLOSING_S: Final = 0.05
"""How long a text that is prepared waits to be told that it is complete."""


class Stage(Protocol):
    """Where speech goes."""

    def begin(self, message: str, ledger: Ledger) -> None: ...

    async def play(self, message: str, frames: Sequence[bytes], start: int) -> None: ...

    def finish(self, message: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What a mouth works with. `made(response, now, media_time)`: the first speech of a message was made."""

    now: Callable[[], int]
    new_id: Callable[[str], str]
    write: Callable[[Sequence[e.Event]], None]
    keep: Callable[[str, list[Write]], None]
    made: Callable[[str, int, int], None]
    speaker: Speaker | None
    prompts: Prompts


@dataclass(slots=True)
class Recital:
    """One message as it is said. `brought`: its sound comes from the agent, not from the voice."""

    message: str
    author: str
    response: str
    ledger: Ledger
    text: str = ""
    closed: bool = False
    stopped: bool = False
    brought: deque[tuple[bytes, ...]] | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> AsyncIterator[str]:
        """The words as they come."""
        at = 0
        while not self.stopped:
            if at < len(self.text):
                words, at = self.text[at:], len(self.text)
                yield words
            elif self.closed:
                return
            else:
                self.news.clear()
                await self.news.wait()

    async def sound(self) -> AsyncGenerator[Speech, None]:
        """The sound that the agent brings, as it comes."""
        end = 0
        while not self.stopped and self.brought is not None:
            if self.brought:
                frames = self.brought.popleft()
                start, end = end, end + len(frames) * FRAME
                yield Speech(frames, start, end, 0)
            elif self.closed:
                yield Speech((), end, end, len(self.text), (), last=True)
                return
            else:
                self.news.clear()
                await self.news.wait()


@dataclass(slots=True)
class _Track:
    """An author's track: where its next message may begin."""

    id: str
    began: int
    batcher: Batcher = field(default_factory=Batcher)
    tail: int = 0

    def next(self, now: int) -> int:
        """Media time for a message that begins now: after the last one, or as late as the clock says."""
        return max(self.tail, (now - self.began) * PER_MS // FRAME * FRAME)


@dataclass(slots=True)
class _Queued:
    """Speech that the log was not told of yet."""

    start: int
    end: int = 0
    characters: int = 0
    told_at: int | None = None


class Mouth:
    """See the module. `run` is its task, owned by the caller."""

    def __init__(self, tools: Tools, stage: Stage) -> None:
        self._tools = tools
        self._stage = stage
        self._waiting: deque[Recital] = deque()
        self._news = asyncio.Event()
        self._recitals: dict[str, Recital] = {}
        self._tracks: dict[str, _Track] = {}

    @property
    def messages(self) -> list[str]:
        """What is being said, or waits to be."""
        return list(self._recitals)

    def response_of(self, message: str) -> str:
        """The response that a message being said belongs to, or ""."""
        recital = self._recitals.get(message)
        return recital.response if recital is not None else ""

    def follow(self, step: Step) -> None:
        """The script goes on."""
        if isinstance(step, Begin):
            recital = Recital(step.message, step.author, step.response, Ledger(step.start), step.words)
            self._add(recital)
            return
        recital_known = self._recitals.get(step.message)
        if recital_known is None:
            return
        if isinstance(step, More):
            recital_known.text += step.words
        elif isinstance(step, Close):
            recital_known.closed = True
        elif isinstance(step, Stop):
            recital_known.stopped = True
        recital_known.news.set()

    def bring(self, message: str, author: str, response: str) -> Recital:
        """The agent brings the sound of this message: put it into `Recital.brought`."""
        known = self._recitals.get(message)
        if known is not None:
            known.stopped = True
            known.news.set()
        return self._add(Recital(message, author, response, Ledger(), brought=deque(maxlen=600)))

    def stop(self, messages: Sequence[str] | None = None) -> None:
        """Say no more of these, or of anything."""
        for message in self.messages if messages is None else messages:
            recital = self._recitals.pop(message, None)
            if recital is not None:
                recital.stopped = True
                recital.news.set()

    def tick(self, now: int) -> None:
        """Time passed: batches that waited long enough are kept."""
        for track in self._tracks.values():
            self._tools.keep(track.id, track.batcher.expire(now))

    def flush(self) -> None:
        """Keep everything now."""
        for track in self._tracks.values():
            self._tools.keep(track.id, track.batcher.flush())

    async def run(self) -> None:
        """Recite until cancelled."""
        while True:
            while not self._waiting:
                self._news.clear()
                await self._news.wait()
            recital = self._waiting.popleft()
            if not recital.stopped:
                await self._recite(recital)
            if self._recitals.get(recital.message) is recital:
                del self._recitals[recital.message]

    def _add(self, recital: Recital) -> Recital:
        self._recitals[recital.message] = recital
        self._stage.begin(recital.message, recital.ledger)
        self._waiting.append(recital)
        self._news.set()
        return recital

    async def _recite(self, recital: Recital) -> None:
        queued: _Queued | None = None
        made: list[Speech] = []
        try:
            async with aclosing(await self._speech(recital)) as speech:
                async for piece in speech:
                    if recital.stopped:
                        return
                    if queued is None and piece.frames:
                        queued = self._first(recital)
                    made.append(piece)
                    await self._deliver(recital, piece, queued)
        except SpeechFailed as failure:
            log.warning("the voice failed", extra={"reason": failure.reason})
        else:
            if recital.stopped:
                return
            recital.ledger.settle(len(recital.text))
            if recital.ledger.start == 0 and recital.brought is None and self._tools.speaker is not None:
                self._tools.prompts.put(recital.text, made)
        if queued is not None:
            self._tell(recital, queued, self._tools.now(), last=True)
        self._stage.finish(recital.message)

    async def _speech(self, recital: Recital) -> AsyncGenerator[Speech, None]:
        if recital.brought is not None:
            return recital.sound()
        if recital.ledger.start == 0:
            prepared = await self._prepared(recital)
            if prepared is not None:
                return _ready(prepared)
        if self._tools.speaker is None:
            return _ready(())
        return self._tools.speaker.speak(recital.read())

    async def _prepared(self, recital: Recital) -> Sequence[Speech] | None:
        """The speech of the whole text, if it is prepared and turns out to be whole within a moment."""
        while not recital.text and not recital.closed and not recital.stopped:
            recital.news.clear()
            await recital.news.wait()
        if self._tools.prompts.get(recital.text) is not None and not recital.closed:
            try:
                async with asyncio.timeout(CLOSING_S):
                    while not recital.closed and not recital.stopped:
                        recital.news.clear()
                        await recital.news.wait()
            except TimeoutError:
                return None
        return self._tools.prompts.get(recital.text) if recital.closed else None

    def _first(self, recital: Recital) -> _Queued:
        now = self._tools.now()
        track = self._track(recital.author, now)
        start = track.next(now)
        self._tools.made(recital.response, now, start)
        return _Queued(start)

    def _track(self, author: str, now: int) -> _Track:
        track = self._tracks.get(author)
        if track is None:
            track = self._tracks[author] = _Track(self._tools.new_id("t"), now)
        return track

    async def _deliver(self, recital: Recital, piece: Speech, queued: _Queued | None) -> None:
        recital.ledger.add(piece, recital.text)
        if queued is None or not piece.frames:
            return
        await self._stage.play(recital.message, piece.frames, piece.start)
        now = self._tools.now()
        track = self._track(recital.author, now)
        writes: list[Write] = []
        for number, payload in enumerate(piece.frames):
            at = queued.start + piece.start + number * FRAME
            writes += track.batcher.add(Frame(at, payload), now)
        track.tail = queued.start + piece.end
        self._tools.keep(track.id, writes)
        queued.end, queued.characters = track.tail, recital.ledger.characters_made
        if queued.told_at is None or now - queued.told_at >= QUEUED_EVERY:
            self._tell(recital, queued, now)

    def _tell(self, recital: Recital, queued: _Queued, now: int, *, last: bool = False) -> None:
        if last:
            queued.characters = recital.ledger.characters_made
        event = e.SpeechQueued(
            by=HUB,
            message=recital.message,
            track=self._tracks[recital.author].id,
            start=queued.start,
            end=queued.end,
            characters=queued.characters,
        )
        queued.told_at = now
        self._tools.write([event])


async def _ready(speech: Sequence[Speech]) -> AsyncGenerator[Speech, None]:
    for piece in speech:
        yield piece
