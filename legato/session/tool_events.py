"""What happened to tool calls. `events` lists these with all others."""

from __future__ import annotations

from legato.session.event import ControlEvent, Event
from legato.session.vocabulary import Outcome


class ToolRequested(ControlEvent, frozen=True, kw_only=True):
    """`arguments` is JSON text, shown verbatim. `approval` names the role that must say yes first. `unknown`: a call of
    its `key` was running when its worker died, and whoever has that role says whether it was done."""

    call: str
    name: str
    arguments: str
    response: str = ""
    key: str = ""
    idempotent: bool = False
    approval: str = ""
    unknown: bool = False


class ToolDecided(ControlEvent, frozen=True, kw_only=True):
    """Do it (or, if nobody knows whether it was done: do it again), or not; then perhaps because it was `done`."""

    call: str
    approved: bool
    done: bool = False
    reason: str = ""


class ToolStarted(ControlEvent, frozen=True, kw_only=True):
    """It runs."""

    call: str


class ToolProgressed(Event, frozen=True, kw_only=True):
    """How far a running call is."""

    call: str
    text: str = ""
    step: int = 0
    steps: int = 0


class ToolEnded(ControlEvent, frozen=True, kw_only=True):
    """The call's one end: `result` is JSON text when it finished, `reason` why it did not."""

    call: str
    outcome: Outcome
    result: str = ""
    reason: str = ""
