"""What was read of a ring beforehand serves later, and no hole is remembered."""

from __future__ import annotations

import asyncio

from media.frames import Frame
from media.opus import FRAME
from media.voice.foreseen import Foreseen


class Rings:
    """Frames of one track, and what of it was asked for."""

    def __init__(self, *numbers: int) -> None:
        self.there = [Frame(number * FRAME, bytes([number])) for number in numbers]
        self.asked: list[tuple[int, int]] = []

    async def frames(self, track: str, start: int, end: int) -> list[Frame]:
        self.asked.append((start // FRAME, end // FRAME))
        await asyncio.sleep(0)
        return [frame for frame in self.there if start <= frame.media_time < end]


async def read(foreseen: Foreseen, start: int, end: int, track: str = "t_1") -> list[int]:
    return [frame.payload[0] for frame in await foreseen.frames(track, start * FRAME, end * FRAME)]


async def test_what_was_read_is_not_read_again_nor_a_part_of_it() -> None:
    rings = Rings(*range(10))
    foreseen = Foreseen(rings)
    assert await read(foreseen, 2, 8) == [2, 3, 4, 5, 6, 7]
    assert await read(foreseen, 2, 8) == [2, 3, 4, 5, 6, 7]
    assert await read(foreseen, 4, 6) == [4, 5]
    assert rings.asked == [(2, 8)]


async def test_what_was_not_read_is_read() -> None:
    rings = Rings(*range(10))
    foreseen = Foreseen(rings)
    await read(foreseen, 2, 8)
    assert await read(foreseen, 1, 8) == [1, 2, 3, 4, 5, 6, 7]
    assert await read(foreseen, 2, 9) == [2, 3, 4, 5, 6, 7, 8]
    assert await read(foreseen, 2, 8, "t_2") == [2, 3, 4, 5, 6, 7]
    assert rings.asked == [(2, 8), (1, 8), (2, 9), (2, 8)]


async def test_what_comes_late_is_not_missed() -> None:
    rings = Rings(2, 4)
    foreseen = Foreseen(rings)
    assert await read(foreseen, 2, 5) == [2, 4]
    rings.there = Rings(2, 3, 4).there
    assert await read(foreseen, 2, 5) == [2, 3, 4]
    assert await read(Foreseen(Rings()), 0, 4) == []


async def test_who_asks_while_it_is_read_waits_and_reads_nothing() -> None:
    rings = Rings(*range(10))
    foreseen = Foreseen(rings)
    one, other = await asyncio.gather(read(foreseen, 2, 8), read(foreseen, 2, 8))
    assert one == other == [2, 3, 4, 5, 6, 7]
    assert rings.asked == [(2, 8)]
