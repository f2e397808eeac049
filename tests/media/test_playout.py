"""`sent <= generated`, in order, nothing lost or doubled, and a cut tells exactly what was sent."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from legato.speech import Word
from media.opus import FRAME
from media.playout import MessageClosed, Playout, PlayoutFull
from tests.media.builders import packet


def packets(count: int, first: int = 0) -> list[bytes]:
    return [packet(first + i) for i in range(count)]


def words(count: int, length: int) -> list[Word]:
    return [Word(f"w{i}", i * length, (i + 1) * length) for i in range(count)]


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


def test_a_cut_tells_samples_and_whole_words() -> None:
    playout = Playout()
    playout.enqueue("a", packets(10), words(5, FRAME + 1))
    playout.enqueue("b", packets(2))
    for _ in range(3):
        playout.next()
    one, two = playout.cut()
    assert (one.message, one.samples, one.generated, one.words) == ("a", 3 * FRAME, 10 * FRAME, 2)
    assert one.last_word == Word("w1", FRAME + 1, 2 * (FRAME + 1))
    assert (two.message, two.samples, two.words, two.last_word) == ("b", 0, 0, None)
    assert playout.next() is None
    assert playout.queued == 0


def test_a_word_counts_when_its_last_sample_was_sent() -> None:
    playout = Playout()
    playout.enqueue("a", packets(2), [Word("w", 0, FRAME)])
    playout.next()
    progress = playout.progress()
    assert progress is not None
    assert progress.words == 1


def test_a_message_that_was_cut_takes_no_more_speech() -> None:
    playout = Playout()
    playout.enqueue("a", packets(1))
    playout.cut()
    with pytest.raises(MessageClosed) as closed:
        playout.enqueue("a", packets(1))
    assert closed.value.message == "a"


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
            assert step.first == (not self.sent[step.message])
            self.sent[step.message].append(step.payload)
            if not self.order or self.order[-1] != step.message:
                self.order.append(step.message)
            done = self.sent[step.message] == self.put[step.message]
            assert step.last == (done and step.message in self.dead)

    @rule()
    def cut(self) -> None:
        for cut in self.playout.cut():
            assert cut.samples == len(self.sent[cut.message]) * FRAME
            assert cut.generated == len(self.put[cut.message]) * FRAME
            self.dead.add(cut.message)

    @rule(paused=st.booleans())
    def hold(self, paused: bool) -> None:
        self.playout.pause() if paused else self.playout.go_on()

    @invariant()
    def sent_is_a_prefix_of_generated_in_order(self) -> None:
        for name, batch in self.sent.items():
            assert batch == self.put[name][: len(batch)]
        numbers = [int(name[1:]) for name in self.order]
        assert numbers == sorted(numbers)
        assert 0 <= self.playout.queued <= 30


TestQueue = Queue.TestCase
