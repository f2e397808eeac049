"""How somebody who comes back goes on, as it chose: with the rest at its own pace, with the rest faster until it is
where it would be without the gap, or there at once.

Where it would be: as far beyond what it heard last as that is ago, and in no message further than that is old. Speech
that is not made yet nobody is behind of. Whoever goes straight on goes on at the beginning of a word, if the words'
times are known; the words between were missed, and are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from legato.session import events as e
from legato.session.ids import HUB
from legato.session.state import Message, State
from media.opus import FRAME
from media.portions import Point
from media.timeline import PER_MS
from media.voice.rest import Rest, Returning

WORD: Final = 2_000 * PER_MS
"""Samples before the present in which a word must have ended to go on with the next one."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Characters `start` to `end` of the message are not played."""

    message: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class GoingOn:
    """What is played, what is shown instead, and how many samples of what is played are to be made up for."""

    returning: Returning
    missed: tuple[Missed, ...] = ()
    behind: int = 0


def going_on(state: State, returning: Returning, *, company: bool) -> GoingOn:
    """How this listener goes on. If it did not choose: where others hear the same (`company`) it catches up with them,
    and by itself it misses nothing and has time."""
    then = returning.then or ("catch_up" if company else "rest")
    if then == "catch_up":
        return GoingOn(returning, (), sum(_passed(state, returning)))
    if then != "live":
        return GoingOn(returning)
    missed, left = list[Missed](), list[Rest]()
    for rest, passed in zip(returning.rests, _passed(state, returning), strict=True):
        known = rest.ledger()
        at = _word(rest.points, rest.start, rest.start + passed, rest.end)
        start, end = known.heard(rest.start), known.heard(at)
        if end > start:
            missed.append(Missed(rest.message, start, end))
        left.append(replace(rest, start=at, frames=rest.frames[(at - rest.start) // FRAME :]))
    return GoingOn(replace(returning, rests=tuple(left)), tuple(missed))


def speech_skipped(participant: str, missed: Sequence[Missed]) -> list[e.Event]:
    """What the log is told of it."""
    return [
        e.SpeechSkipped(by=HUB, message=each.message, participant=participant, start=each.start, end=each.end)
        for each in missed
    ]


def _passed(state: State, returning: Returning) -> list[int]:
    """Of each rest, the samples that would have been heard by now."""
    left, found = returning.ago * PER_MS, list[int]()
    for rest in returning.rests:
        message = state.entries.get(rest.message)
        age = max(0, state.time - message.time) * PER_MS if isinstance(message, Message) else 0
        passed = max(0, min(left, age, rest.end - rest.start)) // FRAME * FRAME
        left -= passed
        found.append(passed)
    return found


def _word(points: Sequence[Point], start: int, now: int, end: int) -> int:
    """The frame with which the word begins that is being said by sample `now`."""
    if now >= end:
        return end
    ended = max((samples for _, samples in points if start < samples <= now), default=start)
    return max(start, ended // FRAME * FRAME if now - ended < WORD else now)
