"""Does it sound finished? A second judge for the pauses that would end a turn.

People pause in mid sentence for as long as others wait between turns (`media.turns.SILENCE`); the tune of the voice
tells the one from the other. So a judge that hears it may be asked, once a pause: as soon as speech is known to have
ended (`media.activity`: a fifth of a second into the pause), so that its answer has time until the turn would end and
holds nothing up. Where it hears no end, the pause may be `MORE` longer; where it hears one, is late, or fails, the
turn ends as it does without it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from legato.speech import SpeechFailed
from media.detectors import JUDGE_RATE, WINDOW

MORE: Final = 1_400
"""Milliseconds that a pause may be longer where no end is heard."""

FINISHED: Final = 0.5
"""How likely an end must be for it to be believed."""

LONGEST: Final = 8 * JUDGE_RATE // WINDOW
"""Windows of a turn that a judge is given: the last eight seconds."""

LEAD: Final = JUDGE_RATE // 2 // WINDOW
"""Windows that it is given of what was before the turn: half a second."""


class Endings(Protocol):
    """Judges whether somebody has said what they wanted to say."""

    async def finished(self, said: bytes) -> float:
        """How likely it is, from 0 to 1, after these at most eight seconds of a turn (s16 mono, 16 kHz), which end in
        the pause after it. Raises `SpeechFailed`."""
        ...


class Said:
    """The newest sound of a turn: what a judge of endings is given. Some 270 kB in a turn of eight seconds, 17 between
    turns."""

    def __init__(self) -> None:
        self._windows: deque[bytes] = deque(maxlen=LONGEST)

    def add(self, window: bytes, *, in_turn: bool) -> None:
        """The next window (20 ms at 16 kHz) of the track."""
        self._windows.append(window)
        while not in_turn and len(self._windows) > LEAD:
            self._windows.popleft()

    @property
    def pcm(self) -> bytes:
        """The turn so far, and its lead."""
        return b"".join(self._windows)


class SecondJudge:
    """Asks a judge of endings about the pauses of one track. `speak_on(more, pause)` is told, on the loop, that no end
    was heard before the pause that began at the media time `pause`. `run` is its task, owned by the caller."""

    def __init__(self, endings: Endings, speak_on: Callable[[int, int], None]) -> None:
        self._endings = endings
        self._speak_on = speak_on
        self._said = Said()
        self._pause: tuple[int, bytes] | None = None
        self._wanted = asyncio.Event()

    def hear(self, window: bytes, *, in_turn: bool) -> None:
        """The next window of the track."""
        self._said.add(window, in_turn=in_turn)

    def paused(self, at: int) -> None:
        """Speech ended at media time `at`. Whoever is still being asked about an earlier pause is not waited for."""
        self._pause = at, self._said.pcm
        self._wanted.set()

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self._pause is not None:
                (at, said), self._pause = self._pause, None
                await self._ask(at, said)

    async def _ask(self, at: int, said: bytes) -> None:
        try:
            finished = await self._endings.finished(said)
        except SpeechFailed:
            return  # said where the engine is: the turn ends as it does without a second judge
        if finished < FINISHED:
            self._speak_on(MORE, at)
