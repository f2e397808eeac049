"""Telling those who are away: what there is to tell, and when it is tried (again).

Each who takes part and does not attend (`audience`) is told of what came for them: that a tool call waits for their
word, or that an answer has come since they went (once an absence), or that a tool call finished or failed and no answer
came of it (once an absence). While nobody attends that is everything; while others do, what was made for a turn of
theirs or for nobody's, so that who went is not told of every word that others exchange with an agent.

Told are the operator's webhook where the session is labelled `notify`, the browsers of theirs that subscribed, and
targets with names of their own, which the label `notify_targets` names, each
with tries of its own. Everything follows from the state, so a hub that dies loses none of it: the next one
tries again, under the same name, by which the receiver knows a repeat. Who took it is not asked again. Whoever goes
afterwards is told anew, and so under a name that no receiver has seen: it names their going.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.actors import Actor
from legato.session.audience import attended, gone
from legato.session.away_fold import outbox, taken, whom
from legato.session.commands import Refusal
from legato.session.ids import HUB, well_formed
from legato.session.message_rules import Decision
from legato.session.routing import PEOPLE
from legato.session.state import Entry, Message, Notified, Participant, Push, State, ToolCall
from legato.session.tool_rules import stands_in
from legato.session.vocabulary import Notice, ToldOf

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
    has a name of its own) that `about`, an entry that began at `offset` (or a request for a person, 0), waits for
    `people` (none: for whoever may decide it). `id`: the name under which they were told before; if there is none, it
    is made of `about` and `went`, the newest going of those who were not."""

    about: str
    notice: ToldOf
    at: int
    offset: int
    targets: tuple[str, ...]
    target: str = ""
    people: tuple[str, ...] = ()
    id: str = ""
    went: str = ""


def subscribe_push(state: State, actor: Actor, command: c.SubscribePush) -> Decision:
    """By anybody but agents. Of a participant's the newest count."""
    if actor.role == "agent":
        return Refusal("not_allowed", "agents are not told", "subscription")
    if not command.subscription.startswith(PUSH) or not command.sealed:
        return Refusal("malformed", "as the hub gave it", "subscription")
    known = state.pushes.get(command.subscription)
    if known is not None and known.participant != actor.participant:
        return Refusal("already_exists", field="subscription")
    mine = [
        each for each in subscriptions(state) if each.participant == actor.participant and each is not known
    ]
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
    if state.ended or not (labelled(state) or TARGETS in state.labels or state.pushes):
        return []
    away, alone = gone(state), not attended(state)
    if not away and not alone:
        return []
    found = (*_approvals(state, away, alone), *_news(state, away))
    return sorted(found, key=lambda need: (need.at, need.offset, need.about, need.target))


def attempted(
    state: State,
    about: str,
    reached: Collection[str],
    reason: str,
    lost: Collection[str] = (),
    target: str = "",
    *,
    people: Collection[str] = (),
    id: str = "",
) -> list[e.Event]:
    """What is written down after a try (of `target`, if it has a name of its own) that these targets took, and whose
    subscriptions `lost` are known no more. It was under the name `id` and for these `people` (none: for all who are to
    be told by now). Nothing of the try if it is not to be told to any of them any more."""
    over = forgotten(state, lost)
    found = next((each for each in needs(state) if (each.about, each.target) == (about, target)), None)
    need = None if found is None else _of_these(state, found, people)
    if need is None or set(need.targets) <= set(lost):
        return over
    assert need.notice != "human", "that has an outbox of its own"
    before = _before(state, need)
    came = outcome(need, 0 if before is None else before.tries, reached, reason, lost)
    tried = e.NotificationAttempted(
        by=HUB,
        about=about,
        notice=need.notice,
        sent=came.sent,
        final=came.final,
        reason=came.reason,
        reached=came.reached,
        target=target,
        people=need.people,
        id=id,
    )
    return [*over, tried]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of a try: whether nobody is to be told any more (`sent`), or nobody is tried again though (`final`); why; and who
    took it."""

    sent: bool
    final: bool
    reason: str
    reached: tuple[str, ...]


def outcome(need: Need, before: int, reached: Collection[str], reason: str, lost: Collection[str]) -> Outcome:
    """What a try comes to that these took, after so many `before` it, where those that are `lost` are known no more."""
    sent = set(need.targets) <= {*reached, *lost}
    took = tuple(each for each in need.targets if each in reached)
    return Outcome(sent, not sent and before >= len(PAUSES_MS), "" if sent else reason, took)


def forgotten(state: State, lost: Collection[str]) -> list[e.Event]:
    """Of these subscriptions, which are known no more."""
    return [
        e.PushUnsubscribed(by=HUB, subscription=each, reason="gone") for each in lost if each in state.pushes
    ]


def _approvals(state: State, away: list[Participant], alone: bool) -> Iterator[Need]:
    """While others attend, an operator is asked who took part, or the user whose turn it is."""
    for call in state.open_tools():
        if not call.approval or call.decided_by or _sees(state, call.approval):
            continue
        able = [who for who in away if who.role in stands_in(call.approval)]
        if not alone and call.approval not in PEOPLE:
            able = [who for who in able if who.id == call.asker]
        if able or alone:
            people = tuple(sorted(who.id for who in able))
            for target in ("", *named(state, "approval")):
                yield from _told(state, call, "approval", call.time, people, target)


def _news(state: State, away: list[Participant]) -> Iterator[Need]:
    """Of answers and results, to each target of the first that came for somebody and that it was not told of."""
    for_whom: dict[tuple[str, str], list[str]] = {}
    for who in away:
        unseen = _unseen(state, who)
        if (answer := _answer(state, unseen)) is not None:
            for_whom.setdefault((answer.id, "answer"), []).append(who.id)
        elif (result := _result(unseen)) is not None:
            for_whom.setdefault((result.id, "result"), []).append(who.id)
    for (about, notice), people in for_whom.items():
        entry = state.entries[about]
        kind: Notice = "answer" if notice == "answer" else "result"
        since = entry.since + RESULT_MS if isinstance(entry, ToolCall) else entry.time
        for target in ("", *named(state, kind)):
            untold = tuple(sorted(who for who in people if not _told_of(state, kind, target, who)))
            if untold:
                yield from _told(state, entry, kind, since, untold, target)


def _sees(state: State, role: str) -> bool:
    """Whether somebody of the role who helps has it before them, though they only listen in."""
    roles = (state.participants.get(each.participant) for each in state.attachments.values())
    return role in PEOPLE and any(who is not None and who.role in stands_in(role) for who in roles)


def _told(
    state: State, about: Entry, notice: Notice, since: int, people: tuple[str, ...], target: str
) -> Iterator[Need]:
    need = Need(about.id, notice, since, about.at, (), target, people)
    before = _before(state, need)
    reached = _taken(state, need)
    able = (target,) if target else tuple(_targets(state, people))
    targets = tuple(each for each in able if each not in reached)
    if targets and not (before is not None and before.over):
        at = since if before is None else before.time + PAUSES_MS[min(before.tries, len(PAUSES_MS)) - 1]
        if before is not None:
            yield replace(need, at=at, targets=targets, id=before.id)
        else:
            told = state.notified.get(outbox(about.id, target))
            went = _newest(state, people, () if told is None else told.people)
            yield replace(need, at=at, targets=targets, went=went)


def _of_these(state: State, need: Need, people: Collection[str]) -> Need | None:
    """What of it was told by a try for these people: who went meanwhile was not."""
    told = tuple(each for each in need.people if each in people)
    if told == need.people or not people:
        return need
    browsers = {each.id for each in subscriptions(state) if each.participant not in told}
    targets = tuple(each for each in need.targets if each not in browsers)
    return replace(need, people=told, targets=targets) if told else None


def _newest(state: State, people: tuple[str, ...], told: Collection[str]) -> str:
    """Who of these went last, and by which event, of those who were not told; "": nobody is away."""
    went = [(state.gone_at.get(who, 0), who) for who in whom(state, people) if who not in told]
    return "@".join(map(str, max(went)[::-1])) if went else ""


def _before(state: State, need: Need) -> Notified | None:
    """What became of telling the target of it so far; nothing, if it is for somebody now whom it was not for then."""
    told = state.notified.get(outbox(need.about, need.target))
    return told if told is not None and set(need.people) <= set(told.people) else None


def _taken(state: State, need: Need) -> tuple[str, ...]:
    told = state.notified.get(outbox(need.about, need.target))
    return () if told is None else taken(state, told, need.people)


def _told_of(state: State, notice: Notice, target: str, who: str) -> bool:
    """Whether the target was told of an answer, or a result, for them since they went: once is enough."""
    return any(
        each.notice == notice and each.over and each.target == target and who in each.people
        for each in state.notified.values()
    )


def _targets(state: State, people: Collection[str]) -> Iterator[str]:
    """Who is told together for these people."""
    if labelled(state):
        yield WEBHOOK
    yield from (push.id for push in subscriptions(state) if push.participant in people)


def named(state: State, notice: ToldOf) -> Iterator[str]:
    """The targets with names of their own that are told of this."""
    words = state.labels.get(TARGETS, "").split() if state.labels.get(NOTIFY) != "none" else []
    for name, kinds in dict(word.partition(":")[::2] for word in words[:MOST_TARGETS]).items():
        if well_formed(name) and (not kinds or notice in kinds.split("+")):
            yield name


def labelled(state: State) -> bool:
    """Whether the webhook that the hub's operator named is told."""
    return state.labels.get(NOTIFY, "none") not in ("", "none")


def subscriptions(state: State) -> list[Push]:
    """The browsers that are told, the oldest first."""
    return sorted(state.pushes.values(), key=lambda each: (each.at, each.id))


def _result(unseen: list[Entry]) -> ToolCall | None:
    """The first tool call of these that finished or failed."""
    calls = (each for each in unseen if isinstance(each, ToolCall))
    return next((each for each in calls if each.status in ("finished", "failed")), None)


def _answer(state: State, unseen: list[Entry]) -> Message | None:
    """The first message of these by somebody who answers."""
    answers = {id for id, who in state.participants.items() if who.role == "agent" or who.role in PEOPLE}
    return next(
        (
            each
            for each in unseen
            if isinstance(each, Message)
            and each.by in answers
            and each.status == "finished"
            and each.parts
            and not each.aside
        ),
        None,
    )


def _unseen(state: State, who: Participant) -> list[Entry]:
    """What ended since they went and is for them: for everybody, if nobody was there to see it."""
    since = state.unseen_by.get(who.id, state.finished + 1)
    return [each for each in state.ended_entries() if each.ordinal >= since and _for(state, who, each)]


def _for(state: State, who: Participant, entry: Entry) -> bool:
    if entry.by == who.id:
        return False
    nobody_saw = 0 < state.unseen <= entry.ordinal
    return nobody_saw or (who.role == "user" and entry.asker in ("", who.id))
