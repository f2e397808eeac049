"""`sent <= generated`, in order, nothing lost or doubled, and a cut tells exactly what was sent."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from media.opus import FRAME
from media.playout import REMEMBERED, Cut, MessageClosed, Playout, PlayoutFull
from tests.media.builders import packet


def packets(count: int, first: int = 0) -> list[bytes]:
    return [packet(first + i) for i in range(count)]


def test_frames_leave_in_order_with_the_ends_of_their_message() -> None:
    playout = Playout()
    playout.enqueue("a", packets(2))
    playout.finish("a")
    playout.enqueue("b", packets(1, 9))
    steps = [playout.next() for _ in range(4)]
    seen = [(step.message, step.payload, step.first, step.last) if step else None for step in steps]
    assert seen == [
        ("a", packet(0), True, False),
        ("a", packet(1), False, True),
        ("b", packet(9), True, False),
        None,
    ]


def test_speech_for_the_message_in_front_goes_before_the_next_message() -> None:
    playout = Playout()
    playout.enqueue("a", packets(1))
    playout.enqueue("b", packets(1, 5))
    playout.next()
    assert playout.next() is None
    playout.enqueue("a", packets(1, 1))
    playout.finish("a")
    assert [step.payload for step in (playout.next(), playout.next()) if step] == [packet(1), packet(5)]


def test_finishing_what_was_played_already_drains_it() -> None:
    playout = Playout()
    playout.enqueue("a", packets(1))
    playout.next()
    assert playout.finish("a") is True
    assert playout.finish("a") is False
    assert not playout.speaking


def test_a_cut_of_some_spares_what_is_before_and_behind_them() -> None:
    playout = Playout()
    for name in "abc":
        playout.enqueue(name, packets(4))
    playout.next()
    assert playout.cut({"nothing"}) == []
    assert playout.cut({"b"}) == [Cut("b", 0, 4 * FRAME)]
    assert (playout.queued, playout.messages) == (7, ["a", "c"])
    playout.rewind("a", 0)
    assert playout.queued == 8
    with pytest.raises(MessageClosed):
        playout.enqueue("b", packets(1))
    playout.next()
    assert playout.cut({"a"}) == [Cut("a", FRAME, 4 * FRAME)]
    playout.rewind("a", 0)
    assert (playout.queued, playout.messages) == (4, ["c"])


def test_a_cut_tells_how_far_each_message_was_sent() -> None:
    playout = Playout()
    playout.enqueue("a", packets(10))
    playout.enqueue("b", packets(2))
    for _ in range(3):
        playout.next()
    assert playout.cut() == [Cut("a", 3 * FRAME, 10 * FRAME), Cut("b", 0, 2 * FRAME)]
    assert playout.next() is None
    assert playout.queued == 0


def test_speech_that_begins_in_the_middle_counts_from_there() -> None:
    playout = Playout()
    playout.enqueue("a", packets(2), 7 * FRAME)
    assert playout.progress() == Cut("a", 7 * FRAME, 9 * FRAME)
    step = playout.next()
    assert step is not None
    assert (step.end, step.first) == (8 * FRAME, True)


def test_what_is_said_faster_stands_for_more_speech() -> None:
    playout = Playout()
    playout.enqueue("a", packets(2), 0, 1_200)
    playout.enqueue("a", packets(1, 2), 2_400)
    playout.finish("a")
    steps = list(iter(playout.next, None))
    assert [step.end for step in steps] == [1_200, 2_400, 2_400 + FRAME]
    assert [step.joined for step in steps] == [False, True, False]
    assert steps[-1].last


def test_frames_join_until_something_comes_between() -> None:
    playout = Playout()
    playout.enqueue("a", packets(3))
    joined = []
    for paused in (False, False, True):
        if paused:
            playout.pause()
            playout.next()
            playout.go_on()
        step = playout.next()
        assert step is not None
        joined.append(step.joined)
    assert joined == [False, True, False]


def test_what_was_sent_and_not_heard_is_sent_again() -> None:
    playout = Playout()
    playout.enqueue("a", packets(6))
    for _ in range(5):
        playout.next()
    playout.rewind("a", 2 * FRAME)
    assert playout.progress() == Cut("a", 2 * FRAME, 6 * FRAME)
    assert playout.queued == 4
    steps = list(iter(playout.next, None))
    assert [step.payload for step in steps] == packets(4, 2)
    assert [(step.first, step.joined) for step in steps] == [(False, False), *[(False, True)] * 3]


def test_the_end_of_a_drained_message_can_be_sent_again_but_not_past_another() -> None:
    playout = Playout()
    playout.enqueue("a", packets(3))
    playout.finish("a")
    for _ in range(3):
        playout.next()
    playout.rewind("a", 2 * FRAME)
    playout.rewind("a", 5 * FRAME)
    step = playout.next()
    assert step is not None
    assert (step.payload, step.last) == (packet(2), True)
    playout.enqueue("b", packets(1, 8))
    playout.next()
    playout.rewind("a", 0)
    assert playout.queued == 0


def test_a_message_that_was_cut_takes_no_more_speech() -> None:
    playout = Playout()
    playout.enqueue("a", packets(1))
    playout.cut()
    with pytest.raises(MessageClosed) as closed:
        playout.enqueue("a", packets(1))
    assert closed.value.message == "a"


def test_what_was_cut_is_not_sent_again() -> None:
    playout = Playout()
    playout.enqueue("a", packets(3))
    playout.next()
    playout.cut()
    playout.rewind("a", 0)
    assert (playout.queued, playout.next()) == (0, None)


def test_pausing_holds_the_frames_and_continuing_loses_none() -> None:
    playout = Playout()
    playout.enqueue("a", packets(2))
    playout.next()
    playout.pause()
    assert playout.next() is None
    playout.go_on()
    step = playout.next()
    assert step is not None
    assert step.payload == packet(1)


def test_a_full_queue_takes_nothing_and_says_what_fits() -> None:
    playout = Playout(max_queued=3)
    playout.enqueue("a", packets(2))
    with pytest.raises(PlayoutFull) as full:
        playout.enqueue("a", packets(2))
    assert full.value.room == 1
    assert playout.queued == 2


class Queue(RuleBasedStateMachine):
    """Against the plainest model: per message, what was put in and what came out."""

    open_messages = Bundle("open")

    def __init__(self) -> None:
        super().__init__()
        self.playout = Playout(max_queued=30)
        self.put: dict[str, list[bytes]] = {}
        self.sent: dict[str, list[bytes]] = {}
        self.dead: set[str] = set()
        self.order: list[str] = []
        self.begun: set[str] = set()
        self.cut_off = False
        self.count = 0

    @rule(target=open_messages)
    def begin(self) -> str:
        self.count += 1
        name = f"m{self.count}"
        self.playout.enqueue(name, [])
        self.put[name], self.sent[name] = [], []
        return name

    @rule(name=open_messages, count=st.integers(0, 8))
    def grow(self, name: str, count: int) -> None:
        batch = packets(count, len(self.put[name]) + 1000 * int(name[1:]))
        if count > self.playout.room:
            with pytest.raises(PlayoutFull):
                self.playout.enqueue(name, batch)
        elif name in self.dead:
            with pytest.raises(MessageClosed):
                self.playout.enqueue(name, batch)
        else:
            self.playout.enqueue(name, batch)
            self.put[name] += batch

    @rule(name=consumes(open_messages))
    def finish(self, name: str) -> None:
        drained = self.playout.finish(name)
        assert drained == (name not in self.dead and self.sent[name] == self.put[name])
        self.dead.add(name)

    @rule(times=st.integers(1, 12))
    def play(self, times: int) -> None:
        for _ in range(times):
            step = self.playout.next()
            if step is None:
                return
            self.cut_off = False
            assert step.first == (step.message not in self.begun)
            self.begun.add(step.message)
            self.sent[step.message].append(step.payload)
            if not self.order or self.order[-1] != step.message:
                self.order.append(step.message)
            done = self.sent[step.message] == self.put[step.message]
            assert step.last == (done and step.message in self.dead)
            assert step.end == len(self.sent[step.message]) * FRAME

    @rule()
    def cut(self) -> None:
        for cut in self.playout.cut():
            assert cut.samples == len(self.sent[cut.message]) * FRAME
            assert cut.generated == len(self.put[cut.message]) * FRAME
            self.dead.add(cut.message)
        self.cut_off = True

    @rule(name=open_messages)
    def cut_one(self, name: str) -> None:
        """Of the others nothing is lost."""
        before = [each for each in self.playout.messages if each != name]
        for cut in self.playout.cut({name}):
            assert (cut.message, cut.samples) == (name, len(self.sent[name]) * FRAME)
            self.dead.add(name)
        assert self.playout.messages == before
        self.cut_off = self.cut_off or self.order[-1:] == [name]

    @rule(back=st.integers(1, 9))
    def rewind(self, back: int) -> None:
        """What went last is taken back, as if it had not been heard."""
        if not self.order:
            return
        name = self.order[-1]
        if self.cut_off:
            self.playout.rewind(name, 0)
            return
        left = max(0, len(self.sent[name]) - back)
        if len(self.sent[name]) > left:
            self.playout.rewind(name, left * FRAME)
            del self.sent[name][left:]

    @rule(paused=st.booleans())
    def hold(self, paused: bool) -> None:
        self.playout.pause() if paused else self.playout.go_on()

    @invariant()
    def sent_is_a_prefix_of_generated_in_order(self) -> None:
        for name, batch in self.sent.items():
            assert batch == self.put[name][: len(batch)]
        numbers = [int(name[1:]) for name in self.order]
        assert numbers == sorted(numbers)
        assert 0 <= self.playout.queued <= 30 + REMEMBERED, "what was sent may come back to a full queue"


TestQueue = pytest.mark.timeout(180)(Queue.TestCase)
"""Hundreds of queues, hundreds of steps each: longer than others where much else runs."""
