"""What a program was given of the agent's speech by its voice's stream. Pure.

The hub says where in which message the stream's sound is (`playing`): stretches, each of which begins at a media time
of the stream. A frame counts as heard when the program has it. What is told may come after the frames that it is of.

The hub is told of it now and then. When the voice moves to another device of the same person, nothing that comes from
then on is heard here: the other goes on from the very frame that was the last one. If it does not move after all, the
hub goes on here from the same frame, and says anew what comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from legato.session.vocabulary import GoOn
from legato.wire.up import PlayedUntil

FRAME: Final = 960
"""Samples of a frame of the hub's."""

MOST: Final = 16
"""Stretches that are remembered."""

EVERY_MS: Final = 200
"""Between two reports."""

MOVES_MS: Final = 900
"""How long a voice that moves is waited for to be gone: a little less than the hub waits."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The frame at media time `timestamp` begins at sample `samples` of the message's speech, each 960 after it are
    `step`; from `until` on there is silence."""

    message: str
    samples: int
    timestamp: int
    step: int = FRAME
    until: int | None = None


def read_stretch(data: Any) -> Stretch | None:
    """What the hub says of one attachment; None if it says nothing that can be read."""
    if not isinstance(data, Mapping):
        return None
    message = data.get("message")
    samples, timestamp = _count(data.get("samples")), _count(data.get("timestamp"))
    step, until = _count(data.get("step", FRAME)), _count(data.get("until"))
    if not isinstance(message, str) or samples is None or timestamp is None or step is None:
        return None
    return Stretch(message, samples, timestamp, step, until)


def _count(given: Any) -> int | None:
    return given if type(given) is int and given >= 0 else None


class Playout:
    """See the module. `now`: monotonic ms."""

    def __init__(self) -> None:
        self._stretches: list[Stretch] = []
        self._came: tuple[int, int] | None = None
        """Media time after the newest frame, and when it came."""
        self._heard: tuple[str, int] | None = None
        self._heard_at = 0
        self._told: tuple[str, int] | None = None
        self._told_at = -EVERY_MS
        self._gone_by: int | None = None
        """When the voice that moves has gone, or has not."""

    def begin(self) -> None:
        """Another stream's frames come from now on: its media time begins anew. What was heard stands."""
        self._stretches.clear()
        self._came = self._gone_by = None

    def playing(self, data: Any) -> None:
        """The hub says what the stream's sound is from some media time on."""
        stretch = read_stretch(data)
        if stretch is not None:
            before = [each for each in self._stretches if each.timestamp < stretch.timestamp]
            self._stretches = [*before, stretch][-MOST:]
            self._look()

    def frame(self, media_time: int, now: int) -> bool:
        """A frame of the stream came. Whether the program is given it: not while the voice moves to another device."""
        if self._gone_by is not None:
            if now < self._gone_by:
                return False
            self.begin()  # what the hub sent before it heard of it was heard by nobody
        self._came = media_time + FRAME, now
        self._look()
        return True

    def report(self, now: int, then: GoOn = "") -> PlayedUntil | None:
        """What the hub is to be told now; None: it knows, or was told something just before."""
        if self._heard == self._told or now < self._told_at + EVERY_MS:
            return None
        self._told, self._told_at = self._heard, now
        return self.heard(now, then)

    def give(self, now: int, then: GoOn = "") -> PlayedUntil | None:
        """The voice moves to another device: nothing is heard here any more. What was heard last, whether or not the
        hub knows; None: nothing was."""
        self._gone_by = now + MOVES_MS
        self._told, self._told_at = self._heard, now
        return self.heard(now, then)

    def heard(self, now: int, then: GoOn = "") -> PlayedUntil | None:
        """What was heard last, as the hub wants to know it; None: nothing yet."""
        if self._heard is None:
            return None
        message, samples = self._heard
        return PlayedUntil(message=message, samples=samples, ago=max(0, now - self._heard_at), then=then)

    def _look(self) -> None:
        if self._came is None:
            return
        end, at = self._came
        stretch = next((each for each in reversed(self._stretches) if each.timestamp < end), None)
        if stretch is None:
            return
        until = end if stretch.until is None else min(end, stretch.until)
        played = max(0, until - stretch.timestamp) * stretch.step // FRAME
        heard = stretch.message, stretch.samples + played
        if heard != self._heard:
            self._heard, self._heard_at = heard, at
