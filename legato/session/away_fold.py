"""What the log says of those who are away. A part of the fold; the twin of `web/src/client/away_fold.ts`."""

from __future__ import annotations

from typing import Final

from legato.session import events as e
from legato.session.audience import attended
from legato.session.state import Notified, Push, State

KEPT_NOTIFIED: Final = 64


def outbox(about: str, target: str) -> str:
    """The name under which it is kept what became of telling this target of it."""
    return f"{about}/{target}" if target else about


def audience_moved(state: State, before: bool) -> None:
    """Others may attend; `before`: somebody did. What ends from here on without them nobody sees, and whoever comes
    sees what there is."""
    if (after := attended(state)) != before:
        state.unseen, state.notified = (0 if after else state.finished + 1), {}


def notification_attempted(state: State, event: e.NotificationAttempted) -> None:
    """The newest are kept, by when they were first tried."""
    key = outbox(event.about, event.target)
    before = state.notified.get(key)
    tries = 1 if before is None else before.tries + 1
    since = event.offset if before is None else before.at
    over = event.sent or event.final
    reached = () if before is None else before.reached
    reached += tuple(each for each in event.reached if each not in reached)
    tried = Notified(event.about, event.notice, since, tries, event.time, over, reached, event.target)
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
