"""Tool calls that somebody else than their agent runs: a client, or the hub.

An agent asks for them (`runs`), and a client that said that it can run the tool claims the call by starting it: on
condition, like all that is decided, so that of two tabs one does. From then on it, and nobody else, reports and
ends it; its agent may still cancel it. Each call has one runner. Where that is gone for good the call
ends `interrupted`, and its agent makes another of the same key, if it is idempotent; if not, it puts one to a person
(`tool_rules`).

What the hub runs a node claims in the same way, as `NODE/NUMBER`: the claim is the token by which it reports and ends
the call, and once another node has claimed it (of an idempotent call, when the first one is dead) the token is void. A
callee that says nothing in time ends the call: who is waited for is not the node, but what it asked.
"""

from __future__ import annotations

from typing import Final

from legato.session import events as e
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.ids import HUB
from legato.session.state import State, ToolCall

CLAIM_MS: Final = 60_000
RUN_MS: Final = 30_000
"""How long a callee of the hub is waited for, unless the call says else."""


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
    """Whether it is this client, or this claim of a node, that runs the call."""
    return tool.runner != "" and tool.runner == actor.attachment


def claim_of(node: str, number: str) -> str:
    """The runner that a node's claim is. No attachment is called so: it is no id."""
    return f"{node}/{number}"


def node_of(runner: str) -> str:
    """Whose claim it is."""
    return runner.partition("/")[0]


def waits(tool: ToolCall) -> bool:
    """Whether it is for somebody else than its agent to begin."""
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


def overrun_at(tool: ToolCall) -> int | None:
    """At which session time the hub's callee is waited for no more; None: it is not waited for."""
    began = tool.runs == "hub" and not tool.ordinal and tool.status == "started"
    return tool.since + (tool.run_ms or RUN_MS) if began else None


def overrun(tool: ToolCall) -> list[e.Event]:
    """What is appended of one whose callee said nothing in time."""
    outcome: e.Outcome = "failed" if tool.idempotent else "interrupted"
    return [e.ToolEnded(by=HUB, call=tool.id, outcome=outcome, reason="no answer in time")]


def not_claimed(tool: ToolCall) -> list[e.Event]:
    """What is appended of one that nobody began."""
    who = "node" if tool.runs == "hub" else "client"
    return [e.ToolEnded(by=HUB, call=tool.id, outcome="failed", reason=f"no {who} could run it")]


def cut_off(call: str) -> list[e.Event]:
    """What is appended of one whose runner is gone."""
    return [e.ToolEnded(by=HUB, call=call, outcome="interrupted", reason="whoever ran it is gone")]
