"""How long a session stays where it is: hot in the store, then archived in the vault, then nowhere."""

from __future__ import annotations

from typing import Final, Literal

from hub.settings import Settings
from legato.session.deadlines import earliest
from legato.session.events import Event
from legato.session.ids import HUB
from legato.session.presence_rules import left
from legato.session.state import State

ARCHIVE_LABEL: Final = "archive_after_s"
ERASE_LABEL: Final = "erase_after_s"
"""The session's own retention, in seconds after its last event (0: never)."""

AGAIN_MS: Final = 60_000
"""When a session that could not be archived just now is looked at again."""

Due = Literal["", "archive", "erase"]


def due(state: State, settings: Settings, now: int) -> Due:
    """What is to be done with the session at session time `now`."""
    if earliest(state) is not None:
        return ""
    erased, archived = erasable_at(state, settings), archivable_at(state, settings)
    if erased is not None and erased <= now:
        return "erase"
    return "archive" if archived is not None and archived <= now else ""


def next_look(state: State, settings: Settings) -> int | None:
    """When somebody must look at the session again, in session time (ms): its earliest deadline, or the end of a
    retention."""
    at = earliest(state)
    if at is not None:
        return at
    ends = (archivable_at(state, settings), erasable_at(state, settings))
    return min((each for each in ends if each is not None), default=None)


def archivable_at(state: State, settings: Settings) -> int | None:
    """When the session leaves for the vault; None: never, or while a person is attached."""
    return _after(state, ARCHIVE_LABEL, settings.archive_after_s)


def erasable_at(state: State, settings: Settings) -> int | None:
    """When the session's retention is over; None: never, or while a person is attached."""
    return _after(state, ERASE_LABEL, settings.erase_after_s)


def agents_leave(state: State) -> list[Event]:
    """Agents that nobody needs do not keep a session hot: their part ends, until it is wanted again."""
    here = {each.participant for each in state.attachments.values()}
    return [event for id in sorted(here) for event in left(state, id, HUB, "at rest")]


def _after(state: State, label: str, usual_s: int) -> int | None:
    said = state.labels.get(label, "")
    after_s = int(said) if said.isdecimal() else usual_s
    agents = {id for id, who in state.participants.items() if who.role == "agent"}
    attended = any(each.participant not in agents for each in state.attachments.values())
    return state.time + after_s * 1000 if after_s and not attended else None
