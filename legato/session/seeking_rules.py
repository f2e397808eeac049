"""Seeking a person who helps, where nobody who could has the session before them: whom to tell, and when (again).

A session in the queue is told to the webhook of the hub's operator, to targets with names of their own, and to the
browsers of operators and supervisors who took part in it, as those who are away are told of what came for them
(`away_rules`): with the same labels, pauses and number of tries. It is not told while it is kept for somebody, nor
while an operator or supervisor is attached, but for the one who asked.

What became of it is kept in the request (`told` of `asking`), and forgotten with it. So nobody's coming or going begins
it anew: each target is told of a request until it took it, and a repeat has the name of the first try.
"""

from __future__ import annotations

from collections.abc import Collection

from legato.session import bounds
from legato.session import events as e
from legato.session.away_rules import (
    PAUSES_MS,
    WEBHOOK,
    Need,
    forgotten,
    labelled,
    named,
    outcome,
    subscriptions,
)
from legato.session.ids import HUB
from legato.session.routing import PEOPLE
from legato.session.state import Asking, State


def sought(state: State) -> list[Need]:
    """What is to be told of the request that waits, one for each who has an outbox of its own. `about` is its id."""
    asking = state.asking
    if asking is None or state.ended or asking.reserved_for or _before_somebody(state):
        return []
    targets = ("", *named(state, "human"))
    return [need for target in targets if (need := _need(state, asking, target)) is not None]


def on_call(state: State) -> tuple[str, ...]:
    """Who took part of those who help, and did not ask themselves."""
    asker = "" if state.asking is None else state.asking.by
    people = (who for who in state.participants.values() if who.role in PEOPLE and not who.left)
    return tuple(sorted(who.id for who in people if who.id != asker))


def told(
    state: State,
    request: str,
    reached: Collection[str],
    reason: str,
    lost: Collection[str] = (),
    target: str = "",
) -> list[e.Event]:
    """What is written down after a try that these took, and whose subscriptions `lost` are known no more. Nothing of it
    if it is not to be told any more."""
    over = forgotten(state, lost)
    found = next((each for each in sought(state) if (each.about, each.target) == (request, target)), None)
    if state.asking is None or found is None or set(found.targets) <= set(lost):
        return over
    before = state.asking.told.get(target)
    came = outcome(found, 0 if before is None else before.tries, reached, reason, lost)
    tried = e.HumanRequestTold(
        by=HUB,
        request=request,
        sent=came.sent,
        final=came.final,
        reason=came.reason,
        reached=came.reached,
        target=target,
    )
    return [*over, tried]


def _before_somebody(state: State) -> bool:
    """Whether somebody who helps has it before them, though they only listen in."""
    there = {each.participant for each in state.attachments.values()}
    return any(who in there for who in on_call(state))


def _need(state: State, asking: Asking, target: str) -> Need | None:
    before = asking.told.get(target)
    full = before is None and len(asking.told) >= bounds.KEPT_TOLD
    if full or (before is not None and before.over):
        return None
    able = (target,) if target else _together(state)
    reached = () if before is None else before.reached
    targets = tuple(each for each in able if each not in reached)
    if not targets:
        return None
    at = asking.since if before is None else before.time + PAUSES_MS[min(before.tries, len(PAUSES_MS)) - 1]
    return Need(asking.id, "human", at, 0, targets, target, went=f"human@{asking.since}")


def _together(state: State) -> tuple[str, ...]:
    """Who is told at once, and tried again together."""
    people = on_call(state)
    browsers = (push.id for push in subscriptions(state) if push.participant in people)
    return (*((WEBHOOK,) if labelled(state) else ()), *browsers)
