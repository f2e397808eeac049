"""Budgets: how much of a session's models and tools may be used, and what is refused when it is.

A budget is a label of the session (`budget_tokens`, read and written together, `budget_seconds`, `budget_tool_calls`),
given when it is made or by an operator, and never by an agent. What is spent is the fold's. So whether a budget is
exhausted follows from the state, and raising it lets the agent go on. A word is written before anybody knows what it
cost: the answer in progress is stopped at its next word, and no more than that is spent beyond the budget.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.commands import Command, Refusal
from legato.session.ids import HUB
from legato.session.message_rules import Decision, own_response
from legato.session.state import State, Usage
from legato.session.vocabulary import Budget

PREFIX: Final = "budget_"
BUDGETS: Final[tuple[Budget, ...]] = ("tokens", "seconds", "tool_calls")
MOST: Final = 2**53 - 1


def most(state: State, what: Budget) -> int:
    """The budget (0: there is none)."""
    return whole(state.labels.get(PREFIX + what, ""))


def whole(label: str) -> int:
    """The whole number that a label says (0: none)."""
    return min(int(label), MOST) if label.isascii() and label.isdecimal() else 0


def budgeted(state: State) -> bool:
    """Whether there is any budget."""
    return any(most(state, what) for what in BUDGETS)


def spent(usage: Usage | None, what: Budget) -> int:
    """How much of it is used; begun seconds count when they are over."""
    if usage is None:
        return 0
    used: dict[Budget, int] = {
        "tokens": usage.tokens_in + usage.tokens_out,
        "seconds": usage.ms // 1000,
        "tool_calls": usage.tool_calls,
    }
    return used[what]


def exhausted(state: State) -> tuple[Budget, ...]:
    """The budgets of which nothing is left."""
    return tuple(what for what in BUDGETS if 0 < most(state, what) <= spent(state.usage, what))


def stops_answers(state: State) -> bool:
    """Whether the agent may not answer: tools it may not call are its own affair."""
    return any(what != "tool_calls" for what in exhausted(state))


def refused(state: State, command: Command) -> Refusal | None:
    """Why an agent's command would spend what is not there."""
    gone = exhausted(state) if type(command) in _SPENDING else ()
    if type(command) not in _OF_TOOLS:
        gone = tuple(what for what in gone if what != "tool_calls")
    if not gone:
        return None
    return Refusal("budget_exhausted", gone[0], expected=most(state, gone[0]))


def report_usage(state: State, actor: Actor, command: c.ReportUsage) -> Decision:
    """By an agent, of its own answer or of nothing in particular."""
    if actor.role != "agent":
        return Refusal("not_allowed", "only agents use models")
    for field in ("tokens_in", "tokens_out", "ms"):
        if not 0 <= getattr(command, field) <= 10**9:
            return Refusal("malformed", field=field)
    if command.response and own_response(state, actor, command.response) is None:
        return Refusal("already_ended", "ended, or somebody else's", "response")
    before = state.usage or Usage()
    after = replace(
        before,
        tokens_in=before.tokens_in + command.tokens_in,
        tokens_out=before.tokens_out + command.tokens_out,
        ms=before.ms + command.ms,
    )
    reported = e.UsageReported(
        by=actor.participant,
        response=command.response,
        tokens_in=command.tokens_in,
        tokens_out=command.tokens_out,
        ms=command.ms,
    )
    return [reported, *_crossed(state, after)]


def with_tool_counted(state: State, events: list[e.Event]) -> list[e.Event]:
    """A call is started: what that says of the budget."""
    before = state.usage or Usage()
    return [*events, *_crossed(state, replace(before, tool_calls=before.tool_calls + 1))]


def kept_from(actor: Actor, labels: dict[str, str]) -> Refusal | None:
    """Nobody but people who help gives a session another budget."""
    if actor.service or actor.role in ("operator", "supervisor"):
        return None
    named = next((name for name in labels if name.startswith(PREFIX)), "")
    return Refusal("not_allowed", "only an operator changes a budget", "labels") if named else None


def _crossed(state: State, after: Usage) -> Iterator[e.Event]:
    for what in BUDGETS:
        limit, was, now = most(state, what), spent(state.usage, what), spent(after, what)
        if limit and was < limit <= now:
            yield e.BudgetExhausted(by=HUB, what=what, spent=now, most=limit)
        elif limit and was * 5 < limit * 4 <= now * 5:
            yield e.BudgetNeared(by=HUB, what=what, spent=now, most=limit)


_OF_TOOLS: Final = frozenset({c.RequestTool, c.StartTool})
_SPENDING: Final = _OF_TOOLS | {c.StartResponse, c.StartMessage, c.GrowMessage, c.PostMessage, c.OfferDraft}
