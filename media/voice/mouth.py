"""Says a session's script aloud: words into frames, into the agent's track and to everybody who listens.

Messages are recited one after another; speech is made faster than it is played. What is made is written down, in the
ring and in the log, before it is played: whoever has heard it can be told from where to go on, whatever happens to
this node.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Protocol

from legato.session import events as e
from legato.session.ids import HUB
from legato.speech import SpeechFailed
from media.ring import Write
from media.speaker import Speaker, Speech
from media.voice.brought import Brought
from media.voice.ledger import Ledger
from media.voice.prompts import Prompts
from media.voice.recital import Queued, Recital
from media.voice.script import Begin, Close, More, Step, Stop, Whole
from media.voice.tracks import Tracks

log: Final = logging.getLogger("legato.voice")

WRITTEN_S: Final = 0.25
"""How long the first speech of a message waits to be written down before it is played."""

CLOSING_S: Final = 0.05
"""How long a text that is prepared waits to be told that it is complete."""


class Stage(Protocol):
    """Where speech goes."""

    def begin(self, message: str, ledger: Ledger) -> None: ...

    async def play(self, message: str, frames: Sequence[bytes], start: int) -> None: ...

    def finish(self, message: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What a mouth works with. `made(response, now, media_time)`: the first speech of a message was made;
    `written(seconds)`: all that was kept and told is safe, or it takes longer than that; `brought(message)`: the sound
    that its agent brings."""

    now: Callable[[], int]
    new_id: Callable[[str], str]
    write: Callable[[Sequence[e.Event]], None]
    written: Callable[[float], Awaitable[None]]
    keep: Callable[[str, list[Write]], None]
    made: Callable[[str, int, int], None]
    brought: Callable[[str], Brought]
    speaker: Speaker | None
    prompts: Prompts


class Mouth:
    """See the module. `run` is its task, owned by the caller."""

    def __init__(self, tools: Tools, stage: Stage) -> None:
        self._tools = tools
        self._stage = stage
        self._waiting: deque[Recital] = deque()
        self._news = asyncio.Event()
        self._recitals: dict[str, Recital] = {}
        self._tracks = Tracks(tools.new_id, tools.keep)

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
            if step.brought and step.message in self._recitals:
                return
            ledger = Ledger(step.start, step.samples, step.points)
            brought = self._tools.brought(step.message) if step.brought else None
            self._add(Recital(step.message, step.author, step.response, ledger, step.words, brought=brought))
            return
        if isinstance(step, Whole):
            self._stage.finish(step.message)
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

    def bring(self, message: str, author: str, response: str, ledger: Ledger) -> Recital:
        """The agent brings the sound of this message to this node, after what `ledger` knows: put it into
        `Recital.brought`."""
        known = self._recitals.get(message)
        if known is not None and known.brought is not None:
            self._tell(known)
            known.queued = None  # another node may have written since: what comes is a stretch of its own
        else:
            if known is not None:
                known.stopped = True
                known.news.set()
            known = self._add(
                Recital(message, author, response, ledger, brought=self._tools.brought(message))
            )
        assert known.brought is not None
        known.brought.here = True
        return known

    def hush(self) -> None:
        """Nobody listens: say no more. What agents bring here is kept all the same, for who comes back."""
        brought = {name for name, each in self._recitals.items() if each.brought and each.brought.here}
        self.stop([message for message in self.messages if message not in brought])

    def stop(self, messages: Sequence[str] | None = None) -> None:
        """Say no more of these, or of anything."""
        for message in self.messages if messages is None else messages:
            recital = self._recitals.pop(message, None)
            if recital is not None:
                self._tell(recital)
                recital.stopped = True
                recital.news.set()

    def look(self) -> None:
        """The state changed: the log may know more of what agents bring."""
        for recital in self._recitals.values():
            if recital.brought is not None:
                recital.news.set()

    def tell(self, message: str) -> None:
        """Let the log know all the speech of this message that was made."""
        recital = self._recitals.get(message)
        if recital is not None:
            self._tell(recital)

    def tick(self, now: int) -> None:
        """Time passed: the log hears also of what was made while the voice is at its next words."""
        self._tracks.tick(now)
        for recital in self._recitals.values():
            if recital.queued is not None and recital.queued.due(now):
                self._tell(recital)

    def flush(self) -> None:
        """Keep everything now."""
        self._tracks.flush()

    async def run(self) -> None:
        """Recite until cancelled."""
        while True:
            while not self._waiting:
                self._news.clear()
                await self._news.wait()
            recital = self._waiting.popleft()
            if not recital.stopped:
                await self._recite(recital)
            recital.over = not recital.stopped
            if self._recitals.get(recital.message) is recital:
                del self._recitals[recital.message]

    def _add(self, recital: Recital) -> Recital:
        self._recitals[recital.message] = recital
        self._stage.begin(recital.message, recital.ledger)
        self._waiting.append(recital)
        self._news.set()
        return recital

    async def _recite(self, recital: Recital) -> None:
        made: list[Speech] = []
        try:
            async with aclosing(await self._speech(recital)) as speech:
                async for piece in speech:
                    if recital.stopped:
                        return
                    made.append(piece)
                    await self._deliver(recital, piece)
        except SpeechFailed as failure:
            log.warning("the voice failed", extra={"reason": failure.reason})
        else:
            if recital.stopped:
                return
            recital.ledger.settle(len(recital.text))
            if recital.ledger.start == 0 and recital.brought is None and self._tools.speaker is not None:
                self._tools.prompts.put(recital.text, made)
            stretch = recital.brought.untold if recital.brought is not None and recital.brought.here else None
            if stretch is not None and recital.queued is None:
                # All of it was kept, but for which words it says.
                now = self._tools.now()
                recital.queued = Queued(stretch.track, stretch.start, now, stretch.samples, stretch.end)
        self._tell(recital, last=True)
        self._stage.finish(recital.message)

    async def _speech(self, recital: Recital) -> AsyncGenerator[Speech, None]:
        if recital.brought is not None:
            return recital.sound(recital.brought)
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

    async def _deliver(self, recital: Recital, piece: Speech) -> None:
        """Write the piece down, then play it: what is heard can be found again."""
        ledger = recital.ledger
        ledger.add(piece)
        if not piece.frames:
            self._tell(recital)
            return
        if not piece.kept:
            await self._write_down(recital, piece)
        if not recital.stopped:
            await self._stage.play(recital.message, piece.frames, ledger.base + piece.start)

    async def _write_down(self, recital: Recital, piece: Speech) -> None:
        now, first = self._tools.now(), recital.queued is None
        track = self._tracks.of(recital.author, now)
        if recital.queued is None:
            recital.queued = Queued(track.id, track.next(now), now, recital.ledger.base + piece.start)
            self._tools.made(recital.response, now, recital.queued.start)
        queued = recital.queued
        at = queued.start + recital.ledger.base + piece.start - queued.samples
        self._tracks.add(track, at, piece.frames, now)
        queued.end = track.tail
        if queued.due(now):
            self._tell(recital)
        if first:
            await self._tools.written(WRITTEN_S)

    def _tell(self, recital: Recital, *, last: bool = False) -> None:
        """Tell the log what of the recital it does not know yet."""
        queued, ledger = recital.queued, recital.ledger
        if queued is None or not (last or queued.told < queued.end or ledger.fresh):
            return
        self._tracks.flush()
        queued.told, queued.told_at = queued.end, self._tools.now()
        event = e.SpeechQueued(
            by=HUB,
            message=recital.message,
            track=queued.track,
            start=queued.start,
            end=queued.end,
            characters=ledger.characters_made,
            samples=queued.samples,
            words=ledger.news(),
        )
        self._tools.write([event])


async def _ready(speech: Sequence[Speech]) -> AsyncGenerator[Speech, None]:
    for piece in speech:
        yield piece
