"""What happened to tool calls. `events` lists these with all others."""

from __future__ import annotations

from legato.session.event import ControlEvent, Event
from legato.session.vocabulary import Outcome


class ToolRequested(ControlEvent, frozen=True, kw_only=True):
    """`arguments` is JSON text, shown verbatim. `approval` names the role that must say yes first."""

    call: str
    name: str
    arguments: str
    response: str = ""
    key: str = ""
    idempotent: bool = False
    approval: str = ""


class ToolDecided(ControlEvent, frozen=True, kw_only=True):
    call: str
    approved: bool
    reason: str = ""


class ToolStarted(ControlEvent, frozen=True, kw_only=True):
    call: str


class ToolProgressed(Event, frozen=True, kw_only=True):
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
