"""An outbox that is told `too_fast` settles at what the hub permits: both ends, and a way between them."""

from collections import deque
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.session.commands import Refusal
from legato.session.outbox import WINDOW, Batch, Outbox
from signaling.connection.flight import Flight
from signaling.connection.limits import DEFAULT


@dataclass
class Run:
    """One producer, `way` ms from a hub; its timers are late by up to `late` ms. Time goes on by the millisecond."""

    way: int
    late: int
    random: Random
    a_second: int = DEFAULT.batches_a_second
    outbox: Outbox = field(default_factory=Outbox)
    log: list[int] = field(default_factory=list)
    now: int = 0
    sent: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.flight = Flight(self.a_second, DEFAULT.batches_at_once, 0)
        self.up: deque[tuple[int, Batch]] = deque()
        self.down: deque[tuple[int, int, Refusal | None]] = deque()
        self.timer: int | None = None

    def go(self, batches: int) -> None:
        for number in range(batches):
            self.outbox.put(f"batch {number}")
        self.flush()
        while self.outbox.pending():
            self.now += 1
            assert self.now < 600_000, "it goes on for ever"
            while self.up and self.up[0][0] <= self.now:
                batch = self.up.popleft()[1]
                self.down.append((self.now + self.way, batch.seq, self.answer(batch)))
            while self.down and self.down[0][0] <= self.now:
                _, seq, refusal = self.down.popleft()
                if refusal is None:
                    self.outbox.acked(seq, self.now)
                else:
                    assert self.outbox.refused(seq, refusal, self.now, self.random.random()) is None
                self.flush()
            if self.timer is not None and self.timer <= self.now:
                self.flush()

    def answer(self, batch: Batch) -> Refusal | None:
        """As the hub does: first whether it flies, then the log's order."""
        wait = self.flight.admit(batch.seq, self.now, True)
        expected = len(self.log) + 1
        if wait:
            self.refused += 1
            return Refusal("too_fast", retry_after_ms=wait)
        if batch.seq > expected:
            self.refused += 1
            return Refusal("sequence_gap", expected=expected)
        if batch.seq == expected:
            self.log.append(batch.seq)
        return None

    def flush(self) -> None:
        taken = self.outbox.take(self.now)
        self.sent += len(taken)
        self.up.extend((self.now + self.way, batch) for batch in taken)
        deadline = self.outbox.next_deadline()
        self.timer = None if deadline is None else max(deadline, self.now) + self.random.randint(0, self.late)


@given(
    seed=st.integers(0, 1 << 32),
    way=st.sampled_from([0, 1, 20, 150]),
    late=st.sampled_from([0, 1, 4, 16, 1_000]),
    batches=st.integers(1, 1_200),
    a_second=st.sampled_from([20, 67, 200, 1_000]),
)
def test_nothing_is_lost_doubled_or_reordered_however_far_the_hub(
    seed: int, way: int, late: int, batches: int, a_second: int
) -> None:
    run = Run(way, late, Random(seed), a_second)
    run.go(batches)
    assert run.log == list(range(1, batches + 1))


def test_what_was_sent_behind_a_refused_batch_is_not_counted() -> None:
    flight = Flight(200, 1, 0)
    assert flight.admit(1, 0, True) == 0
    assert [flight.admit(seq, 0, True) for seq in (2, 3)] == [5, 5]
    assert [flight.admit(seq, 5, True) for seq in (4, 5, 6)] == [5, 5, 5], "the token is kept for 2"
    assert flight.admit(2, 5, True) == 0
    assert flight.admit(3, 10, False) == 50, "too many fly"


def test_who_begins_behind_what_was_refused_is_heard_again() -> None:
    flight = Flight(200, 1, 0)
    assert [flight.admit(seq, 0, True) for seq in (1, 1, 2)] == [0, 5, 5], (
        "1 came twice, so it is not sent again"
    )
    assert flight.admit(2, 9, True) == 0


@pytest.mark.parametrize("way", [0, 1, 20])
@pytest.mark.parametrize("late", [0, 4, 16])
def test_it_settles_at_the_permitted_rate_with_few_refusals(way: int, late: int, run_seed: int) -> None:
    batches = 2_000
    run = Run(way, late, Random(run_seed))
    run.go(batches)
    permitted_ms = (batches - DEFAULT.batches_at_once) * 1000 / DEFAULT.batches_a_second
    assert run.now < 1.05 * permitted_ms
    assert run.refused < batches // 10 + 2 * WINDOW
    assert run.sent - run.refused < batches + WINDOW, "what was not refused is sent once"
