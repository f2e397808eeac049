"""Who wants to be told while away, and what became of telling them. `events` lists these with all others."""

from __future__ import annotations

from legato.session.event import ControlEvent
from legato.session.vocabulary import Notice


class PushSubscribed(ControlEvent, frozen=True, kw_only=True):
    """A participant's browser can be told: `sealed` says where, to the hub alone."""

    participant: str
    subscription: str
    sealed: str


class PushUnsubscribed(ControlEvent, frozen=True, kw_only=True):
    """It is told no more: somebody said so, a newer one took its place, or its push service knows it no more."""

    subscription: str
    reason: str = ""


class NotificationAttempted(ControlEvent, frozen=True, kw_only=True):
    """The hub tried to tell people who are away that something waits: `about` (an entry of the transcript) is an
    `approval`, an `answer` or a `result`. `reached`: who took it this time, `webhook` or subscriptions. If it was not
    `sent` to everybody, it is tried again, unless this was the `final` try. `target`: the one with a name of its own
    that it was about, which has tries of its own. `people`: whom it is for (none: all who are away). `id`: the name
    under which it was told, by which a receiver knows a repeat."""

    about: str
    notice: Notice
    sent: bool = False
    final: bool = False
    reason: str = ""
    reached: tuple[str, ...] = ()
    target: str = ""
    people: tuple[str, ...] = ()
    id: str = ""
