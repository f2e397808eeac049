"""Tool calls that a client runs.

An agent asks for them (`runs`), and a client that said that it can run the tool claims the call by starting it: on
condition, like all that is decided, so that of two tabs one does. From then on it, and nobody else, reports and
ends it; its agent may still cancel it. Each call has one runner. Where that is gone for good the call
ends `interrupted`, and its agent makes another of the same key, if it is idempotent; if not, it puts one to a person
(`tool_rules`).
"""

from __future__ import annotations

from typing import Final

from legato.session import events as e
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.ids import HUB
from legato.session.state import State, ToolCall

CLAIM_MS: Final = 60_000


def client_of(state: State, response: str) -> str:
    """Whose clients run what is asked for in the response: the user's who is answered, else any user's ("")."""
    turn = state.turn_of(response)
    who = state.participants.get(turn.participant) if turn is not None else None
    return who.id if who is not None and who.role == "user" else ""


def claimable(state: State, tool: ToolCall, attachment: str) -> bool:
    """Whether the client of that attachment is one that may run it."""
    here = state.attachments.get(attachment)
    if here is None or tool.name not in here.tools:
        return False
    who = state.participants.get(here.participant)
    return tool.participant == here.participant or (
        tool.participant == "" and who is not None and who.role == "user"
    )


def claim(state: State, actor: Actor, tool: ToolCall) -> Refusal | None:
    """Why it may not be started from there."""
    if not claimable(state, tool, actor.attachment):
        return Refusal("not_allowed", "say first that this client can run it", "call")
    if state.attachments[actor.attachment].participant != actor.participant:
        return Refusal("not_allowed", "somebody else's attachment", "call")
    if tool.status == "started" and tool.runner != actor.attachment:
        return Refusal("already_exists", "another client runs it", "call")
    return None


def runs(actor: Actor, tool: ToolCall) -> bool:
    """Whether it is this client that runs the call."""
    return tool.runner != "" and tool.runner == actor.attachment


def waits(tool: ToolCall) -> bool:
    """Whether it is for a client to begin."""
    if tool.runs == "" or tool.ordinal:
        return False
    return tool.status == "approved" or (tool.status == "requested" and not tool.approval)


def unclaimed_at(tool: ToolCall) -> int | None:
    """At which session time it is waited for no more; None: it does not wait for that."""
    return tool.since + (tool.claim_ms or CLAIM_MS) if waits(tool) else None


def lost(state: State, tool: ToolCall) -> bool:
    """Whether whoever ran it is gone."""
    return (
        tool.runs == "client"
        and not tool.ordinal
        and tool.status == "started"
        and tool.runner not in state.attachments
    )


def not_claimed(call: str) -> list[e.Event]:
    """What is appended of one that nobody began."""
    return [e.ToolEnded(by=HUB, call=call, outcome="failed", reason="no client could run it")]


def cut_off(call: str) -> list[e.Event]:
    """What is appended of one whose runner is gone."""
    return [e.ToolEnded(by=HUB, call=call, outcome="interrupted", reason="whoever ran it is gone")]
