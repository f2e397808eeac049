"""What the log says of an agent that nobody attends. A part of the fold; the twin of `web/src/client/alone_fold.ts`.

Only of sessions whose label says how long an agent may go on so: what is not asked for costs nothing.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from legato.session import events as e
from legato.session.audience import somebody_here
from legato.session.ids import HUB
from legato.session.state import Alone, State

LABEL: Final = "budget_unattended"
"""Seconds, a whole number; anything else and 0 mean: for ever."""


def audience_moved(state: State, event: e.Event, before: bool) -> None:
    """`before`: somebody attended. An answer that waits only for that is still to be told to go on."""
    if somebody_here(state):
        if state.alone is not None and state.alone.since:
            waits = state.alone.paused != "" and state.alone.paused == state.paused
            state.alone = replace(state.alone, since=0, at=0, back=event.time) if waits else None
    elif before and LABEL in state.labels:
        state.alone = replace(state.alone or Alone(), since=event.time, at=event.offset)


def steered(state: State, event: e.SteeringRequested) -> None:
    """The hub pauses for want of people only; who else pauses or goes on decides it from there."""
    if event.asked == "steer":
        return
    if event.by == HUB and event.asked == "pause":
        state.alone = replace(state.alone or Alone(), paused=event.response, paused_at=event.offset)
    elif state.alone is not None:
        state.alone = Alone(state.alone.since, state.alone.at) if state.alone.since else None


def begun_anew(state: State, before: str, response: str) -> None:
    """What waited as `before` waits as `response`: another worker took it up."""
    if state.alone is not None and state.alone.paused == before:
        state.alone = replace(state.alone, paused=response)
