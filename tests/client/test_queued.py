"""Where one stands in the queue: what the hub says, of the request that waits, and of nobody else."""

from collections.abc import Callable
from typing import Any

from legato.client.queued import Queued
from legato.session.state import Asking, State
from legato.wire import down as d


def signals(*said: dict[str, Any]) -> d.Signals:
    return d.Signals(signals=list(said))


def said(place: Any, request: Any = "q_1", by: str = "hub", name: str = "queue") -> dict[str, Any]:
    return {"by": by, "name": name, "data": {"request": request, "place": place}}


class Ears:
    """Who is told of envelopes, and how often a place has changed."""

    def __init__(self) -> None:
        self.told: list[Callable[[d.Down], None]] = []
        self.changes = 0
        self.queued = Queued(self.told, self.change)

    def change(self) -> None:
        self.changes += 1

    def hear(self, envelope: d.Down) -> int:
        for each in self.told:
            each(envelope)
        return self.changes


def test_a_place_is_that_of_the_request_that_waits() -> None:
    ears, waits = Ears(), State(asking=Asking("q_1", "ada", 1))
    assert ears.queued.place(waits) == 0
    assert ears.hear(signals(said(3))) == 1
    assert (ears.queued.place(waits), ears.queued.place(State())) == (3, 0)
    assert ears.queued.place(State(asking=Asking("q_2", "ada", 1))) == 0
    assert ears.hear(signals(said(3))) == 1
    assert ears.hear(signals(said(2))) == 2
    assert ears.queued.place(waits) == 2


def test_what_others_say_or_what_makes_no_sense_changes_nothing() -> None:
    ears = Ears()
    strange = [
        *(said(1, by="p_eve"), said(1, name="typing"), said("1"), said(1, request=7)),
        {"by": "hub", "name": "queue"},
        {"by": "hub", "name": "queue", "data": [1]},
    ]
    assert ears.hear(signals(*strange)) == 0
    assert ears.hear(d.Draining(after_ms=0)) == 0
