"""Word times for engines that give none: the sound between its silent ends, shared out by length."""

from __future__ import annotations

import numpy as np

from legato.speech import Word
from media.opus import RATE

_QUIET = 330  # of 32 768: -40 dB


def estimate(text: str, pcm: bytes, rate: int) -> tuple[Word, ...]:
    """The words of `text` with estimated times, in samples at 48 kHz from the start of `pcm` at `rate`."""
    samples = np.frombuffer(pcm, np.int16).astype(np.int32)
    loud = np.flatnonzero(np.abs(samples) > _QUIET)
    first, last = (int(loud[0]), int(loud[-1]) + 1) if loud.size else (0, len(samples))
    return share(text, first * RATE // rate, last * RATE // rate)


def share(text: str, start: int, end: int) -> tuple[Word, ...]:
    """The words of `text`, each with a part of `start` to `end` that grows with its letters."""
    words = text.split()
    weights = [weight(word) for word in words]
    total = sum(weights)
    timed: list[Word] = []
    done = 0
    for word, parts in zip(words, weights, strict=True):
        begin, done = start + (end - start) * done // total, done + parts
        timed.append(Word(word, begin, start + (end - start) * done // total, estimated=True))
    return tuple(timed)


def weight(word: str) -> int:
    """How long a word takes beside others: digits are said as words; a stop is followed by a breath."""
    letters = sum(3 if char.isdigit() else 1 for char in word if char.isalnum())
    return 1 + letters + (3 if word[-1] in ".!?,;:" else 0)
