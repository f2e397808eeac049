"""A listener who fell behind hears faster, at the same pitch, until it is where it would be without the gap.

Stands between a listener's queue and the wheel. While the listener is behind, frames are decoded, shortened
(`media.splice`) and encoded again, each only when it leaves: what costs is the frame that is being said, not all that
waits. A frame then stands for more speech than its 20 ms (`Step.samples`), evenly, though the splices fall where they
are heard least. Caught up, what was decoded is brought to the end of a frame, and the queue's own frames leave as they
are.

    HURRYING ──nothing is missing any more──▶ SETTLING ──a frame's end──▶ OVER
        └──nothing is left to say──────────────────────────────────────────▲
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np

from media.mixer import Samples
from media.opus import FRAME
from media.playout import Cut, Playout, Stage, Step
from media.splice import FADE, shorten

BRISK: Final = FRAME * 5 // 4
GENTLE: Final = FRAME * 11 // 10
"""Samples of speech that 20 ms stand for, for a listener who is far behind, and for one who is not."""

FAR: Final = 48_000
"""Samples behind which a listener is far behind: a second is made up for gently in ten."""

_SPLICE: Final = 480
_ABOUT: Final = 320
"""Samples that a splice leaves out, and how many more or fewer: a period of any voice lies between."""

_AHEAD: Final = FRAME + 2 * (_SPLICE + _ABOUT) + FADE
"""Samples that a frame is made from, if so many are there."""


class Coder(Protocol):
    """One stream between packets of 20 ms and mono samples at 48 kHz."""

    def decode(self, packet: bytes) -> Samples:
        """`FRAME` samples, whatever the packet holds."""
        ...

    def encode(self, sound: Samples) -> bytes:
        """The packet of `FRAME` samples."""
        ...


@dataclass(slots=True)
class _Flow:
    """Decoded speech of one message that is about to leave. `at`: the sample of the message's speech with which `sound`
    begins; `said`: the one that the frames are said to have reached; `pace`: of the last frame, if one left."""

    message: str
    at: int
    said: int
    first: bool
    sound: Samples = field(default_factory=lambda: np.zeros(0, np.int16))
    pace: int | None = None
    last: bool = False
    dry: bool = False
    settled: bool = False

    @property
    def end(self) -> int:
        return self.at + self.sound.size

    def take(self, step: Step, sound: Samples) -> None:
        self.sound = np.concatenate((self.sound, sound))
        self.at, self.last = step.end - self.sound.size, step.last

    def splice(self, least: int, most: int) -> None:
        self.sound, left_out = shorten(self.sound, least, most)
        self.at += left_out


class CatchUp:
    """See the module. `behind`: samples of speech that the listener is to make up for."""

    def __init__(self, playout: Playout, behind: int, coder: Coder) -> None:
        self._playout = playout
        self._behind = behind
        self._pace = BRISK if behind >= FAR else GENTLE
        self._coder: Coder | None = coder if behind > 0 else None
        self._flow: _Flow | None = None

    @property
    def over(self) -> bool:
        """Whether the queue's frames leave as they are from here on."""
        return self._coder is None

    def next(self) -> Step | None:
        """The frame that leaves now, or None: silence."""
        coder = self._coder
        if coder is None:
            return self._playout.next()
        if self._playout.stage is Stage.PAUSED:
            return None
        flow = self._flow or self._begin(coder)
        if flow is None:
            self._coder = None  # where nothing is left to say, nobody is behind
            return None
        if not flow.settled:
            self._fill(flow, coder)
            self._shorten(flow)
        return self._leave(flow, coder)

    def progress(self) -> Cut | None:
        """As with `Playout.progress`: what was decoded and did not leave was not sent."""
        flow, front = self._flow, self._playout.progress()
        if flow is None:
            return front
        same = front is not None and front.message == flow.message
        return replace(front, samples=flow.said) if same and front else Cut(flow.message, flow.said, flow.end)

    def rewind(self, message: str, samples: int) -> None:
        """As with `Playout.rewind`."""
        if self._flow is not None and self._flow.message == message and samples < self._flow.end:
            self._flow = None
        self._playout.rewind(message, samples)

    @property
    def messages(self) -> list[str]:
        """As with `Playout.messages`."""
        begun = [] if self._flow is None else [self._flow.message]
        return list(dict.fromkeys(begun + self._playout.messages))

    def cut(self, of: Collection[str] | None = None) -> list[Cut]:
        """As with `Playout.cut`."""
        flow = self._flow
        if flow is not None and of is not None and flow.message not in of:
            return self._playout.cut(of)
        front, cuts = self.progress(), self._playout.cut(of)
        if of is None:
            self._coder = None
        self._flow = None
        if front is None or (of is not None and front.message not in of):
            return cuts
        return [front, *(each for each in cuts if each.message != front.message)]

    # --- inside

    def _begin(self, coder: Coder) -> _Flow | None:
        step = self._playout.next()
        if step is None:
            return None
        start = step.end - step.samples
        self._flow = _Flow(step.message, start, start, step.first)
        self._flow.take(step, coder.decode(step.payload))
        return self._flow

    def _fill(self, flow: _Flow, coder: Coder) -> None:
        flow.dry = False
        while flow.sound.size < _AHEAD and not flow.last and not flow.dry:
            front = self._playout.progress()
            step = self._playout.next() if front is not None and front.message == flow.message else None
            if step is None:
                flow.dry = True
            else:
                flow.take(step, coder.decode(step.payload))

    def _shorten(self, flow: _Flow) -> None:
        owed, odd = flow.said - flow.at, flow.sound.size % FRAME
        if flow.dry:
            self._behind = 0  # it is not made yet
        if self._behind > 0 and owed >= _SPLICE and flow.sound.size >= _AHEAD:
            flow.splice(owed - _ABOUT, owed + _ABOUT)
        elif self._behind <= 0 and not flow.last:
            flow.settled = True
            if odd and flow.sound.size >= odd + FADE:
                flow.splice(odd, odd)

    def _leave(self, flow: _Flow, coder: Coder) -> Step:
        hurrying = self._behind > 0 and flow.sound.size >= _AHEAD - _SPLICE - _ABOUT
        out, flow.sound = flow.sound[:FRAME], flow.sound[FRAME:]
        flow.at += out.size
        done = not flow.sound.size
        end = flow.at if done else min(flow.said + (self._pace if hurrying else FRAME), flow.end)
        samples, joined = end - flow.said, flow.pace == end - flow.said
        packet = coder.encode(np.concatenate((out, np.zeros(FRAME - out.size, np.int16))))
        step = Step(flow.message, packet, end, samples, flow.first, flow.last and done, joined)
        self._behind -= max(0, samples - FRAME)
        flow.said, flow.first, flow.pace = end, False, samples
        if done:
            self._flow = None
            if self._behind <= 0:
                self._coder = None
        return step
