"""What goes into a ring comes out of it, however often, late or disordered it was put in."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from hub.store.promise import SessionKey
from media.frames import Frame, unpack
from media.opus import FRAME
from media.ring import AT_ONCE, FLUSH_AFTER, MAX_OPEN, MINUTE, SLOT, Batcher, Ring, Seals, Write
from media.timeline import Hole
from tests.media.builders import frames, packet
from tests.support.rings import MemoryRing

KEY = SessionKey("main", "s_1")


def seal(track: str, media_time: int, plain: bytes) -> bytes:
    return f"{track}@{media_time}|".encode() + plain[::-1]


def open_(track: str, media_time: int, sealed: bytes) -> bytes:
    head = f"{track}@{media_time}|".encode()
    if not sealed.startswith(head):
        raise ValueError("sealed for another place")
    return sealed[len(head) :][::-1]


def ring() -> tuple[Ring, MemoryRing]:
    store = MemoryRing()
    return Ring(store, KEY, Seals(seal, open_)), store


def test_five_frames_of_a_slot_are_one_write_at_once() -> None:
    batcher = Batcher()
    batch = frames(SLOT * 3, 5)
    writes = [write for each in batch for write in batcher.add(each, 0)]
    assert [(write.minute, unpack(write.blob)) for write in writes] == [(0, batch)]
    assert writes[0].field == 3 << 40 | 0x0101010101
    assert batcher.next_deadline() is None


def test_frames_of_a_slot_in_any_order_are_written_in_theirs() -> None:
    batch = frames(SLOT, 5)
    for order in (reversed(batch), [batch[1], batch[0], *batch[2:]], [batch[0], *batch[:1:-1], batch[1]]):
        batcher = Batcher()
        writes = [write for each in order for write in batcher.add(each, 0)]
        assert [unpack(write.blob) for write in writes] == [batch]


def test_a_minute_of_the_track_is_a_minute_of_the_store() -> None:
    batcher = Batcher()
    writes = [w for each in frames(MINUTE - SLOT, 10) for w in batcher.add(each, 0)]
    assert [(write.minute, write.field >> 40) for write in writes] == [(0, 599), (1, 0)]


def test_a_batch_that_is_not_full_is_written_at_its_deadline() -> None:
    batcher = Batcher()
    batcher.add(frames(0, 1)[0], 1000)
    assert batcher.next_deadline() == 1000 + FLUSH_AFTER
    assert batcher.expire(1000 + FLUSH_AFTER - 1) == []
    assert [unpack(write.blob) for write in batcher.expire(1000 + FLUSH_AFTER)] == [frames(0, 1)]
    assert FLUSH_AFTER <= 200


def test_a_late_frame_completes_its_slot_in_a_field_of_its_own() -> None:
    batcher = Batcher()
    batch = frames(0, 5)
    for each in batch[:4]:
        batcher.add(each, 0)
    (early,) = batcher.expire(FLUSH_AFTER)
    (late,) = batcher.add(batch[4], 300)
    assert early.field != late.field
    assert unpack(early.blob) + unpack(late.blob) == batch


def test_a_frame_that_was_written_is_not_written_again() -> None:
    batcher = Batcher()
    batch = frames(0, 5)
    for each in batch:
        batcher.add(each, 0)
    assert [batcher.add(each, 1) for each in batch] == [[]] * 5
    assert batcher.next_deadline() is None


def test_frames_of_ten_milliseconds_all_fit() -> None:
    batcher = Batcher()
    short = [Frame(i * 480, b"\x00\x01", 480) for i in range(10)]
    (write,) = [write for each in short for write in batcher.add(each, 0)]
    assert unpack(write.blob) == short


def test_scattered_frames_hold_no_more_than_a_bounded_number_of_batches() -> None:
    batcher = Batcher()
    writes = [w for i in range(1000) for w in batcher.add(frames(i * SLOT, 1)[0], i)]
    assert len(writes) == 1000 - MAX_OPEN
    assert len(batcher.flush()) == MAX_OPEN


async def test_a_ring_gives_back_frames_and_holes() -> None:
    hot, _ = ring()
    batcher = Batcher()
    batch = frames(0, 3) + frames(10 * FRAME, 5)
    writes = [w for each in batch for w in batcher.add(each, 0)] + batcher.flush()
    await hot.write("mic", writes)
    await hot.write("mic", [])
    stretch = await hot.read("mic", FRAME, 20 * FRAME)
    assert list(stretch.frames) == batch[1:]
    assert stretch.holes == (Hole(3 * FRAME, 10 * FRAME), Hole(15 * FRAME, 20 * FRAME))


async def test_while_a_minute_is_read_others_have_their_turns() -> None:
    hot, _ = ring()
    batcher = Batcher()
    await hot.write("mic", [w for each in frames(0, 3_000) for w in batcher.add(each, 0)])
    reading = asyncio.ensure_future(hot.read("mic", 0, MINUTE))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert len((await reading).frames) == 3_000
    assert turns > 600 // AT_ONCE


async def test_two_nodes_that_hold_different_parts_complete_each_other() -> None:
    hot, _ = ring()
    batch = frames(0, 5)
    one, two = Batcher(), Batcher()
    for each in batch[:3]:
        one.add(each, 0)
    resent = [w for each in frames(0, 5, mark=1) for w in two.add(each, 9)]
    await hot.write("mic", resent)
    await hot.write("mic", one.flush())
    stretch = await hot.read("mic", 0, SLOT)
    assert stretch.frames == (*batch[:3], *frames(0, 5, mark=1)[3:])
    assert stretch.holes == ()


async def test_a_damaged_batch_is_named_and_is_a_hole() -> None:
    hot, store = ring()
    batcher = Batcher()
    await hot.write("mic", [w for each in frames(0, 10) for w in batcher.add(each, 0)])
    kept = store.batches[KEY, "mic"]
    first, second = kept
    kept[second] = kept[first]
    stretch = await hot.read("mic", 0, 10 * FRAME)
    assert stretch.damaged == (second,)
    assert stretch.holes == (Hole(5 * FRAME, 10 * FRAME),)


async def test_forgetting_keeps_what_is_younger() -> None:
    hot, _ = ring()
    batcher = Batcher()
    writes = [w for start in (0, MINUTE) for each in frames(start, 5) for w in batcher.add(each, 0)]
    await hot.write("mic", writes)
    await hot.drop_before("mic", MINUTE + SLOT)
    assert (await hot.read("mic", 0, SLOT)).frames == ()
    assert list((await hot.read("mic", MINUTE, MINUTE + SLOT)).frames) == frames(MINUTE, 5)


@given(
    st.lists(st.tuples(st.integers(0, 25), st.booleans(), st.integers(0, 60)), max_size=60),
    st.integers(0, FRAME - 1),
)
async def test_every_frame_survives_loss_of_order_repeats_and_restarts(
    arrivals: list[tuple[int, bool, int]], phase: int
) -> None:
    hot, store = ring()
    batcher, now, writes = Batcher(), 0, list[Write]()
    for number, restart, elapsed in arrivals:
        now += elapsed
        writes += batcher.expire(now)
        if restart:
            writes += batcher.flush()
            batcher = Batcher()
        writes += batcher.add(Frame(phase + number * FRAME, packet(number)), now)
    writes += batcher.flush()
    await hot.write("mic", writes)
    await hot.write("mic", writes[::-1])
    stretch = await hot.read("mic", 0, 30 * FRAME)
    numbers = sorted({number for number, _, _ in arrivals})
    assert [each.media_time for each in stretch.frames] == [phase + n * FRAME for n in numbers]
    covered = sum(each.samples for each in stretch.frames)
    assert covered + sum(hole.end - hole.start for hole in stretch.holes) == 30 * FRAME
    assert len(store.batches.get((KEY, "mic"), {})) <= len(writes)
