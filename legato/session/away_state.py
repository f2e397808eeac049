"""What the folded state holds of those who are away. `state` lists these with all others."""

from __future__ import annotations

import msgspec

from legato.session.vocabulary import Notice


class Notified(msgspec.Struct, frozen=True, omit_defaults=True):
    """It was tried, first by the event at offset `at`, last at session time `time`, to tell those who are away that
    `about` waits; it is `over` when it was sent to everybody, or given up. `reached`: who took it. `target`: the one of
    its own name that was tried ("": the webhook and the browsers). `people`: whom of those who are still away it is for
    (none: nobody in particular). `id`: the name under which they were told ("": an older hub's, of `about` alone)."""

    about: str
    notice: Notice
    at: int
    tries: int = 1
    time: int = 0
    over: bool = False
    reached: tuple[str, ...] = ()
    target: str = ""
    people: tuple[str, ...] = ()
    id: str = ""


class Push(msgspec.Struct, frozen=True, omit_defaults=True):
    """A browser of a participant that wants to be told, since offset `at`; where it is only the hub can read."""

    id: str
    participant: str
    at: int
    sealed: str


class Alone(msgspec.Struct, frozen=True, omit_defaults=True):
    """Nobody who attends is here, `since` that session time, as the event at offset `at` says (0: somebody is, since
    `back`). `paused`: the answer that waits for somebody, since offset `paused_at`."""

    since: int = 0
    at: int = 0
    paused: str = ""
    paused_at: int = 0
    back: int = 0
