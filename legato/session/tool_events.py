"""What happened to tool calls. `events` lists these with all others."""

from __future__ import annotations

from legato.session.event import ControlEvent, Event
from legato.session.vocabulary import Outcome, Runs


class ToolRequested(ControlEvent, frozen=True, kw_only=True):
    """`arguments` is JSON text, shown verbatim. `approval` names the role that must say yes first. `unknown`: a call of
    its `key` was running when whoever ran it died, and whoever has that role says whether it was done. `runs`: who
    does it, its agent (empty), a client of `participant` (empty: of any user) or the hub, which has `claim_ms` to
    begin. `policy`: by which nobody need say yes; `approval_ms`: how long somebody is waited for (0: ten minutes);
    `run_ms`: how long the hub's callee is, once it began (0: 30 s)."""

    call: str
    name: str
    arguments: str
    response: str = ""
    key: str = ""
    idempotent: bool = False
    approval: str = ""
    unknown: bool = False
    runs: Runs = ""
    participant: str = ""
    claim_ms: int = 0
    policy: str = ""
    approval_ms: int = 0
    run_ms: int = 0


class ToolDecided(ControlEvent, frozen=True, kw_only=True):
    """Do it (or, if nobody knows whether it was done: do it again), or not; then perhaps because it was `done`."""

    call: str
    approved: bool
    done: bool = False
    reason: str = ""


class ToolStarted(ControlEvent, frozen=True, kw_only=True):
    """It runs, at `runner`: the attachment of the client that does it, `NODE/NUMBER` of the hub (its agent: "")."""

    call: str
    runner: str = ""


class ToolProgressed(Event, frozen=True, kw_only=True):
    """How far a running call is, and in how many ms it may be done (0: nobody said)."""

    call: str
    text: str = ""
    step: int = 0
    steps: int = 0
    eta_ms: int = 0


class ToolsAnnounced(ControlEvent, frozen=True, kw_only=True):
    """The tools that the attachment's client can run from here on: these, and no others."""

    attachment: str
    tools: tuple[str, ...]


class ToolEnded(ControlEvent, frozen=True, kw_only=True):
    """The call's one end: `result` is JSON text when it finished, `reason` why it did not."""

    call: str
    outcome: Outcome
    result: str = ""
    reason: str = ""
