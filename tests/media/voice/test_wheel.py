"""Who else uses the loop has a turn between two portions of a notch."""

from __future__ import annotations

import asyncio
from collections import Counter

from media.playout import Playout
from media.voice.wheel import PORTION, Wheel

LISTENERS = 8 * PORTION


class Hall:
    """A wheel with many listeners. `left`: how many frames left in each pass of the loop."""

    def __init__(self) -> None:
        self.now = self.passes = 0
        self.left = Counter[int]()
        self.wheel = Wheel(lambda: self.now)
        for number in range(LISTENERS):
            self.wheel.add(f"l{number}", Playout(), self, lambda beat, stamp, now: None)
        self.left.clear()

    def send_audio(self, opus: bytes, samples: int, skipped: int = 0) -> int | None:
        self.left[self.passes] += 1
        return 0

    async def turn(self, frames: int) -> None:
        """Until so many have left."""
        task = asyncio.create_task(self.wheel.run())
        while self.left.total() < frames:
            self.passes += 1
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))


async def test_what_comes_in_need_not_wait_until_hundreds_have_got_their_frames() -> None:
    hall = Hall()
    hall.now = 5
    await hall.turn(LISTENERS // 4)
    assert list(hall.left.values()) == [PORTION, PORTION]


async def test_a_late_wheel_gives_out_more_at_once_so_that_it_is_not_late_for_ever() -> None:
    hall = Hall()
    hall.now = 20
    await hall.turn(LISTENERS)
    assert list(hall.left.values()) == [8 * PORTION]
