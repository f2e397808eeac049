"""Whose turn it is to offer a session: one node's, in proportion to its places, whatever was lost on the way."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hub.node.desk import Desk
from hub.node.neighbours import STALE_MS, TURN_MS, Neighbours, Places, Wish, read
from hub.store.promise import SessionKey

PATIENCE = 5_000
FREE = st.dictionaries(st.sampled_from(["n1", "n2", "n3", "n4"]), st.integers(0, 30), min_size=1)


def key(number: int) -> SessionKey:
    return SessionKey("main", f"s_{number}")


def know_each_other(free: dict[str, int], now: int = 0) -> dict[str, Neighbours]:
    """Nodes of these free places, each with one worker, that have heard of each other."""
    nodes = {name: Neighbours(name) for name in free}
    for each in nodes.values():
        for name, places in free.items():
            each.heard(Places(name, places, (f"w_{name}",)), now)
    return nodes


def turns(
    nodes: dict[str, Neighbours], free: dict[str, int], one: SessionKey, last: str = ""
) -> dict[str, int]:
    return {name: each.turn(one, last, last == f"w_{name}", 0) for name, each in nodes.items() if free[name]}


@given(FREE, st.integers(0, 999))
def test_each_node_with_places_has_a_turn_of_its_own(free: dict[str, int], number: int) -> None:
    found = turns(know_each_other(free), free, key(number))
    assert sorted(found.values()) == list(range(len(found)))


@given(FREE, st.integers(0, 999))
def test_the_node_of_the_worker_that_had_it_last_comes_first_and_nobody_waits_for_a_full_one(
    free: dict[str, int], number: int
) -> None:
    found = turns(know_each_other(free), free, key(number), "w_n1")
    assert min(found.values(), default=0) == 0
    assert found.get("n1", 0) == 0


def test_sessions_are_shared_in_proportion_to_the_places() -> None:
    free = {"n1": 10, "n2": 20, "n3": 30}
    nodes = know_each_other(free)
    shares = Counter(
        name for number in range(3_000) for name, turn in turns(nodes, free, key(number)).items() if turn == 0
    )
    assert sum(shares.values()) == 3_000
    for name, places in free.items():
        assert abs(shares[name] - 50 * places) < 150, shares


def test_who_says_nothing_any_more_and_who_has_no_workers_is_not_waited_for() -> None:
    nodes = know_each_other({"n1": 1, "n2": 100})
    late = next(number for number in range(99) if nodes["n1"].turn(key(number), "", False, 0))
    assert nodes["n1"].turn(key(late), "", False, STALE_MS - 1) == 1
    assert nodes["n1"].turn(key(late), "", False, STALE_MS) == 0
    nodes = know_each_other({"n1": 1, "n2": 100})
    nodes["n1"].heard(Places("n2"), 5)
    assert nodes["n1"].turn(key(late), "", False, 5) == 0


def offers_nothing(key: SessionKey, participant: str, expires_ms: int) -> None:
    """Nobody takes anything here."""


def test_a_node_that_died_is_not_waited_for_once_all_its_workers_have_come_to_others() -> None:
    desks = {name: Desk(neighbours=Neighbours(name)) for name in ("n1", "n2", "n3")}

    def say(name: str) -> None:
        for each in desks.values():
            each.neighbours.heard(desks[name].said, 0)

    desks["n1"].register("w_1", 1, offers_nothing)
    desks["n2"].register("w_2", 1, offers_nothing)
    for worker in ("w_3", "w_4"):
        desks["n3"].register(worker, 500, offers_nothing)
    for name in desks:
        say(name)
    waiting = [key(number) for number in range(9)]
    desks["n1"].last[waiting[0]] = "w_3"
    found = [desks["n1"].neighbours.turn(one, "", False, 0) for one in waiting]
    assert min(found) >= 1, "it has nearly all places"
    desks["n1"].register("w_3", 500, offers_nothing)
    say("n1")
    assert desks["n1"].neighbours.turn(waiting[1], "w_4", False, 0) >= 1, "one of them has not come"
    desks["n2"].register("w_4", 500, offers_nothing)
    say("n2")
    made = {one for name in ("n1", "n2") for one, _ in desks[name].assign(waiting, 0, PATIENCE)}
    assert made == set(waiting), "between them they offer all of it at once"
    assert waiting[0] in desks["n1"].until, "and each what its worker had"


def test_a_node_whose_worker_went_elsewhere_and_that_lives_is_waited_for_when_it_says_so() -> None:
    nodes = know_each_other({"n1": 1, "n2": 500})
    late = key(next(number for number in range(99) if nodes["n1"].turn(key(number), "", False, 0)))
    nodes["n1"].heard(Places("n1", 1, ("w_n1", "w_n2")), 0)
    assert nodes["n1"].turn(late, "", False, 0) == 0
    nodes["n1"].heard(Places("n2", 500, ("w_new",)), 0)
    assert nodes["n1"].turn(late, "", False, 0) == 1


NAMED = st.lists(st.sampled_from(["w_1", "w_2", "w_3"]), unique=True)


@given(st.lists(st.tuples(st.sampled_from(["n1", "n2", "n3"]), NAMED), max_size=12))
def test_a_worker_is_where_it_was_named_last(said: list[tuple[str, list[str]]]) -> None:
    own = Neighbours("n1")
    there: dict[str, set[str]] = {}
    for node, workers in said:
        own.heard(Places(node, 9, tuple(workers)), 0)
        for others in there.values():
            others.difference_update(workers)
        there[node] = set(workers)
    for worker in ("w_1", "w_2", "w_3"):
        elsewhere = [node for node, workers in there.items() if worker in workers and node != "n1"]
        first = [own.turn(key(number), worker, False, 0) > 0 for number in range(40)]
        assert not elsewhere or all(first)
    waited_for = sum(bool(workers) for node, workers in there.items() if node != "n1")
    assert max(own.turn(key(number), "w_0", False, 0) for number in range(40)) <= waited_for


def test_what_another_version_says_is_a_nudge_and_no_more() -> None:
    assert read(b"want") is None
    assert read(msgspec.json.encode(Wish("s_1", "w_1"))) == Wish("s_1", "w_1")
    assert read(msgspec.json.encode(Places("n1", 2, ("w_1",)))) == Places("n1", 2, ("w_1",))


@given(st.lists(st.integers(0, 40), unique=True), st.integers(1, 50), st.integers(1, 50))
def test_two_desks_offer_each_session_once_at_first_and_everything_in_the_end(
    numbers: list[int], first: int, second: int
) -> None:
    desks = {name: Desk(neighbours=Neighbours(name)) for name in ("n1", "n2")}
    for (name, each), capacity in zip(desks.items(), (first, second), strict=True):
        each.register(f"w_{name}", capacity, lambda key, participant, expires_ms: None)
    for each in desks.values():
        for other in desks.values():
            each.neighbours.heard(other.said, 0)
    waiting = [key(number) for number in numbers]
    offered = [one for each in desks.values() for one, _ in each.assign(waiting, 0, PATIENCE)]
    assert len(set(offered)) == len(offered)
    for name, each in desks.items():
        each.reading()
        each.assign(waiting, TURN_MS, PATIENCE)
        assert len(each.until) == min(len(waiting), {"n1": first, "n2": second}[name], 32)


def test_a_session_that_is_taken_and_waits_anew_is_given_its_turn_anew() -> None:
    made = Desk(neighbours=Neighbours("n1"))
    made.register("w_n1", 1, lambda key, participant, expires_ms: None)
    made.neighbours.heard(Places("n2", 500, ("w_n2",)), 0)
    late = next(key(n) for n in range(99) if made.neighbours.turn(key(n), "", False, 0))
    assert made.assign([late], 0, PATIENCE) == []
    made.settled(late, "w_n2")
    made.settled(late, "")
    made.reading()
    made.reading()
    assert made.assign([late], TURN_MS, PATIENCE) == []
    assert made.assign([late], 2 * TURN_MS, PATIENCE) != []


GERMAN, FRENCH = frozenset({"language=de"}), frozenset({"language=fr"})


def test_nobody_waits_for_a_node_whose_workers_lack_what_a_session_needs() -> None:
    french, german = (Desk(neighbours=Neighbours(name)) for name in ("n1", "n2"))
    french.register("w_1", 500, lambda key, participant, expires_ms: None, FRENCH)
    german.register("w_2", 1, lambda key, participant, expires_ms: None, GERMAN | {"gpu=no"})
    for each in (french, german):
        for other in (french, german):
            each.neighbours.heard(other.said, 0)
    for number in range(20):
        made = german.assign({key(number): GERMAN}, 0, PATIENCE)
        assert [one for one, _ in made] == [key(number)], "not after a tenth of a second"
        german.settled(key(number), "")
        german.reading()
        german.reading()
    assert french.neighbours.turn(key(1), "", False, 0, GERMAN) == 1


@given(st.dictionaries(st.sampled_from(["n1", "n2", "n3"]), st.tuples(st.integers(0, 9), st.integers(0, 9))))
def test_of_those_that_meet_it_each_has_a_turn_of_its_own(free: dict[str, tuple[int, int]]) -> None:
    nodes = {name: Neighbours(name) for name in free}
    for each in nodes.values():
        for name, (de, fr) in free.items():
            able = {"gpu=no language=de": de, "language=fr": fr}
            each.heard(Places(name, de + fr, (f"w_{name}",), able), 0)
    for needs, which in ((GERMAN, 0), (FRENCH, 1)):
        found = [each.turn(key(7), "", False, 0, needs) for name, each in nodes.items() if free[name][which]]
        assert sorted(found) == list(range(len(found)))


def test_a_node_that_does_not_say_its_labels_may_meet_what_is_needed() -> None:
    own = Neighbours("n1")
    own.heard(Places("n1", 1, ("w_1",)), 0)
    own.heard(Places("n2", 500, ("w_2",)), 0)
    assert sum(own.turn(key(number), "", False, 0, GERMAN) for number in range(40)) > 30
