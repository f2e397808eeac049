"""Is what the microphone hears the agent's own voice, come back from a speaker?

The hub knows what it sent. A piece of the microphone's sound that is like a piece of what was sent some 20 to 450 ms
before, sample by sample, is an echo: other sounds are hardly alike (normalised cross-correlation over 120 ms: 0.27 at
most for 95 of 100 pieces of another sentence of the same voice; 0.5 and more for 95 of 100 echoes). Once a way back is
known, it is not searched any more: then 40 ms tell, and what is louder than this way ever brings back is somebody who
talks over the agent.

    SEARCHING ──alike for 100 ms──▶ KNOWN ──unlike for too long──▶ SEARCHING

Sound is counted in samples at 8 kHz here. Times of sending are RTP timestamps, times of the microphone its media times:
neither shakes with the network. Where both clocks meet (`now`) they are only needed to know where to search.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]

PER_MS: Final = 8
_UNITS: Final = 6
"""Samples at 48 kHz, which all times are given in, for one of ours."""

LONGEST: Final = 480 * PER_MS
"""From the hub to the speaker, through the room, and back to the hub."""

KEPT: Final = 64
"""Frames of 20 ms that are remembered of what was sent."""

_WINDOW: Final = 20 * PER_MS
_WINDOWS: Final = 6
"""20 ms of the microphone's sound, and how many are compared at most."""

_ALIKE: Final = {2: 0.45, 3: 0.41, 4: 0.37, 5: 0.33, 6: 0.32}
"""By windows compared: from here on it is an echo, wherever it is found."""

_SURE: Final = 0.45
_SURE_WINDOWS: Final = 5
"""From here on the way back is known."""

_PLAIN: Final = 0.6
"""From here on hardly anything but the echo sounds: it tells how loud that is."""

_DRIFT: Final = 3 * PER_MS
"""How far the way may have changed since it was known."""

_LOUDER: Final = 2.5
"""How much more power than the echo's there must be for somebody to talk over it: 4 dB."""

_EDGES: Final = (0, 24, 48, 88)
_BANDS: Final = len(_EDGES)
"""Of 25 Hz each: where bands begin in which a room is taken to be alike."""

_TELLING: Final = 0.03
"""Of the power sent, what must lie in a band to tell how loud it comes back."""

_FORGET: Final = 0.98

_FADING: Final = ((0, 1.0), (2, 0.5), (4, 0.25))
"""Windows ago, and how much of the echo's power then a room may still hold."""

_UNLIKE: Final = 50
"""Windows in a row that were no echo after which the way is not known any more."""

_WRAP: Final = 2**32
_JUMP: Final = 10 * 48_000


class Lower:
    """Brings sound to 8 kHz from `times` as many samples a second, piece by piece, and leaves what that can hold."""

    def __init__(self, times: int) -> None:
        self._times = times
        size = 8 * times
        at = np.arange(size) - (size - 1) / 2
        taps = np.sinc(0.9 * at / times) * np.hanning(size + 2)[1:-1]
        self._taps = np.asarray(taps / taps.sum(), np.float32)
        self._tail = np.zeros(size - 1, np.float32)

    def push(self, sound: NDArray[np.int16]) -> Sound:
        """The next samples, as many as go through `times`."""
        whole = np.concatenate((self._tail, sound.astype(np.float32)))
        self._tail = whole[-self._tail.size :]
        return np.convolve(whole, self._taps, "valid")[:: self._times]


@dataclass(slots=True)
class _Sent:
    payload: bytes
    at: int
    sound: Sound | None = None


class Sent:
    """What was sent to one listener lately. `decode` takes a packet of 20 ms and gives 160 samples at 8 kHz; it is
    asked only when somebody may be heard."""

    def __init__(self, decode: Callable[[bytes], Sound]) -> None:
        self._decode = decode
        self._frames: deque[_Sent] = deque(maxlen=KEPT)
        self._timestamp = 0
        self._newest = 0
        self._now = -LONGEST

    def add(self, payload: bytes, timestamp: int, now: int) -> None:
        """A frame left with this RTP timestamp."""
        step = (timestamp - self._timestamp + _WRAP // 2) % _WRAP - _WRAP // 2
        if abs(step) > _JUMP:
            self._frames.clear()
        self._newest += step // _UNITS
        self._timestamp, self._now = timestamp, now
        self._frames.append(_Sent(payload, self._newest))

    def sounding(self, now: int) -> bool:
        """Whether something of it may come back now."""
        return bool(self._frames) and (now - self._now) * PER_MS <= LONGEST + _WINDOW * _WINDOWS

    def at(self, now: int) -> int:
        """The time of what is sent now."""
        return self._newest + _WINDOW + (now - self._now) * PER_MS

    def stretch(self, start: int, samples: int) -> Sound:
        """What was sent from time `start` on; silence where nothing was."""
        found = np.zeros(samples, np.float32)
        for frame in self._frames:
            if frame.sound is None:
                frame.sound = self._decode(frame.payload)
            at = frame.at - start
            first, last = max(0, at), min(samples, at + frame.sound.size)
            if first < last:
                found[first:last] = frame.sound[first - at : last - at]
        return found


class EchoGuard:
    """One microphone's."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self._lower = Lower(2)
        self._sound = np.zeros(_WINDOW * _WINDOWS, np.float32)
        self._end = 0
        self._loud = 0
        self._way: int | None = None
        """From sent to heard, as far as it is known."""
        self._power = np.zeros(_BANDS, np.float32)
        """Of the echo, for a power of 1 that was sent, by band."""
        self._unlike = 0

    def echo(self, window: bytes, at: int, now: int, *, maybe: bool) -> bool:
        """Whether the next 20 ms (s16 mono, 16 kHz) from media time `at` (48 kHz) on, which may be speech (`maybe`),
        are an echo of what was sent. They came at `now` (monotonic ms)."""
        if not self._sent.sounding(now):
            self._loud = 0
            return False
        start = at // _UNITS
        if start != self._end:
            self._loud = 0
        lower = self._lower.push(np.frombuffer(window, np.int16))
        self._sound = np.concatenate((self._sound[_WINDOW:], lower))
        self._end = start + _WINDOW
        self._loud = self._loud + 1 if maybe else 0
        if not maybe:
            return False
        if self._way is not None:
            return self._known(self._way)
        return self._found(now)

    def _found(self, now: int) -> bool:
        windows = min(max(2, self._loud), _WINDOWS)
        heard = _sharp(self._sound[-windows * _WINDOW :])
        start = self._sent.at(now) - LONGEST - heard.size
        likeness, place = _best(heard, _sharp(self._sent.stretch(start, LONGEST + heard.size)))
        if likeness >= _SURE and windows >= _SURE_WINDOWS:
            self._way = self._end - heard.size - start - place
            self._power, self._unlike = np.zeros(_BANDS, np.float32), 0
            self._known(self._way)
        return likeness >= _ALIKE[windows]

    def _known(self, way: int) -> bool:
        heard = _sharp(self._sound[-2 * _WINDOW :])
        back = _FADING[-1][0] * _WINDOW
        start = self._end - heard.size - way - _DRIFT
        sent = _sharp(self._sent.stretch(start - back, back + heard.size + 2 * _DRIFT))
        likeness, place = _best(heard, sent[back:])
        powers = np.max(
            [share * _powers(sent[back + place - ago * _WINDOW :][: heard.size]) for ago, share in _FADING],
            axis=0,
        )
        power = _powers(heard)
        if likeness >= _PLAIN:
            self._way = way + _DRIFT - place
            told = powers > _TELLING * powers.sum()
            self._power = np.where(told, np.maximum(power / powers, _FORGET * self._power), self._power)
        echo = likeness >= _PLAIN or power.sum() <= _LOUDER * float(np.dot(_guessed(self._power), powers))
        self._unlike = 0 if echo else self._unlike + 1
        if self._unlike > _UNLIKE:
            self._way = None
        return echo


def _sharp(sound: Sound) -> Sound:
    """With its high tones raised: those tell where it is."""
    raised = sound.copy()
    raised[1:] -= np.float32(0.95) * sound[:-1]
    return raised


def _guessed(power: Sound) -> Sound:
    """What no echo has told yet of a band is taken from the others."""
    return np.where(power > 0, power, power.max())


def _powers(sound: Sound) -> Sound:
    """By band: rooms and speakers colour what they bring back."""
    spectrum = np.abs(np.fft.rfft(sound)) ** 2 / sound.size
    return np.asarray(np.add.reduceat(spectrum, _EDGES) + 1.0, np.float32)


def _best(heard: Sound, sent: Sound) -> tuple[float, int]:
    """How much like `heard` the stretch of `sent` is that is most like it, and where that begins."""
    size = 1 << (sent.size + heard.size - 1).bit_length()
    products = np.fft.irfft(np.fft.rfft(sent, size) * np.conj(np.fft.rfft(heard, size)), size)
    alike = np.abs(products[: sent.size - heard.size + 1])
    sums = np.concatenate(([0.0], np.cumsum(sent.astype(np.float64) ** 2)))
    powers = sums[heard.size :] - sums[: -heard.size] + heard.size
    likeness = alike / np.sqrt(powers * (float(np.dot(heard, heard)) + heard.size))
    place = int(np.argmax(likeness))
    return float(likeness[place]), place
