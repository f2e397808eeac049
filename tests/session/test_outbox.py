"""Whatever is retried, repeated, reordered or lost, the log holds each batch once and in order."""

from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from legato.session.commands import Reason, Refusal
from legato.session.outbox import REMEMBERED_MS, WINDOW, Batch, Outbox, Saved


@dataclass
class Shelf:
    """A store as far as one producer sees it: a log, kept answers, and the gap rule."""

    log: list[tuple[int, str]] = field(default_factory=list)
    refusals: set[int] = field(default_factory=set)
    last: int = 0

    def append(self, batch: Batch, refuse: bool) -> Refusal | None:
        assert batch.seq > self.last - WINDOW, "too old for the store"
        if batch.seq in self.refusals:
            return Refusal("not_allowed")
        if batch.seq <= self.last:
            return None
        if batch.seq != self.last + 1:
            return Refusal("sequence_gap", expected=self.last + 1)
        self.last = batch.seq
        if refuse:
            self.refusals.add(batch.seq)
            return Refusal("not_allowed")
        self.log.append((batch.seq, batch.raw))
        return None

    def lose(self, keep: int) -> None:
        """What a promoted replica knows: the first `keep` batches."""
        self.log = self.log[:keep]
        self.last = max([0, *(seq for seq, _ in self.log)])
        self.refusals = {seq for seq in self.refusals if seq <= self.last}


class Producing(RuleBasedStateMachine):
    """One producer that restarts, a network that breaks, a store that refuses and at times loses its tail."""

    @initialize()
    def begin(self) -> None:
        self.outbox = Outbox()
        self.shelf = Shelf()
        self.now = 1
        self.up: list[Batch] = []
        self.down: list[tuple[int, Refusal | None]] = []
        self.put_raws: list[str] = []
        self.refused: set[str] = set()
        self.acked: set[str] = set()
        self.named_lost: set[str] = set()
        self.told_missing: set[str] = set()

    @rule(count=st.sampled_from([1, 1, 3, 70]))
    def put(self, count: int) -> None:
        for _ in range(count):
            raw = f"batch {len(self.put_raws)}"
            self.put_raws.append(raw)
            self.outbox.put(raw)

    @rule()
    def send(self) -> None:
        self.up += self.outbox.take(self.now)
        assert len({batch.seq for batch in self.up}) <= WINDOW

    @precondition(lambda self: self.up)
    @rule(refuse=st.sampled_from([None, None, None, None, "lasting", "passing"]), repeat=st.booleans())
    def arrive(self, refuse: str | None, repeat: bool) -> None:
        batch = self.up.pop(0)
        if refuse == "passing":
            reason = "too_fast" if batch.seq % 2 else "overloaded"
            self.down.append((batch.seq, Refusal(reason, retry_after_ms=20)))  # type: ignore[arg-type]
            return
        answer = self.shelf.append(batch, refuse == "lasting")
        if repeat:
            assert self.shelf.append(batch, False) == answer
        self.down.append((batch.seq, answer))

    @precondition(lambda self: self.down)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        """Answers overtake each other."""
        seq, refusal = self.down.pop(data.draw(st.integers(0, min(3, len(self.down) - 1))))
        if refusal is None:
            if (batch := self.outbox.acked(seq, self.now)) is not None:
                self.acked.add(batch.raw)
        elif (lasting := self.outbox.refused(seq, refusal, self.now)) is not None:
            self.refused.add(lasting.raw)
        if self.outbox.stranded:
            assert self.outbox.take(self.now) == []
            assert self.outbox.next_deadline() is None
            self.reconnect(restart=False, arrived=0)

    @rule(ms=st.sampled_from([1, 30, 9_999, 10_000]))
    def wait(self, ms: int) -> None:
        self.now += ms

    @rule(restart=st.booleans(), arrived=st.integers(0, 3))
    def reconnect(self, restart: bool, arrived: int) -> None:
        for batch in self.up[:arrived]:
            self.shelf.append(batch, False)
        self.up.clear()
        self.down.clear()
        if restart:
            kept = msgspec.json.decode(msgspec.json.encode(self.outbox.saved()), type=Saved)
            self.outbox = Outbox(kept)
        for batch in self.outbox.opened(self.shelf.last, self.now):
            (self.refused if batch.seq in self.shelf.refusals else self.acked).add(batch.raw)
        self.in_order_or_anew()

    @rule(lost=st.integers(1, 4))
    def lose_tail(self, lost: int) -> None:
        before = {raw for _, raw in self.shelf.log}
        self.shelf.lose(max(0, len(self.shelf.log) - lost))
        self.named_lost |= before - {raw for _, raw in self.shelf.log}
        self.up.clear()
        self.down.clear()
        self.outbox.discontinued(self.shelf.last, self.now)
        self.in_order_or_anew()

    @rule(lost=st.integers(1, 4))
    def lose_tail_untold(self, lost: int) -> None:
        """Only a gap, or the next connection, tells of it."""
        before = {raw for _, raw in self.shelf.log}
        self.shelf.lose(max(0, len(self.shelf.log) - lost))
        self.named_lost |= before - {raw for _, raw in self.shelf.log}

    def in_order_or_anew(self) -> None:
        if not self.outbox.follows(self.shelf.last):
            kept = {raw for _, raw in self.shelf.log} | {batch.raw for batch in self.outbox.pending()}
            gone = self.acked - kept - self.told_missing
            self.told_missing |= gone
            assert self.outbox.missing(self.shelf.last) >= len(gone), (
                "a refusal that nobody told may count, too"
            )
            self.outbox.renumbered(self.shelf.last, lambda seq, batch: batch.raw)
        assert self.outbox.follows(self.shelf.last)

    @invariant()
    def each_batch_is_in_the_log_once(self) -> None:
        if hasattr(self, "shelf"):
            raws = [raw for _, raw in self.shelf.log]
            assert len(set(raws)) == len(raws)

    @invariant()
    def batches_are_in_the_log_in_the_order_they_were_put(self) -> None:
        if hasattr(self, "shelf"):
            numbers = [int(raw.split()[1]) for _, raw in self.shelf.log]
            assert numbers == sorted(numbers)

    @invariant()
    def what_was_acknowledged_is_there_or_named_as_lost(self) -> None:
        if hasattr(self, "shelf"):
            there = {raw for _, raw in self.shelf.log}
            assert self.acked <= there | self.named_lost | self.refused

    def teardown(self) -> None:
        if not hasattr(self, "shelf"):
            return
        for _ in range(2 * len(self.put_raws) + 4):
            self.wait(30)
            self.send()
            while self.up:
                self.arrive(None, False)
            while self.down:
                seq, refusal = self.down.pop(0)
                if refusal is None:
                    self.outbox.acked(seq, self.now)
                elif (lasting := self.outbox.refused(seq, refusal, self.now)) is not None:
                    self.refused.add(lasting.raw)
            if self.outbox.stranded:
                self.reconnect(restart=False, arrived=0)
        assert self.outbox.pending() == []
        there = {raw for _, raw in self.shelf.log}
        assert set(self.put_raws) <= there | self.refused | self.named_lost


TestProducing = pytest.mark.timeout(120)(Producing.TestCase)
TestProducing.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)


def outbox(*raws: str) -> Outbox:
    box = Outbox()
    for raw in raws:
        box.put(raw)
    return box


def seqs(batches: list[Batch]) -> list[int]:
    return [batch.seq for batch in batches]


def test_at_most_sixty_four_batches_are_in_flight() -> None:
    box = outbox(*(f"b{n}" for n in range(100)))
    assert seqs(box.take(0)) == list(range(1, 65))
    assert box.take(0) == []
    box.acked(3, 0)
    assert seqs(box.take(0)) == [65]


def test_a_batch_acknowledged_out_of_order_is_settled_once() -> None:
    box = outbox("a", "b")
    box.take(0)
    assert box.acked(2, 0) == Batch(2, "b")
    assert box.acked(2, 0) is None
    assert box.pending() == [Batch(1, "a")]


def test_after_a_gap_everything_from_the_expected_one_goes_again() -> None:
    box = outbox("a", "b", "c", "d")
    box.take(0)
    assert box.refused(3, Refusal("sequence_gap", expected=2), 0) is None
    assert seqs(box.take(0)) == [2]
    assert box.next_deadline() == 1
    assert seqs(box.take(1)) == [3, 4]


def test_nothing_overtakes_a_batch_that_has_to_wait() -> None:
    box = outbox("a", "b")
    box.take(0)
    box.refused(1, Refusal("too_fast", retry_after_ms=50), 100)
    assert box.take(149) == []
    assert box.next_deadline() == 150
    assert seqs(box.take(150)) == [1]
    assert box.next_deadline() == 160
    assert seqs(box.take(160)) == [2]
    assert box.next_deadline() is None


@pytest.mark.parametrize("reason", ["not_allowed", "stale_token", "wrong_order", "session_ended", "too_old"])
def test_a_lasting_refusal_settles_its_batch(reason: Reason) -> None:
    box = outbox("a", "b")
    box.take(0)
    assert box.refused(1, Refusal(reason), 0) == Batch(1, "a")
    assert box.pending() == [Batch(2, "b")]
    assert box.discontinued(0, 1) == []


def test_what_was_acknowledged_in_the_last_ten_seconds_goes_again_after_a_loss() -> None:
    box = outbox("a", "b", "c", "d")
    box.take(0)
    for seq, now in ((1, 0), (2, 1), (3, 2)):
        box.acked(seq, now)
    assert seqs(box.discontinued(2, REMEMBERED_MS)) == [3]
    assert seqs(box.take(REMEMBERED_MS)) == [3, 4]
    box.acked(3, REMEMBERED_MS)
    assert seqs(box.discontinued(0, REMEMBERED_MS + 1)) == [3]


def test_what_is_older_than_ten_seconds_is_forgotten() -> None:
    box = outbox("a")
    box.acked(1, 5)
    assert box.discontinued(0, 5 + REMEMBERED_MS) == []
    assert not box.follows(0)


def test_a_producer_whose_forgotten_batches_were_lost_goes_on_under_new_sequences() -> None:
    box = outbox("a", "b", "c")
    box.acked(1, 0)
    box.acked(2, 0)
    box.discontinued(0, 99_999)
    box.renumbered(0, lambda seq, batch: f"{batch.raw}@{seq}")
    assert box.take(99_999) == [Batch(1, "c@1")]
    assert box.next == 2


def test_a_refusal_that_the_log_forgot_leaves_a_hole_that_new_sequences_close() -> None:
    box = outbox("a", "b", "c")
    box.take(0)
    box.acked(1, 0)
    box.refused(2, Refusal("too_large"), 0)
    box.discontinued(0, 1)
    assert [batch.seq for batch in box.pending()] == [1, 3]
    assert not box.follows(0)
    box.renumbered(0, lambda seq, batch: f"{batch.raw}@{seq}")
    assert box.take(1) == [Batch(1, "a@1"), Batch(2, "c@2")]
    assert box.follows(0)


def test_a_refusal_after_all_that_waits_leaves_a_hole_too() -> None:
    box = outbox("a", "b")
    box.take(0)
    box.refused(2, Refusal("too_large"), 0)
    assert not box.follows(0)


def test_a_new_connection_settles_what_the_log_holds_and_sends_the_rest_again_at_once() -> None:
    box = outbox("a", "b", "c")
    box.take(0)
    box.refused(2, Refusal("overloaded", retry_after_ms=9_000), 0)
    assert seqs(box.opened(1, 0)) == [1]
    assert seqs(box.take(0)) == [2, 3]


def test_sequences_never_restart() -> None:
    box = Outbox()
    box.opened(17, 0)
    assert box.put("a").seq == 18


def test_an_outbox_goes_on_where_it_was_saved() -> None:
    box = outbox("a", "b")
    box.take(0)
    box.acked(1, 0)
    again = Outbox(box.saved())
    assert (again.next, again.take(0)) == (3, [Batch(2, "b")])
