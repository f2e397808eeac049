"""What became of telling those who are away. `events` lists these with all others."""

from __future__ import annotations

from legato.session.event import ControlEvent
from legato.session.vocabulary import Notice


class NotificationAttempted(ControlEvent, frozen=True, kw_only=True):
    """The hub tried to tell somebody who is away that something waits: `about` (an entry of the transcript) is an
    `approval` or an `answer`. If it was not `sent`, it is tried again, unless this was the `final` try."""

    about: str
    notice: Notice
    sent: bool = False
    final: bool = False
    reason: str = ""
