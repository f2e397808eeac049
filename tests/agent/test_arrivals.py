"""Who comes is told once, who comes back with how long they were away, and a bad network is not told at all."""

from __future__ import annotations

from typing import Any

from legato.agent.arrivals import RETURN_MS, Arrival, Arrivals
from legato.session.state import Attachment, Participant, State


def people(time: int, *, said: bool = True, **away: int) -> State:
    """At session time `time`: each user has one device, away since so long (0: it is here)."""
    who: dict[str, Any] = {name: Participant(name, "user") for name in away}
    devices = {f"a_{name}": Attachment(f"a_{name}", name, away_since=since) for name, since in away.items()}
    agent = {"bot": Participant("bot", "agent")}
    return State(time=time, participants=who | agent, attachments=devices, finished=int(said))


def test_who_waits_in_a_fresh_session_is_told_when_the_agent_comes_and_nobody_in_one_that_goes_on() -> None:
    assert Arrivals().look(people(9, said=False, ada=0)) == [Arrival("ada", False, 0.0)]
    assert Arrivals().look(people(9, said=True, ada=0)) == []


def test_who_joins_later_is_told_once() -> None:
    arrivals = Arrivals()
    arrivals.look(people(1, ada=0))
    assert arrivals.look(people(2, ada=0, ben=0)) == [Arrival("ben", False, 0.0)]
    assert arrivals.look(people(3, ada=0, ben=0)) == []


def test_who_comes_back_is_told_with_how_long_they_were_away() -> None:
    arrivals = Arrivals()
    arrivals.look(people(1_000, ada=0))
    assert arrivals.look(people(3_000, ada=2_000)) == []
    assert arrivals.look(people(62_000, ada=0)) == [Arrival("ada", True, 60.0)]
    assert arrivals.look(people(63_000, ada=0)) == []


def test_a_bad_network_is_no_return() -> None:
    arrivals = Arrivals()
    arrivals.look(people(1_000, ada=0))
    arrivals.look(people(2_500, ada=2_000))
    assert arrivals.look(people(2_000 + RETURN_MS - 1, ada=0)) == []


def test_a_next_worker_tells_who_comes_back_after_having_gone_before_it_came() -> None:
    arrivals = Arrivals()
    assert arrivals.look(people(90_000, ada=30_000)) == []
    assert arrivals.look(people(100_000, ada=0)) == [Arrival("ada", True, 70.0)]
