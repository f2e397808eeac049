"""What the folded state holds of people who help. A part of `state`."""

from __future__ import annotations

import msgspec


class Aside(msgspec.Struct, frozen=True, omit_defaults=True):
    """Words of `by` for `to` alone, said at offset `at`."""

    at: int
    by: str
    to: str
    text: str


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of telling those who help of a request: so many `tries`, the last at session time `time`; it is
    `over` when all took it, or it was given up. `reached`: who took it."""

    tries: int = 1
    time: int = 0
    over: bool = False
    reached: tuple[str, ...] = ()


class Asking(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody wants a person to answer, since session time `since`. While it is `reserved_for` somebody (by the event
    at offset `reserved_at`, until `reserved_until`) nobody else is offered it; `passed`: who let it go by. `told`: what
    became of telling those who help and are not here, by the target's own name ("": the webhook and the browsers)."""

    id: str
    by: str
    since: int
    reason: str = ""
    skill: str = ""
    priority: int = 0
    reserved_for: str = ""
    reserved_at: int = 0
    reserved_until: int = 0
    passed: tuple[str, ...] = ()
    told: dict[str, Told] = {}


class Draft(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the agent `by` suggests to the person who answers, since offset `at`; `turn` is what it would answer."""

    id: str
    by: str
    at: int
    text: str
    turn: str = ""


class Promised(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the person `by` who answers promised, by the event at offset `at`, at session time `time`."""

    id: str
    by: str
    at: int
    time: int
    text: str


class Help(msgspec.Struct, frozen=True, omit_defaults=True):
    """The stretch in which the person `by` answered: from the event at offset `at`, session time `since`, to that at
    `ended_at`, time `until` (0: it goes on). `summary` is the briefing that they left, `tools` are the names of the
    tools that were started meanwhile."""

    by: str
    at: int
    since: int
    ended_at: int = 0
    until: int = 0
    summary: str = ""
    promises: tuple[Promised, ...] = ()
    tools: tuple[str, ...] = ()


class Noted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody who answered left for the record, by the event at offset `at`, at session time `time`."""

    by: str
    at: int
    time: int
    disposition: str = ""
    notes: str = ""
