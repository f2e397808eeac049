"""What may be done: tool calls.

    requested ──(approval named)── decided yes ──┐
        └────────(no approval)───────────────────┴── started ── ended
    requested ── decided no ── ended (cancelled; finished, if a person says that it was done)

Only the agent that requested a call starts, reports and ends it, or who runs it in its place (`running_rules`). A call
that is not idempotent starts at most once, and so do all calls of one key in a turn: whoever answers it anew finds the
key among what was started. An idempotent one may be started again, with the same key, by a next worker. Every call has
exactly one end.

Of a call that was running when its worker (or the client that ran it) died, and is not idempotent, nobody knows whether
it was done. A next worker may put it to a person, by a call of the same key that is `unknown`: it starts only if they
say so.
"""

from __future__ import annotations

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits, running_rules
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.message_rules import Decision, own_response
from legato.session.state import State, ToolCall


def request_tool(state: State, actor: Actor, command: c.RequestTool) -> Decision:
    if actor.role != "agent":
        return Refusal("not_allowed", "only agents call tools", "call")
    if command.call in state.entries:
        return Refusal("already_exists", field="call")
    if command.response and own_response(state, actor, command.response) is None:
        return Refusal("already_ended", "ended, or never begun", "response")
    if command.policy and command.approval:
        return Refusal("malformed", "a policy allowed it, or a person is asked", "policy")
    if command.unknown and (refusal := _knowable(state, command)) is not None:
        return refusal
    open_calls = state.open_tools()
    text = sum(len(each.arguments) for each in open_calls) + len(command.arguments)
    if len(open_calls) >= limits.OPEN_TOOLS or text > limits.OPEN_TOOL_TEXT:
        return Refusal("too_large", "too much is asked of tools at once", "call")
    return [
        e.ToolRequested(
            by=actor.participant,
            call=command.call,
            name=command.name,
            arguments=command.arguments,
            response=command.response,
            key=command.key,
            idempotent=command.idempotent,
            approval=command.approval,
            unknown=command.unknown,
            runs=command.runs,
            participant=running_rules.client_of(state, command.response) if command.runs == "client" else "",
            claim_ms=command.claim_ms,
            policy=command.policy,
            approval_ms=command.approval_ms,
            run_ms=command.run_ms if command.runs == "hub" else 0,
        )
    ]


def announce_tools(state: State, actor: Actor, command: c.AnnounceTools) -> Decision:
    """By clients of anybody but agents."""
    if actor.role == "agent":
        return Refusal("not_allowed", "an agent declares its tools itself")
    if actor.attachment not in state.attachments:
        return Refusal("wrong_order", "attach first")
    if len(command.tools) > limits.CLIENT_TOOLS:
        return Refusal("too_large", field="tools", expected=limits.CLIENT_TOOLS)
    if any(not name or len(name) > limits.TEXTS["name"] for name in command.tools):
        return Refusal("malformed", "not a tool's name", "tools")
    return [e.ToolsAnnounced(by=actor.participant, attachment=actor.attachment, tools=command.tools)]


def decide_tool(state: State, actor: Actor, command: c.DecideTool) -> Decision:
    tool = _open(state, command.call)
    if isinstance(tool, Refusal):
        return tool
    if not tool.approval or actor.role not in stands_in(tool.approval):
        return Refusal("not_allowed", "this call is not yours to approve", "call")
    if tool.decided_by:
        return Refusal("already_exists", "it has been decided", "call")
    if command.done and (command.approved or not tool.unknown):
        return Refusal("malformed", "done is what was begun before, and not done again", "done")
    decided = e.ToolDecided(
        by=actor.participant,
        call=command.call,
        approved=command.approved,
        done=command.done,
        reason=command.reason,
    )
    if command.approved:
        return [decided]
    outcome: e.Outcome = "finished" if command.done else "cancelled"
    reason = "it was done" if command.done else "given up" if tool.unknown else "denied"
    return [decided, e.ToolEnded(by=actor.participant, call=tool.id, outcome=outcome, reason=reason)]


def stands_in(role: str) -> tuple[str, ...]:
    """The roles that decide what is put to this one."""
    return ("operator", "supervisor") if role == "operator" else (role,)


def start_tool(state: State, actor: Actor, command: c.StartTool) -> Decision:
    tool = _startable(state, actor, command.call)
    if isinstance(tool, Refusal):
        return tool
    if tool.status == "requested" and tool.approval:
        return Refusal("wrong_order", "it is not approved", "call")
    if tool.status == "started" and not tool.idempotent:
        return Refusal("already_exists", "it was started, and is not idempotent", "call")
    if not tool.idempotent and not tool.unknown and tool.key and tool.key in _started(state, tool.response):
        return Refusal("already_exists", "a call with its key was started, and is not idempotent", "call")
    runner = actor.attachment if tool.runs else ""
    return [e.ToolStarted(by=actor.participant, call=command.call, runner=runner)]


def progress_tool(state: State, actor: Actor, command: c.ProgressTool) -> Decision:
    tool = _own(state, actor, command.call)
    if isinstance(tool, Refusal):
        return tool
    if tool.status != "started":
        return Refusal("wrong_order", "it is not started", "call")
    if len(command.text) > limits.TEXTS["status"]:
        return Refusal("too_large", field="text")
    return [
        e.ToolProgressed(
            by=actor.participant,
            call=command.call,
            text=command.text,
            step=command.step,
            steps=command.steps,
            eta_ms=command.eta_ms,
        )
    ]


def end_tool(state: State, actor: Actor, command: c.EndTool) -> Decision:
    tool = _own(state, actor, command.call)
    if isinstance(tool, Refusal):
        return tool
    if tool.runner and not running_rules.runs(actor, tool) and command.outcome == "finished":
        return Refusal("not_allowed", "somebody else runs it", "call")
    if command.outcome == "finished" and tool.status != "started":
        return Refusal("wrong_order", "it is not started", "call")
    return [
        e.ToolEnded(
            by=actor.participant,
            call=command.call,
            outcome=command.outcome,
            result=command.result,
            reason=command.reason,
        )
    ]


def _knowable(state: State, command: c.RequestTool) -> Refusal | None:
    """Why nobody may be asked whether it was done."""
    if command.idempotent or not command.key or not command.approval:
        return Refusal("malformed", "names a key and who is asked, and is not idempotent", "unknown")
    if command.key not in _started(state, command.response):
        return Refusal("wrong_order", "nothing of its key was started", "unknown")
    return None


def _started(state: State, response_id: str) -> tuple[str, ...]:
    """The keys of what was started in the turn that the response answers."""
    turn = state.turn_of(response_id)
    return turn.started if turn is not None else ()


def _open(state: State, id: str) -> ToolCall | Refusal:
    tool = state.entries.get(id)
    if not isinstance(tool, ToolCall):
        return Refusal("not_found", field="call")
    return Refusal("already_ended", field="call") if tool.ordinal else tool


def _own(state: State, actor: Actor, id: str) -> ToolCall | Refusal:
    tool = _open(state, id)
    if isinstance(tool, Refusal) or running_rules.runs(actor, tool):
        return tool
    if actor.service:
        void = Refusal("stale_token", "another claim has it", "call")
        return void if actor.attachment else tool
    if tool.by != actor.participant:
        return Refusal("not_allowed", "only its author works a call, or the client that runs it", "call")
    return tool


def _startable(state: State, actor: Actor, id: str) -> ToolCall | Refusal:
    tool = _open(state, id)
    if isinstance(tool, Refusal) or tool.runs == "":
        return _own(state, actor, id)
    if tool.runs == "hub":
        return tool if actor.service else Refusal("not_allowed", "the hub runs it", "call")
    return running_rules.claim(state, actor, tool) or tool
