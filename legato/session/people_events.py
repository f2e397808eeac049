"""What people did who listen in, help and answer: where they stand, whispers, hold, and the queue.
`events` lists these with all others."""

from __future__ import annotations

from legato.session.event import ControlEvent, Event
from legato.session.parts import Spoken
from legato.session.vocabulary import Reserved, Stance


class StanceChanged(ControlEvent, frozen=True, kw_only=True):
    """Where an operator or supervisor stands, who does not answer: see `routing`."""

    participant: str
    stance: Stance


class Whispered(Event, frozen=True, kw_only=True):
    """Words for `to` alone, who answers: a direction for an agent, or advice for a person. Users and observers are
    not shown them. `spoken`: where its sound lies, if it was said aloud."""

    to: str
    text: str
    spoken: Spoken | None = None


class UsersHeld(ControlEvent, frozen=True, kw_only=True):
    """The users wait: they hear a tone and nobody, and nobody hears them."""


class UsersReleased(ControlEvent, frozen=True, kw_only=True):
    """The wait is over."""


class HumanRequested(ControlEvent, frozen=True, kw_only=True):
    """Somebody wants a person with `skill` (any: "") to answer: the session is in the queue. Of a higher `priority`
    comes first, then who has waited longest."""

    request: str
    reason: str = ""
    skill: str = ""
    priority: int = 0


class HumanRequestWithdrawn(ControlEvent, frozen=True, kw_only=True):
    """No person is wanted any more."""

    request: str
    reason: str = ""


class HumanRequestTold(ControlEvent, frozen=True, kw_only=True):
    """The hub tried to tell those who help and are not here that a person is asked for. `reached`: who took it this
    time, `webhook` or subscriptions. If it was not `sent` to everybody, it is tried again, unless this was the `final`
    try. `target`: the one with a name of its own that it was about, which has tries of its own."""

    request: str
    sent: bool = False
    final: bool = False
    reason: str = ""
    reached: tuple[str, ...] = ()
    target: str = ""


class SessionReserved(ControlEvent, frozen=True, kw_only=True):
    """The session is kept for a person for `window_ms`, to take over or to reject; by that one, or by who asked for
    them."""

    request: str
    participant: str
    window_ms: int


class ReservationEnded(ControlEvent, frozen=True, kw_only=True):
    """It is in the queue again, in its place, unless it was `accepted`."""

    request: str
    participant: str
    how: Reserved


class PromiseMade(ControlEvent, frozen=True, kw_only=True):
    """The person who answers promised something: whoever answers after them is told."""

    promise: str
    text: str


class PromiseWithdrawn(ControlEvent, frozen=True, kw_only=True):
    """It was none."""

    promise: str


class WrappedUp(ControlEvent, frozen=True, kw_only=True):
    """What a person who answered, or helps otherwise, leaves for the record. Users and observers are not shown the
    notes."""

    participant: str
    disposition: str = ""
    notes: str = ""
