"""Frames that tell their number by their pitch: what a recording of somebody who spoke them has of them.

    told = judged(numbers_of(positions_of(samples)), gaps)
    assert told.faults == 0

The sweep rises by 5 Hz a frame of 20 ms, and after Opus (32 kbit/s) a window is still read to 6 ms: so each frame says
which one it is. It rises from 1 750 Hz to 6 750, again and again: below 1 500 Opus foretells a tone from its pitch, and
one lost frame blurs a dozen; towards 8 000 what Chromium makes of it is blurred all through. The frames of a recording
and those of the sweep need not begin together: a number is that of the frame nearest to it, counted on from the one
before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tests.support.sound import RATE, Samples
from tests.support.sweep import STEP_S, sweep

BEGINS_S: Final = 5.0
ROUND_S: Final = 20.0
NEAR_S: Final = 0.75 * STEP_S


def spoken() -> Samples:
    """One round of what somebody says whose frames are to be counted; the next follows without a break."""
    return sweep(BEGINS_S + ROUND_S)[round(BEGINS_S * RATE) :]


def numbers_of(positions: Sequence[float | None]) -> list[int | None]:
    """The frame at each place of 20 ms, counted through the rounds. None where there is none, or a window that goes on
    from neither neighbour: what a codec makes up at the edge of a hole tells any time."""
    steady = [
        one if one is not None and (_follows(before, one) or _follows(one, after)) else None
        for before, one, after in zip([None, *positions[:-1]], positions, [*positions[1:], None], strict=True)
    ]
    numbers: list[int | None] = []
    last: tuple[int, float] | None = None
    for place, shift in enumerate(_settled(_shifts(steady))):
        if shift is not None:
            number = round(place + shift) if last is None else place + last[0] + round(shift - last[1])
            last = number - place, shift
        numbers.append(None if shift is None or last is None else place + last[0])
    return numbers


def _shifts(positions: Sequence[float | None]) -> list[float | None]:
    """By how many frames each is ahead of its place, counted through the rounds."""
    shifts: list[float | None] = []
    last, frames = 0.0, 0.0
    for place, one in enumerate(positions):
        if one is not None:
            frames += _ahead(last, one) / STEP_S
            last = one
        shifts.append(None if one is None else frames - place)
    return shifts


def _settled(shifts: Sequence[float | None]) -> list[float | None]:
    """What is read less than a frame off its neighbours as they are: where a round ends a window has two tones, and
    where a recording begins or ends it is not full."""
    settled: list[float | None] = []
    for before, one, after in zip([None, *shifts[:-1]], shifts, [*shifts[1:], None], strict=True):
        beside = [each for each in (before, after) if each is not None]
        if one is not None and beside:
            middle = sorted([*beside, one])[1] if len(beside) == 2 else beside[0]
            settled.append(middle if abs(one - middle) < 1 else one)
        else:
            settled.append(one)
    return settled


def _follows(before: float | None, after: float | None) -> bool:
    return before is not None and after is not None and abs(_ahead(before, after) - STEP_S) < NEAR_S


def _ahead(before: float, after: float) -> float:
    """By how much the second is ahead of the first, less than half a round either way."""
    return (after - before + ROUND_S / 2) % ROUND_S - ROUND_S / 2


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the frames between the first and the last that were found: `kept` of them; `lost`: nowhere, and in
    no declared gap; `doubled`: twice; `misplaced`: before one that came before it, or later than a gap allows.
    `declared`: places in gaps; `until`: the place after the last of both."""

    first: int
    last: int
    kept: int
    lost: tuple[int, ...]
    doubled: tuple[int, ...]
    misplaced: tuple[int, ...]
    declared: int
    until: int

    @property
    def faults(self) -> int:
        return len(self.lost) + len(self.doubled) + len(self.misplaced)


def blurred(numbers: Sequence[int | None]) -> frozenset[int]:
    """Frames that were no longer whole where these were read, and their neighbours: nobody further on has them."""
    told = judged(numbers)
    wrong = {*told.lost, *told.doubled, *told.misplaced}
    return frozenset(number + near for number in wrong for near in range(-2, 3))


def judged(
    numbers: Sequence[int | None],
    gaps: Sequence[tuple[int, int]] = (),
    excused: frozenset[int] = frozenset(),
) -> Told:
    """`numbers`: at each place; `gaps`: places that were declared lost, ends exclusive. What is said to be lost and
    stands there all the same is not counted, and of frames that are `excused` nothing is."""
    silent = {place for start, end in gaps for place in range(start, end)}
    found = [
        (place, number) for place, number in enumerate(numbers) if number is not None and place not in silent
    ]
    there = Counter(number for _, number in found)
    lost: list[int] = []
    misplaced: list[int] = []
    for (at, before), (place, number) in pairwise(found):
        named = sum(1 for each in range(at + 1, place) if each in silent)
        missing = [each for each in range(before + 1, number) if not there[each]]
        lost += missing[named:]
        late = (place - at) - (number - before)
        if number <= before or late > named:
            misplaced.append(number)
    return Told(
        first=found[0][1] if found else 0,
        last=found[-1][1] if found else 0,
        kept=len(there),
        lost=tuple(each for each in lost if each not in excused),
        doubled=tuple(sorted(each for each, times in there.items() if times > 1 and each not in excused)),
        misplaced=tuple(each for each in misplaced if each not in excused),
        declared=len(silent),
        until=1 + max([place for place, _ in found] + list(silent), default=-1),
    )
