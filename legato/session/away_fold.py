"""What the log says of those who are away. A part of the fold; the twin of `web/src/client/away_fold.ts`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec.structs import replace

from legato.session import events as e
from legato.session.audience import attending, takes_part
from legato.session.state import Notified, Push, State

KEPT_NOTIFIED: Final = 64


def outbox(about: str, target: str) -> str:
    """The name under which it is kept what became of telling this target of it."""
    return f"{about}/{target}" if target else about


def audience_moved(state: State, before: bool, offset: int) -> None:
    """Others may be here, since the event at `offset`; `before`: somebody who attends was. What ends from here on
    without them they do not see, and whoever comes sees what there is: who moved is to be told anew of what waits
    then."""
    there = attending(state)
    if moved := bool(there) != before:
        state.unseen = 0 if there else state.finished + 1
    without = {
        who.id: state.unseen_by.get(who.id, state.finished + 1)
        for who in state.participants.values()
        if takes_part(who) and who.id not in there
    }
    changed = without.keys() ^ state.unseen_by.keys()
    state.unseen_by = without
    state.gone_at = {who: state.gone_at.get(who, offset) for who in without}
    if moved or changed:
        told = ((name, _without(each, changed, moved)) for name, each in state.notified.items())
        state.notified = {name: each for name, each in told if each is not None}


def _without(told: Notified, moved: Collection[str], all_moved: bool) -> Notified | None:
    """What is kept of telling them when these come or go; nothing if it was for nobody else."""
    if not told.people:
        return None if all_moved else told
    people = tuple(each for each in told.people if each not in moved)
    return replace(told, people=people) if people else None


def whom(state: State, people: tuple[str, ...]) -> tuple[str, ...]:
    """Whom it is for, if it is for `people`: all who are away, where nobody is named."""
    return people or tuple(sorted(state.unseen_by))


def taken(state: State, told: Notified, people: Collection[str]) -> tuple[str, ...]:
    """Who has taken it, for these people: with somebody whom it was not for, all begins anew but in the browsers of
    others."""
    if not (anew := set(people).difference(told.people)):
        return told.reached
    browsers = (state.pushes.get(each) for each in told.reached)
    return tuple(each.id for each in browsers if each is not None and each.participant not in anew)


def notification_attempted(state: State, event: e.NotificationAttempted) -> None:
    """The newest are kept, by when they were first tried."""
    key = outbox(event.about, event.target)
    before = state.notified.get(key)
    people = whom(state, event.people)
    tries, since, earlier = 1, event.offset, tuple[str, ...]()
    if before is not None:
        anew = not set(people) <= set(before.people)
        tries, since = 1 if anew else before.tries + 1, before.at
        earlier = taken(state, before, people)
        people = (*before.people, *(each for each in people if each not in before.people))
    reached = earlier + tuple(each for each in event.reached if each not in earlier)
    over = event.sent or event.final
    tried = Notified(
        event.about, event.notice, since, tries, event.time, over, reached, event.target, people, event.id
    )
    newest = sorted({**state.notified, key: tried}.values(), key=lambda each: each.at)[-KEPT_NOTIFIED:]
    state.notified = {outbox(each.about, each.target): each for each in newest}


def push_subscribed(state: State, event: e.PushSubscribed) -> None:
    state.pushes[event.subscription] = Push(event.subscription, event.participant, event.offset, event.sealed)


def push_unsubscribed(state: State, event: e.PushUnsubscribed) -> None:
    state.pushes.pop(event.subscription, None)


def push_left(state: State, participant: str) -> None:
    """Who left is told nothing more."""
    for id in [each.id for each in state.pushes.values() if each.participant == participant]:
        del state.pushes[id]
