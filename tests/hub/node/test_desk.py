"""Who is offered which session: nobody twice, nobody past their capacity, and nothing waits beside a free place."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.node.desk import Desk
from hub.store.promise import SessionKey

PATIENCE = 5_000
WORKERS = st.sampled_from(["k_1", "k_2", "k_3"])
NUMBERS = st.integers(0, 5)


def key(number: int) -> SessionKey:
    return SessionKey("main", f"s_{number}")


def nothing(key: SessionKey, participant: str, expires_ms: int) -> None:
    """An offer that nobody hears."""


def desk(**capacities: int) -> Desk:
    made = Desk()
    for name, capacity in capacities.items():
        made.register(name, capacity, nothing)
    return made


def assigned(made: Desk, *numbers: int, now: int = 0) -> dict[SessionKey, str]:
    made.reading()
    return {one: worker.name for one, worker in made.assign([key(n) for n in numbers], now, PATIENCE)}


class Desks(RuleBasedStateMachine):
    """Workers come, go, take, give back and decline in any order; time goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.now = 0
        self.waiting: dict[SessionKey, None] = {}

    @rule(name=WORKERS, capacity=st.integers(0, 3))
    def register(self, name: str, capacity: int) -> None:
        self.desk.register(name, capacity, nothing)

    @rule(name=WORKERS)
    def leave(self, name: str) -> None:
        self.desk.leave(name)

    @rule(number=NUMBERS)
    def want(self, number: int) -> None:
        self.waiting[key(number)] = None

    @rule(number=NUMBERS, name=WORKERS)
    def take(self, number: int, name: str) -> None:
        self.desk.settled(key(number), name)

    @rule(number=NUMBERS, name=WORKERS)
    def take_and_be_forgotten(self, number: int, name: str) -> None:
        self.desk.settled(key(number), name)
        self.waiting.pop(key(number), None)

    @rule(number=NUMBERS)
    def give_back(self, number: int) -> None:
        self.desk.settled(key(number), "")

    @rule(number=NUMBERS, name=WORKERS)
    def decline(self, number: int, name: str) -> None:
        self.desk.decline(name, key(number))

    @rule(name=WORKERS, free=st.integers(0, 2))
    def capacity(self, name: str, free: int) -> None:
        self.desk.capacity(name, free)
        if (worker := self.desk.workers.get(name)) is not None:
            assert worker.places == free

    @rule(ms=st.sampled_from([1, PATIENCE - 1, PATIENCE]))
    def time_goes_by(self, ms: int) -> None:
        self.now += ms

    @rule()
    def assign(self) -> None:
        had = {name: set(worker.has) for name, worker in self.desk.workers.items()}
        self.desk.reading()
        made = self.desk.assign(list(self.waiting), self.now, PATIENCE)
        assert len({one for one, _ in made}) == len(made)
        for one, worker in made:
            assert one in had[worker.name] or worker.load <= worker.capacity

    @rule()
    def what_waits_is_offered_in_the_end_if_anybody_has_a_place(self) -> None:
        for _ in range(4):
            self.desk.reading()
            self.desk.assign(list(self.waiting), self.now, PATIENCE)
        if self.desk.places:
            assert self.waiting.keys() <= self.desk.until.keys()

    @invariant()
    def an_offer_is_made_to_one_worker_that_is_here(self) -> None:
        holders: dict[SessionKey, Any] = {}
        for worker in self.desk.workers.values():
            for one in worker.offered:
                assert holders.setdefault(one, worker.name) == worker.name
                assert one in self.desk.until
        assert holders.keys() == self.desk.until.keys()


TestDesks = Desks.TestCase


def test_sessions_are_spread_by_the_part_of_the_capacity_that_is_free() -> None:
    given = assigned(desk(k_1=2, k_2=6), *range(8))
    assert [list(given.values()).count(name) for name in ("k_1", "k_2")] == [2, 6]
    given = assigned(desk(k_1=8, k_2=8), *range(4))
    assert [list(given.values()).count(name) for name in ("k_1", "k_2")] == [2, 2]


def test_the_last_worker_comes_first_while_it_is_there_and_has_a_place() -> None:
    made = desk(k_1=1, k_2=8)
    made.settled(key(1), "k_1")
    made.settled(key(1), "")
    assert assigned(made, 1) == {key(1): "k_1"}
    made.settled(key(1), "")
    made.leave("k_1")
    assert assigned(made, 1) == {key(1): "k_2"}


def test_who_declines_is_passed_over_for_the_next_until_it_says_that_it_has_room() -> None:
    made = desk(k_1=1, k_2=1)
    assert assigned(made, 1) == {key(1): "k_1"}
    made.decline("k_1", key(1))
    assert assigned(made, 1) == {key(1): "k_2"}
    made.decline("k_2", key(1))
    assert assigned(made, 1) == {}, "both declined: not in the same breath"
    made.capacity("k_2", 1)
    assert assigned(made, 1) == {key(1): "k_1"}, "the next time both are asked again"


def test_a_read_that_is_older_than_an_acceptance_offers_nothing_anew() -> None:
    made = desk(k_1=8)
    assert assigned(made, 1) == {key(1): "k_1"}
    made.settled(key(1), "k_1")
    assert assigned(made, 1) == {}
    made.missed(key(1))
    assert assigned(made, 1) == {key(1): "k_1"}, "its worker is out of reach: it waits in earnest"


def test_who_refused_is_not_asked_again_before_the_time_though_nobody_else_is_there() -> None:
    made = desk(k_1=4)
    assert assigned(made, 1) == {key(1): "k_1"}
    made.decline("k_1", key(1), again=1_000)
    made.capacity("k_1", 4)
    assert assigned(made, 1, 2, now=999) == {key(2): "k_1"}
    made.tidy(999)
    assert assigned(made, 1, 2, now=999) == {}
    made.tidy(1_000)
    assert made.refused == {}
    assert assigned(made, 1, 2, now=1_000) == {key(1): "k_1"}


def test_another_worker_is_offered_what_one_refused() -> None:
    made = desk(k_1=1, k_2=1)
    made.decline("k_1", key(1), again=1_000)
    assert assigned(made, 1) == {key(1): "k_2"}


def test_what_a_session_needs_its_worker_has() -> None:
    made = Desk()
    made.register("k_any", 9, nothing)
    made.register("k_de", 1, nothing, frozenset({"language=de", "region=eu"}))
    needs = {key(1): frozenset({"language=de"}), key(2): frozenset({"language=fr"}), key(3): frozenset[str]()}
    made.reading()
    given = {one: worker.name for one, worker in made.assign(needs, 0, PATIENCE)}
    assert given == {key(1): "k_de", key(3): "k_any"}
    made.reading()
    assert made.assign(needs | {key(4): frozenset({"language=de"})}, 0, PATIENCE) == [], (
        "it has no place more"
    )
