"""What is in flight: a server that may forget its scripts or hang up at any moment, and still every command is
settled once, and each producer's batches take effect in order."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.store.backoff import FIRST_MS, LOCAL_MS, LONGEST_MS, Backoff
from hub.store.flight import MOST, Flight, Flown, Full, Kind, Verdict


class Pipeline(RuleBasedStateMachine):
    """Commands are (producer, sequence); the server keeps each producer's last and refuses gaps, as the append does."""

    def __init__(self) -> None:
        super().__init__()
        self.flight: Flight[tuple[int, int]] = Flight()
        self.made = [0, 0]
        self.last = [0, 0]
        self.wire: deque[tuple[int, int]] = deque()
        self.answers: deque[tuple[str, bool]] = deque()
        self.has_scripts = True
        self.settled: list[tuple[int, int]] = []

    @rule(producer=st.sampled_from([0, 1]))
    def make(self, producer: int) -> None:
        self.made[producer] += 1
        waiter = (producer, self.made[producer])
        self.flight.add(Flown((), Kind.ORDERED, waiter, since=0))

    @rule()
    def write(self) -> None:
        self.wire.extend(command.waiter for command in self.flight.take())

    @precondition(lambda self: self.wire)
    @rule(count=st.integers(1, 5))
    def serve(self, count: int) -> None:
        for _ in range(min(count, len(self.wire))):
            producer, sequence = self.wire.popleft()
            if not self.has_scripts:
                self.answers.append(("NOSCRIPT No matching script", False))
            elif sequence > self.last[producer] + 1:
                self.answers.append(("", True))
            else:
                self.last[producer] = max(self.last[producer], sequence)
                self.answers.append(("", False))

    @precondition(lambda self: self.answers)
    @rule(count=st.integers(1, 5))
    def read(self, count: int) -> None:
        for _ in range(min(count, len(self.answers))):
            error, gap = self.answers.popleft()
            command, verdict = self.flight.answered(error, gap)
            assert verdict is not Verdict.BREAK
            if verdict is Verdict.SETTLED:
                assert not gap, "nobody is told of a gap that only the missing scripts made"
                self.settled.append(command.waiter)
        if self.flight.ready_for_scripts():
            self.has_scripts = True
            self.flight.scripts_sent()

    @rule()
    def forget(self) -> None:
        self.has_scripts = False

    @rule()
    def somebody_else_loads(self) -> None:
        self.has_scripts = True

    @rule(served=st.integers(0, 9))
    def hang_up(self, served: int) -> None:
        """Some of what was sent takes effect, no answer comes; the new connection brings the scripts."""
        if self.wire and served:
            self.serve(served)
        self.wire.clear()
        self.answers.clear()
        assert self.flight.broken() == []
        self.has_scripts = True

    @invariant()
    def nothing_is_settled_twice_or_before_it_took_effect(self) -> None:
        assert len(set(self.settled)) == len(self.settled)
        assert all(sequence <= self.last[producer] for producer, sequence in self.settled)

    @invariant()
    def each_producers_settlements_are_in_order(self) -> None:
        for producer in (0, 1):
            sequences = [sequence for name, sequence in self.settled if name == producer]
            assert sequences == sorted(sequences)

    def teardown(self) -> None:
        """Left alone, everything is settled."""
        for _ in range(10 * (sum(self.made) + 1)):
            self.write()
            if self.wire:
                self.serve(5)
            if self.answers:
                self.read(5)
        assert len(self.settled) == sum(self.made)
        assert self.flight.idle()


TestPipeline = Pipeline.TestCase


def test_what_failed_for_want_of_scripts_goes_before_what_was_unanswered_when_the_link_broke() -> None:
    flight: Flight[str] = Flight()
    for name in "abcd":
        flight.add(Flown((), Kind.ORDERED, name, 0))
        if name == "c":
            flight.take()
    flight.answered("NOSCRIPT", gap=False)
    flight.answered("", gap=True)
    flight.broken()
    assert [command.waiter for command in flight.take()] == ["a", "b", "c", "d"]


def test_a_subscription_is_not_sent_again_but_handed_back() -> None:
    flight: Flight[str] = Flight()
    for kind, name in ((Kind.CONFIRMED, "a"), (Kind.ORDERED, "b"), (Kind.CONFIRMED, "c")):
        flight.add(Flown((), kind, name, 0))
    flight.take()
    flight.add(Flown((), Kind.CONFIRMED, "d", 0))
    assert [command.waiter for command in flight.broken()] == ["a", "c", "d"]
    assert [command.waiter for command in flight.take()] == ["b"]


@pytest.mark.parametrize("error", ["LOADING x", "READONLY x", "MASTERDOWN x", "MOVED 1 h"])
def test_a_server_that_is_not_to_be_asked_now_keeps_the_command_in_flight(error: str) -> None:
    flight: Flight[str] = Flight()
    flight.add(Flown((), Kind.PLAIN, "a", 0))
    flight.take()
    assert flight.answered(error, gap=False)[1] is Verdict.BREAK
    flight.broken()
    assert [command.waiter for command in flight.take()] == ["a"]


def test_what_is_overdue_is_named_and_what_was_not_sent_is_dropped() -> None:
    flight: Flight[str] = Flight()
    for since, name in enumerate("abcd"):
        flight.add(Flown((), Kind.PLAIN, name, since))
        if name == "b":
            flight.take()
    assert [command.waiter for command in flight.overdue(before=3)] == ["a", "b", "c"]
    assert [command.waiter for command in flight.take()] == ["d"]


def test_more_than_the_bound_is_not_taken() -> None:
    flight: Flight[int] = Flight()
    for number in range(MOST):
        flight.add(Flown((), Kind.PLAIN, number, 0))
    with pytest.raises(Full):
        flight.add(Flown((), Kind.PLAIN, -1, 0))


@pytest.mark.parametrize("first_ms", [FIRST_MS, LOCAL_MS])
@given(numbers=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=30))
def test_the_first_attempt_is_immediate_and_no_wait_is_longer_than_the_longest(
    first_ms: int, numbers: list[float]
) -> None:
    source = iter(numbers)
    backoff = Backoff(lambda: next(source), first_ms)
    waits = [backoff.wait_ms() for _ in range(len(numbers) + 1)]
    assert waits[0] == 0
    assert all(0 < first_ms // 2 <= wait <= LONGEST_MS for wait in waits[1:])
    assert all(wait >= LONGEST_MS // 2 for wait in waits[11:])
    backoff.succeeded()
    assert backoff.wait_ms() == 0
