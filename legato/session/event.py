"""What every event has: its author, and its place in the log. `events` lists them all."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from legato.session.vocabulary import snake


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=snake):
    """What every event carries. `offset` and `time` (session time, ms since 1970) are 0 until stored."""

    control: ClassVar[bool] = False

    by: str
    offset: int = 0
    time: int = 0

    @property
    def type(self) -> str:
        """The event's name on the wire, in snake case."""
        return str(self.__struct_config__.tag)


class ControlEvent(Event, frozen=True, kw_only=True):
    """An event that decisions depend on."""

    control: ClassVar[bool] = True


class Unknown(msgspec.Struct, frozen=True):
    """An event of a later version, kept as it came."""

    control: ClassVar[bool] = False

    type: str
    by: str
    offset: int
    time: int
    raw: dict[str, Any]


def concrete(base: type[Event]) -> list[type[Event]]:
    """Every kind of event that is known by now."""
    found: list[type[Event]] = []
    for kind in base.__subclasses__():
        found += concrete(kind) if kind is ControlEvent else [kind]
    return found
