"""A reader sees every event exactly once, in order, however it attaches and whatever gets lost."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from legato.session.cursor import Cursor, Stage, Step, Want

MOST = 3


@dataclass(frozen=True)
class Entry:
    offset: int
    epoch: str


class Following(RuleBasedStateMachine):
    """A log that grows, is trimmed and loses its tail; a bus that loses, repeats and reorders; one reader."""

    @initialize(history=st.integers(0, 6), seen=st.integers(0, 6))
    def begin(self, history: int, seen: int) -> None:
        self.epochs = 0
        self.log = [Entry(n + 1, "e0") for n in range(history)]
        self.first = 1
        self.start = min(seen, history)
        self.cursor: Cursor[Entry] = Cursor("e0", self.start, most=MOST)
        self.bus: list[Entry] = []
        self.out: list[Entry] = self.log[: self.start]
        self.want = Want.READ

    def took(self, step: Step[Entry]) -> None:
        for entry in step.deliver:
            assert entry.offset == len(self.out) + 1
            self.out.append(entry)
        if step.want is not Want.NOTHING:
            self.want = step.want

    @rule()
    def append(self) -> None:
        entry = Entry(len(self.log) + 1, f"e{self.epochs}")
        self.log.append(entry)
        self.bus.append(entry)

    @precondition(lambda self: self.bus)
    @rule(data=st.data(), fate=st.sampled_from(["deliver", "repeat", "lose"]))
    def carry(self, data: st.DataObject, fate: str) -> None:
        place = data.draw(st.integers(0, len(self.bus) - 1))
        entry = self.bus[place] if fate == "repeat" else self.bus.pop(place)
        if fate != "lose":
            self.took(self.cursor.publish(entry.epoch, entry))

    @rule(limit=st.integers(0, 3), overlap=st.integers(0, 2))
    def read(self, limit: int, overlap: int) -> None:
        after = max(self.first - 1, self.cursor.delivered - overlap)
        self.want = Want.NOTHING
        page = self.log[after : max(after, self.cursor.delivered) + limit]
        self.took(self.cursor.replay(page, self.first, len(self.log)))

    @precondition(lambda self: len(self.log) > self.first)
    @rule(data=st.data())
    def trim(self, data: st.DataObject) -> None:
        self.first = data.draw(st.integers(self.first, len(self.log)))

    @rule(back=st.integers(0, 3))
    def snapshot(self, back: int) -> None:
        at = max(len(self.log) - back, self.first - 1)
        if at >= len(self.out):
            self.out = self.log[:at]
            self.want = Want.NOTHING
        self.took(self.cursor.snapshot(at))

    @rule()
    def connection_breaks(self) -> None:
        self.bus.clear()
        self.want = self.cursor.asked_in_vain()

    @precondition(lambda self: self.log)
    @rule(lost=st.integers(1, 3))
    def lose_tail(self, lost: int) -> None:
        self.epochs += 1
        self.log = self.log[: max(len(self.log) - lost, 0)]
        self.first = min(self.first, len(self.log) + 1)
        self.log.append(Entry(len(self.log) + 1, f"e{self.epochs}"))
        self.out = list(self.log)
        self.want = self.cursor.reopened(f"e{self.epochs}", len(self.log))

    @invariant()
    def what_was_delivered_is_the_log(self) -> None:
        assert self.out == self.log[: len(self.out)]
        assert self.cursor.delivered == len(self.out)

    @invariant()
    def memory_is_bounded(self) -> None:
        assert self.cursor.held <= MOST

    @invariant()
    def what_is_live_lacks_nothing_that_it_was_told_of(self) -> None:
        if self.cursor.stage is Stage.LIVE:
            assert self.cursor.held == 0
        else:
            assert self.want is not Want.NOTHING

    def teardown(self) -> None:
        if not hasattr(self, "out"):
            return
        for entry in self.bus:
            self.took(self.cursor.publish(entry.epoch, entry))
        self.want = self.cursor.asked_in_vain()
        for _ in range(3 * len(self.log) + 6):
            if self.want is Want.SNAPSHOT:
                self.snapshot(0)
            elif self.want is Want.READ:
                self.read(2, 1)
        assert self.cursor.stage is Stage.LIVE
        assert self.out == self.log


TestFollowing = Following.TestCase
TestFollowing.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


def entries(*offsets: int, epoch: str = "e0") -> list[Entry]:
    return [Entry(offset, epoch) for offset in offsets]


def live(at: int, most: int = 8) -> Cursor[Entry]:
    cursor: Cursor[Entry] = Cursor("e0", at, most=most)
    cursor.replay([], 1, at)
    return cursor


def test_a_new_cursor_is_live_once_a_page_reached_the_tail() -> None:
    cursor: Cursor[Entry] = Cursor("e0", 2)
    assert cursor.replay(entries(3, 4), 1, 5) == Step(entries(3, 4), Want.READ)
    assert cursor.replay(entries(5), 1, 5) == Step(entries(5))
    assert cursor.stage is Stage.LIVE


def test_a_hole_asks_for_one_read() -> None:
    cursor = live(3)
    assert cursor.publish("e0", Entry(5, "e0")) == Step([], Want.READ)
    assert cursor.publish("e0", Entry(6, "e0")) == Step([])
    assert cursor.publish("e0", Entry(4, "e0")) == Step(entries(4, 5, 6))


def test_what_does_not_fit_is_read_again() -> None:
    cursor = live(0, most=2)
    for offset in (5, 3, 4, 2):
        cursor.publish("e0", Entry(offset, "e0"))
    assert cursor.held == 2
    assert cursor.publish("e0", Entry(1, "e0")) == Step(entries(1, 2, 3))
    assert cursor.replay([], 1, 3) == Step([], Want.READ)
    assert cursor.replay(entries(4, 5), 1, 5) == Step(entries(4, 5))


def test_a_trimmed_log_asks_for_the_snapshot() -> None:
    cursor: Cursor[Entry] = Cursor("e0", 2)
    assert cursor.replay(entries(7, 8), 7, 8) == Step([], Want.SNAPSHOT)
    assert cursor.asked_in_vain() is Want.SNAPSHOT
    assert cursor.snapshot(6) == Step([], Want.READ)
    assert cursor.replay(entries(7, 8), 7, 8) == Step(entries(7, 8))


def test_one_trimmed_event_is_enough_to_ask_for_the_snapshot() -> None:
    cursor: Cursor[Entry] = Cursor("e0", 2)
    assert cursor.replay(entries(4), 4, 4) == Step([], Want.SNAPSHOT)


def test_a_log_that_is_behind_lost_its_tail_and_nothing_more_is_delivered() -> None:
    cursor = live(5)
    assert cursor.replay([], 1, 4) == Step([], Want.RESYNC)
    assert cursor.publish("e0", Entry(6, "e0")) == Step([])
    assert cursor.snapshot(9) == Step([])
    assert cursor.replay(entries(6), 1, 6) == Step([])
    assert cursor.asked_in_vain() is Want.RESYNC
    assert cursor.reopened("e1", 4) is Want.READ
    assert cursor.publish("e1", Entry(5, "e1")) == Step(entries(5, epoch="e1"))


def test_an_event_of_an_earlier_epoch_is_dropped_and_one_of_an_unknown_epoch_is_looked_into() -> None:
    cursor = live(5)
    assert cursor.publish("e1", Entry(6, "e1")) == Step([], Want.RESYNC)
    cursor.reopened("e1", 5)
    assert cursor.publish("e0", Entry(6, "e0")) == Step([])
    assert cursor.publish("e1", Entry(6, "e1")).deliver == entries(6, epoch="e1")


def test_an_old_snapshot_moves_nobody_back() -> None:
    cursor = live(5)
    assert cursor.snapshot(4) == Step([])
    assert cursor.delivered == 5
