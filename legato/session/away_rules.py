"""Telling those who are away: what there is to tell, and when it is tried (again).

Once nobody attends (`audience`), a session's people are told that a tool call waits for a person's word, or that an
answer has come since they went (once an absence), or that a tool call finished or failed and no answer came of it (once
an absence): by the operator's webhook where the session is labelled `notify`, and
in the browsers that subscribed; and by targets with names of their own, which the label `notify_targets` names, each
with tries of its own. Everything follows from the state, so a hub that dies loses none of it: the next one
tries again, under the same name, by which the receiver knows a repeat. Who took it is not asked again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.actors import Actor
from legato.session.audience import attended
from legato.session.away_fold import outbox
from legato.session.commands import Refusal
from legato.session.ids import HUB, well_formed
from legato.session.message_rules import Decision
from legato.session.routing import PEOPLE
from legato.session.state import Entry, Message, Push, State, ToolCall
from legato.session.tool_rules import stands_in
from legato.session.vocabulary import Notice

NOTIFY: Final = "notify"
"""The label; any value but "" and `none` asks for it."""

TARGETS: Final = "notify_targets"
"""The label that names further targets, with spaces between, as `name` or `name:kind+kind`."""

MOST_TARGETS: Final = 8

WEBHOOK: Final = "webhook"
"""The target that the hub's operator named."""

PUSH: Final = "push_"
"""What the names of subscriptions begin with."""

PAUSES_MS: Final = (5_000, 30_000, 120_000, 600_000, 3_600_000)
"""Between tries; after one more than there are pauses, it is given up."""


RESULT_MS: Final = 10_000
"""How long the end of a tool call waits for an answer, which tells more."""


@dataclass(frozen=True, slots=True)
class Need:
    """At session time `at` it is to be told (again) to `targets` (`WEBHOOK`, or subscriptions; or the one `target` that
    has a name of its own) that `about`, an entry that began at `offset`, waits."""

    about: str
    notice: Notice
    at: int
    offset: int
    targets: tuple[str, ...]
    target: str = ""


def subscribe_push(state: State, actor: Actor, command: c.SubscribePush) -> Decision:
    """By anybody but agents. Of a participant's the newest count."""
    if actor.role == "agent":
        return Refusal("not_allowed", "agents are not told", "subscription")
    if not command.subscription.startswith(PUSH) or not command.sealed:
        return Refusal("malformed", "as the hub gave it", "subscription")
    known = state.pushes.get(command.subscription)
    if known is not None and known.participant != actor.participant:
        return Refusal("already_exists", field="subscription")
    mine = [each for each in _pushes(state) if each.participant == actor.participant and each is not known]
    over = mine[: max(0, len(mine) + 1 - limits.PUSHES_EACH)]
    if known is None and not over and len(state.pushes) >= limits.PUSHES:
        return Refusal("too_large", "too many are told in this session", "subscription")
    return [
        *(e.PushUnsubscribed(by=HUB, subscription=each.id, reason="replaced") for each in over),
        e.PushSubscribed(
            by=actor.participant,
            participant=actor.participant,
            subscription=command.subscription,
            sealed=command.sealed,
        ),
    ]


def unsubscribe_push(state: State, actor: Actor, command: c.UnsubscribePush) -> Decision:
    """Each their own."""
    known = state.pushes.get(command.subscription)
    if known is None or known.participant != actor.participant:
        return Refusal("not_found", field="subscription")
    return [e.PushUnsubscribed(by=actor.participant, subscription=known.id)]


def needs(state: State) -> list[Need]:
    """All that is to be told, the earliest first."""
    if state.ended or not (_labelled(state) or TARGETS in state.labels or state.pushes) or attended(state):
        return []
    return sorted(_needs(state), key=lambda need: (need.at, need.offset, need.about, need.target))


def attempted(
    state: State,
    about: str,
    reached: Collection[str],
    reason: str,
    gone: Collection[str] = (),
    target: str = "",
) -> list[e.Event]:
    """What is written down after a try (of `target`, if it has a name of its own) that these targets took, and whose
    subscriptions `gone` are known no more. Nothing of the try if it is not to be told any more."""
    over = [
        e.PushUnsubscribed(by=HUB, subscription=each, reason="gone") for each in gone if each in state.pushes
    ]
    need = next((each for each in needs(state) if (each.about, each.target) == (about, target)), None)
    if need is None or set(need.targets) <= set(gone):
        return [*over]
    before = state.notified.get(outbox(about, target))
    sent = set(need.targets) <= {*reached, *gone}
    tried = e.NotificationAttempted(
        by=HUB,
        about=about,
        notice=need.notice,
        sent=sent,
        final=not sent and before is not None and before.tries >= len(PAUSES_MS),
        reason="" if sent else reason,
        reached=tuple(each for each in need.targets if each in reached),
        target=target,
    )
    return [*over, tried]


def _needs(state: State) -> Iterator[Need]:
    for call in state.open_tools():
        if call.approval and not call.decided_by and not _sees(state, call.approval):
            yield from _told(state, call.id, "approval", call.time, call.at, call.approval)
    if (answer := _unseen_answer(state)) is not None:
        yield from _told(state, answer.id, "answer", answer.time, answer.at)
    elif (result := _unseen_result(state)) is not None:
        yield from _told(state, result.id, "result", result.since + RESULT_MS, result.at)


def _sees(state: State, role: str) -> bool:
    """Whether somebody of the role who helps has it before them, though they only listen in."""
    roles = (state.participants.get(each.participant) for each in state.attachments.values())
    return role in PEOPLE and any(who is not None and who.role in stands_in(role) for who in roles)


def _told(
    state: State, about: str, notice: Notice, since: int, offset: int, role: str = ""
) -> Iterator[Need]:
    for target, able in (("", tuple(_targets(state, role))), *_named(state, notice)):
        before = state.notified.get(outbox(about, target))
        reached = () if before is None else before.reached
        targets = tuple(each for each in able if each not in reached)
        over = before is not None and before.over
        once = notice != "approval" and _told_of(state, notice, target)
        if targets and not over and not once:
            at = since if before is None else before.time + PAUSES_MS[min(before.tries, len(PAUSES_MS)) - 1]
            yield Need(about, notice, at, offset, targets, target)


def _told_of(state: State, notice: Notice, target: str) -> bool:
    """Whether the target was told of an answer, or a result, since people went: once is enough."""
    return any(
        each.notice == notice and each.over and each.target == target for each in state.notified.values()
    )


def _targets(state: State, role: str) -> Iterator[str]:
    """Who is told together, of participants only those with this role (any: "")."""
    if _labelled(state):
        yield WEBHOOK
    for push in _pushes(state):
        who = state.participants.get(push.participant)
        if who is not None and (role == "" or who.role in stands_in(role)):
            yield push.id


def _named(state: State, notice: Notice) -> Iterator[tuple[str, tuple[str]]]:
    """The targets with names of their own that are told of this."""
    words = state.labels.get(TARGETS, "").split() if state.labels.get(NOTIFY) != "none" else []
    for name, kinds in dict(word.partition(":")[::2] for word in words[:MOST_TARGETS]).items():
        if well_formed(name) and (not kinds or notice in kinds.split("+")):
            yield name, (name,)


def _labelled(state: State) -> bool:
    return state.labels.get(NOTIFY, "none") not in ("", "none")


def _pushes(state: State) -> list[Push]:
    """The oldest first."""
    return sorted(state.pushes.values(), key=lambda each: (each.at, each.id))


def _unseen_result(state: State) -> ToolCall | None:
    """The first tool call that finished or failed while nobody attended."""
    calls = (each for each in _unseen(state) if isinstance(each, ToolCall))
    return next((each for each in calls if each.status in ("finished", "failed")), None)


def _unseen_answer(state: State) -> Message | None:
    """The first answer of an agent that ended while nobody attended."""
    agents = {id for id, who in state.participants.items() if who.role == "agent"}
    unseen = (each for each in _unseen(state) if each.by in agents)
    return next(
        (
            each
            for each in unseen
            if isinstance(each, Message) and each.status == "finished" and each.parts and not each.aside
        ),
        None,
    )


def _unseen(state: State) -> list[Entry]:
    """What ended while nobody attended, and still nobody does."""
    return [each for each in state.ended_entries() if each.ordinal >= state.unseen] if state.unseen else []
