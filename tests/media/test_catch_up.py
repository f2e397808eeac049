"""Who is behind hears faster until nothing is missing any more; what the frames are said to hold is what was said."""

from __future__ import annotations

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from media.catch_up import BRISK, FAR, GENTLE, CatchUp
from media.mixer import Samples
from media.opus import FRAME
from media.playout import Cut, Playout, Step
from tests.support.sound import tone

SECOND = 50
"""Frames."""


class Plain:
    """Packets that are samples."""

    def decode(self, packet: bytes) -> Samples:
        return np.frombuffer(packet, np.int16)

    def encode(self, sound: Samples) -> bytes:
        assert sound.size == FRAME
        return sound.tobytes()


def packets(count: int, first: int = 0) -> list[bytes]:
    """Of one long tone, from frame `first` on."""
    sound = tone(220, (first + count) * FRAME / 48_000 + 0.01)
    return [sound[at * FRAME : (at + 1) * FRAME].tobytes() for at in range(first, first + count)]


def drained(catching: CatchUp) -> list[Step]:
    return list(iter(catching.next, None))


def test_a_listener_who_is_far_behind_makes_up_for_it_in_five_times_as_long() -> None:
    playout, frames = Playout(), packets(20 * SECOND)
    playout.enqueue("a", frames)
    playout.finish("a")
    steps = drained(CatchUp(playout, 2 * FAR, Plain()))
    quick = [step for step in steps if step.samples == BRISK]
    assert abs(len(quick) - 8 * SECOND) <= 1
    assert abs(len(frames) - len(steps) - 2 * SECOND) <= 3, "two seconds are gained"
    assert steps[-1] == Step("a", frames[-1], len(frames) * FRAME, last=True, joined=True), "as it was queued"
    assert [step.payload for step in steps[-8 * SECOND :]] == frames[-8 * SECOND :]


def test_a_listener_who_is_hardly_behind_hurries_gently() -> None:
    playout = Playout()
    playout.enqueue("a", packets(10 * SECOND))
    steps = [step for step in drained(CatchUp(playout, FAR // 4, Plain())) if step.samples == GENTLE]
    assert abs(len(steps) - 2.5 * SECOND) <= 1


def test_who_is_not_behind_gets_the_frames_as_they_are() -> None:
    playout, frames = Playout(), packets(9)
    playout.enqueue("a", frames)
    catching = CatchUp(playout, 0, Plain())
    assert catching.over
    assert [step.payload for step in drained(catching)] == frames


def test_hurry_has_no_click() -> None:
    playout, frames = Playout(), packets(10 * SECOND)
    playout.enqueue("a", frames)
    playout.finish("a")
    steps = drained(CatchUp(playout, FAR, Plain()))
    said = np.concatenate([Plain().decode(step.payload) for step in steps]).astype(np.int32)
    whole = np.frombuffer(b"".join(frames), np.int16).astype(np.int32)
    assert np.abs(np.diff(said)).max() <= 1.3 * np.abs(np.diff(whole)).max()


def test_a_message_that_ends_in_mid_hurry_is_said_to_its_end_and_the_next_hurries_on() -> None:
    playout = Playout()
    for name in ("a", "b"):
        playout.enqueue(name, packets(SECOND))
        playout.finish(name)
    steps = drained(CatchUp(playout, 2 * FAR, Plain()))
    ends = [(step.message, step.end) for step in steps if step.last]
    assert ends == [("a", SECOND * FRAME), ("b", SECOND * FRAME)]
    assert [step.message for step in steps if step.first] == ["a", "b"]
    for name in ("a", "b"):
        hurried = sum(1 for step in steps if step.message == name and step.samples == BRISK)
        assert hurried > SECOND * 0.7


def test_what_is_not_made_yet_nobody_is_behind_of() -> None:
    playout = Playout()
    playout.enqueue("a", packets(SECOND))
    catching = CatchUp(playout, 2 * FAR, Plain())
    drained(catching)
    assert catching.over
    more = packets(SECOND, SECOND)
    playout.enqueue("a", more)
    assert [step.payload for step in drained(catching)] == more


def test_who_waited_for_speech_to_be_made_gets_the_rest_as_it_is() -> None:
    playout = Playout()
    playout.enqueue("a", packets(SECOND))
    catching = CatchUp(playout, 2 * FAR, Plain())
    while playout.queued:
        catching.next()
    catching.next()
    more = packets(2 * SECOND, SECOND)
    playout.enqueue("a", more)
    assert [step.payload for step in drained(catching)[-90:]] == more[-90:]


def test_what_belongs_to_another_message_is_not_said_as_this_ones() -> None:
    playout = Playout()
    playout.enqueue("a", packets(4))
    playout.enqueue("b", packets(4))
    catching = CatchUp(playout, 2 * FAR, Plain())
    catching.next()
    playout.finish("a")
    steps = drained(catching)
    assert max(step.end for step in steps if step.message == "a") == 4 * FRAME
    assert max(step.end for step in steps if step.message == "b") == 4 * FRAME


def test_a_cut_of_some_spares_what_is_decoded_of_others_and_what_waits() -> None:
    playout = Playout()
    for name in "abc":
        playout.enqueue(name, packets(SECOND))
    catching = CatchUp(playout, 2 * FAR, Plain())
    for _ in range(10):
        catching.next()
    assert catching.messages == ["a", "b", "c"]
    assert catching.cut({"b"}) == [Cut("b", 0, SECOND * FRAME)]
    went_on = catching.next()
    assert went_on is not None
    assert (went_on.message, went_on.end) == ("a", 11 * BRISK)
    assert catching.cut({"a"}) == [Cut("a", 11 * BRISK, SECOND * FRAME)]
    after = catching.next()
    assert after is not None
    assert (after.message, catching.messages) == ("c", ["c"])


def test_a_pause_holds_what_was_decoded_and_a_cut_tells_what_left() -> None:
    playout = Playout()
    playout.enqueue("a", packets(SECOND))
    playout.enqueue("b", packets(SECOND))
    catching = CatchUp(playout, 2 * FAR, Plain())
    first = [catching.next() for _ in range(10)]
    playout.pause()
    assert catching.next() is None
    playout.go_on()
    assert catching.progress() == Cut("a", 10 * BRISK, SECOND * FRAME)
    assert all(first)
    assert catching.cut() == [Cut("a", 10 * BRISK, SECOND * FRAME), Cut("b", 0, SECOND * FRAME)]
    assert catching.next() is None
    assert catching.over


def test_the_end_of_a_message_that_was_decoded_and_did_not_leave_is_cut_too() -> None:
    playout = Playout()
    playout.enqueue("a", packets(6))
    playout.finish("a")
    catching = CatchUp(playout, 2 * FAR, Plain())
    steps = [catching.next() for _ in range(4)]
    assert not playout.speaking, "all of it was taken from the queue"
    (last,) = steps[-1:]
    assert last is not None
    assert not last.last
    assert catching.cut() == [Cut("a", last.end, 6 * FRAME)]


def test_what_was_not_heard_is_said_again() -> None:
    playout = Playout()
    playout.enqueue("a", packets(SECOND))
    catching = CatchUp(playout, 2 * FAR, Plain())
    for _ in range(10):
        catching.next()
    catching.rewind("a", 3 * FRAME)
    step = catching.next()
    assert step is not None
    assert (step.end - step.samples, step.samples) == (3 * FRAME, BRISK)


class AnyOrder(RuleBasedStateMachine):
    """Speech comes, pauses, is cut and rewound while somebody catches up."""

    def __init__(self) -> None:
        super().__init__()
        self.playout = Playout()
        self.catching = CatchUp(self.playout, 3 * FAR, Plain())
        self.number, self.made, self.open = 0, 0, False
        self.said = {"0": 0}

    @property
    def name(self) -> str:
        return str(self.number)

    @rule(count=st.integers(1, 80))
    def grow(self, count: int) -> None:
        self.playout.enqueue(self.name, packets(1) * count)
        self.made, self.open = self.made + count, True

    @precondition(lambda self: self.open)
    @rule()
    def finish(self) -> None:
        self.playout.finish(self.name)
        self.number, self.made, self.open = self.number + 1, 0, False
        self.said[self.name] = 0

    @rule()
    def pause(self) -> None:
        self.playout.pause()
        assert self.catching.next() is None
        self.playout.go_on()

    @rule(back=st.integers(0, 30))
    def rewind(self, back: int) -> None:
        front = self.catching.progress()
        if front is not None:
            to = max(0, front.samples - back * FRAME) // FRAME * FRAME
            self.catching.rewind(front.message, to)
            self.said[front.message] = min(self.said[front.message], to)

    @rule(count=st.integers(1, 60))
    def leave(self, count: int) -> None:
        for _ in range(count):
            step = self.catching.next()
            if step is None:
                return
            before, self.said[step.message] = self.said[step.message], step.end
            assert step.end - step.samples == before, "no speech is missing, none is said twice"
            assert 0 <= step.samples <= BRISK + 2 * FRAME
            assert step.message != self.name or step.end <= self.made * FRAME, "sent <= generated"

    @rule()
    def cut(self) -> None:
        for cut in self.catching.cut():
            assert cut.samples == self.said[cut.message]
        self.number, self.made, self.open = self.number + 1, 0, False
        self.said[self.name] = 0
        self.catching = CatchUp(self.playout, 3 * FAR, Plain())

    @invariant()
    def the_end_is_sent(self) -> None:
        front = self.catching.progress()
        assert front is None or front.samples <= front.generated


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=20, stateful_step_count=25)
