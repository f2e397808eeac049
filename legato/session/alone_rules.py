"""An agent that nobody attends: after how long its answer waits, and that it goes on when somebody is back.

The label `budget_unattended` says for how many seconds an agent may go on while nobody attends (`audience`). Then the
hub pauses the answer as anybody might (`steering_requested`, by `hub`), and continues it once somebody attends again.
Who pauses or continues it meanwhile decides: what a person paused no return continues. Tools that run go on.
"""

from __future__ import annotations

from legato.session import events as e
from legato.session.alone_fold import LABEL
from legato.session.audience import somebody_here
from legato.session.cost_rules import whole
from legato.session.ids import HUB
from legato.session.state import Response, State


def pauses(state: State) -> tuple[int, int, str] | None:
    """At which session time, because of the event at which offset, which answer is to wait."""
    alone, seconds = state.alone, whole(state.labels.get(LABEL, ""))
    if alone is None or not alone.since or not seconds or state.paused or somebody_here(state):
        return None
    answer = next((each for each in state.responses.values() if _goes_on(state, each)), None)
    if answer is None:
        return None
    return alone.since + 1000 * seconds, max(alone.at, answer.at), answer.id


def goes_on(state: State) -> tuple[int, int, str] | None:
    """The same of an answer that waited for somebody, who is here."""
    alone = state.alone
    if alone is None or alone.since or not alone.paused or alone.paused != state.paused:
        return None
    return alone.back, alone.paused_at, alone.paused


def paused(state: State, response: str) -> list[e.Event]:
    """Nobody attends any more."""
    return [e.SteeringRequested(by=HUB, response=response, asked="pause")] if pauses(state) else []


def continued(state: State, response: str) -> list[e.Event]:
    """Somebody is here. Of an answer that nobody writes at the moment the hub says itself that it goes on."""
    if not goes_on(state):
        return []
    asked = e.SteeringRequested(by=HUB, response=response, asked="continue")
    if response in state.responses:
        return [asked]
    return [asked, e.SteeringAnswered(by=HUB, response=response, asked="continue", done=True)]


def _goes_on(state: State, response: Response) -> bool:
    who = state.participants.get(response.by)
    agents = who is not None and who.role == "agent"
    return agents and not response.parent and not response.cancel_requested
