"""What happens by itself when nobody does anything, in session time.

Every deadline follows from the state, so that any node can find it, and it is fired by appending events under
a producer that its name and the offset of its cause determine: `timer:NAME:OFFSET`, sequence 1. Fired twice, by
two nodes, it takes effect once; fired late, it takes effect late; and fired when its cause is gone, it has no events.

| name | cause | after | what happens |
|---|---|---|---|
| `grace` | an attachment went away | 30 s | it is closed |
| `window` | an agent's worker is unreachable | its window | it has crashed |
| `approval` | a tool call asks for a person's word | as it says; 10 min | it ends, cancelled |
| `claim` | a client is to run a tool call | as it says; 1 min | it ends, failed |
| `overrun` | the hub's callee is at a tool call | as it says; 30 s | it ends, failed or interrupted |
| `lost` | the attachment that ran a tool call is gone | 0 s | it ends, interrupted |
| `notice` | something waits, and only agents are there | 0 s to 1 h | the hub tries to tell its people |
| | a person is asked for, and nobody who helps is there | 0 s to 1 h | it tries to tell those |
| `alone`, `back` | nobody attends an answer; somebody is back | as labelled; 0 s | it waits; it goes on |
| `answers` | a person answered as the log's tail was lost, and their right with it | 0 s | they have it again |
| `reserved` | a session is kept for somebody in the queue | 20 s | it goes back to its place |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from legato.session import alone_rules, running_rules
from legato.session import events as e
from legato.session.actors import worker_right
from legato.session.away_rules import needs
from legato.session.ids import HUB
from legato.session.presence_rules import grace_over
from legato.session.queue_rules import reservation_over
from legato.session.right_rules import crashed, held_again, unheld
from legato.session.seeking_rules import sought
from legato.session.state import State, ToolCall

GRACE_MS: Final = 30_000
APPROVAL_MS: Final = 600_000


@dataclass(frozen=True, slots=True)
class Deadline:
    """At session time `at`, because of the event at `offset`, about `subject`."""

    at: int
    offset: int
    name: Literal[
        "grace",
        "window",
        "approval",
        "claim",
        "overrun",
        "lost",
        "reserved",
        "notice",
        "alone",
        "back",
        "answers",
    ]
    subject: str

    @property
    def producer(self) -> str:
        """Who appends what it fires."""
        return f"timer:{self.name}:{self.offset}"


@dataclass(frozen=True, slots=True)
class Fired:
    """Events to append under `producer`, sequence 1, on condition that nothing of control came since the state."""

    producer: str
    events: tuple[e.Event, ...]


def deadlines(state: State) -> list[Deadline]:
    """All deadlines of the state, the earliest first. An ended session has none."""
    return [] if state.ended else sorted(_found(state), key=lambda each: (each.at, each.offset, each.name))


def earliest(state: State) -> int | None:
    """When `fired` next has something to say, in session time (ms); None: never."""
    return min((each.at for each in _found(state)), default=None) if not state.ended else None


def fired(state: State, now: int) -> list[Fired]:
    """What is due at session time `now`, the earliest first. Only the first is decided on `state` itself: fold what
    it appended before asking for the next."""
    due = [each for each in deadlines(state) if each.at <= now]
    return [Fired(each.producer, tuple(events)) for each in due if (events := _events(state, each))]


def _found(state: State) -> Iterator[Deadline]:
    for attachment in state.attachments.values():
        if attachment.away_since:
            yield Deadline(attachment.away_since + GRACE_MS, attachment.away_at, "grace", attachment.id)
    for who in state.participants.values():
        if who.fault == "unreachable" and not who.left:
            yield Deadline(who.fault_since + who.window_ms, who.fault_at, "window", who.id)
    for tool in state.open_tools():
        if tool.approval and not tool.decided_by:
            yield Deadline(tool.time + (tool.approval_ms or APPROVAL_MS), tool.at, "approval", tool.id)
        elif (at := running_rules.unclaimed_at(tool)) is not None:
            yield Deadline(at, tool.at, "claim", tool.id)
        elif (at := running_rules.overrun_at(tool)) is not None:
            yield Deadline(at, tool.at, "overrun", tool.id)
        elif running_rules.lost(state, tool):
            yield Deadline(tool.since, tool.at, "lost", tool.id)
    for need in (*needs(state), *sought(state)):
        yield Deadline(need.at, need.offset, "notice", need.about)
    if (asking := state.asking) is not None and asking.reserved_for:
        yield Deadline(asking.reserved_until, asking.reserved_at, "reserved", asking.id)
    if (person := unheld(state)) and state.reopened:
        yield Deadline(state.time, state.reopened[-1].at, "answers", person)
    if (waits := alone_rules.pauses(state)) is not None:
        yield Deadline(waits[0], waits[1], "alone", waits[2])
    if (waits := alone_rules.goes_on(state)) is not None:
        yield Deadline(waits[0], waits[1], "back", waits[2])


def _events(state: State, deadline: Deadline) -> list[e.Event]:
    match deadline.name:
        case "grace":
            return grace_over(state, deadline.subject)
        case "window":
            return crashed(state, worker_right(state, deadline.subject))
        case "reserved":
            return reservation_over(state, deadline.subject)
        case "answers":
            return held_again(state)
        case "alone":
            return alone_rules.paused(state, deadline.subject)
        case "back":
            return alone_rules.continued(state, deadline.subject)
        case "notice":
            return []
        case "claim":
            return running_rules.not_claimed(_call(state, deadline))
        case "overrun":
            return running_rules.overrun(_call(state, deadline))
        case "lost":
            return running_rules.cut_off(deadline.subject)
        case "approval":
            call = _call(state, deadline)
            reason = "nobody said whether it was done" if call.unknown else "nobody approved it"
            return [e.ToolEnded(by=HUB, call=call.id, outcome="cancelled", reason=reason)]


def _call(state: State, deadline: Deadline) -> ToolCall:
    call = state.entries[deadline.subject]
    assert isinstance(call, ToolCall)
    return call
