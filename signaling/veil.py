"""What users and observers of a session are not shown: who listens in unheard, or can do no more, what is whispered and
noted, and what an agent drafts for a person.

Everybody folds one log, so nothing is left out: an event keeps its place, its author is the hub, and the words are
empty. In a state the same is done to what was folded of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from hub.node.promise import Welcome
from legato.session.events import Role
from legato.session.ids import HUB

GUESTS: Final[frozenset[Role]] = frozenset({"user", "observer"})
UNSEEN: Final = frozenset({"monitor", "whisper"})
"""Stances of which nobody is told who is listened to."""

_EMPTIED: Final = {
    "reply_drafted": ("text", "turn"),
    "draft_used": ("drafter", "message"),
    "draft_dismissed": (),
    "whispered": ("to", "text"),
    "stance_changed": ("stance",),
    "wrapped_up": ("disposition", "notes"),
}
_OPENED: Final = "attachment_opened"
_TYPE: Final = b'"type":"'
_NAMES: Final = tuple(f'{name}"'.encode() for name in (*_EMPTIED, _OPENED))
_HOLDS: Final = (b'"whispers"', b'"drafts"', b'"noted"', b'"stance"', b'"reach"')
_GONE: Final = ("whispers", "drafts", "noted")
_UNSAID: Final = ("spoken", "edited")


class Sight:
    """What somebody is shown: everything."""

    def events(self, encoded: Sequence[bytes]) -> Sequence[bytes]:
        """The events, as JSON."""
        return encoded

    def state(self, encoded: bytes) -> bytes:
        """The state, as JSON."""
        return encoded

    def welcome(self, welcome: Welcome) -> Welcome:
        """What who comes is given."""
        return welcome


class Veiled(Sight):
    """What guests are shown."""

    def events(self, encoded: Sequence[bytes]) -> Sequence[bytes]:
        if not any(map(_is_private, encoded)):
            return encoded
        return [_veiled(each) if _is_private(each) else each for each in encoded]

    def state(self, encoded: bytes) -> bytes:
        if not any(each in encoded for each in _HOLDS):
            return encoded
        state: dict[str, Any] = msgspec.json.decode(encoded)
        for what in _GONE:
            state.pop(what, None)
        for who in state.get("participants", {}).values():
            if who.get("stance") in UNSEEN:
                del who["stance"]
        for device in state.get("attachments", {}).values():
            device.pop("reach", None)
        return msgspec.json.encode(state)

    def welcome(self, welcome: Welcome) -> Welcome:
        snapshot = None if welcome.snapshot is None else self.state(welcome.snapshot)
        return replace(welcome, snapshot=snapshot, events=tuple(self.events(welcome.events)))


ALL: Final = Sight()
GUEST: Final = Veiled()


def sight_of(role: str) -> Sight:
    """What a participant of the role is shown."""
    return GUEST if role in GUESTS else ALL


def _is_private(encoded: bytes) -> bool:
    """Its type stands first, or behind its place in the log: before anything that somebody said."""
    return encoded.startswith(_NAMES, encoded.find(_TYPE) + len(_TYPE))


def _veiled(encoded: bytes) -> bytes:
    event: dict[str, Any] = msgspec.json.decode(encoded)
    kind = event["type"]
    if kind == _OPENED and event.pop("reach", ""):  # by which it would be told that somebody only listens
        return msgspec.json.encode(event)
    if kind not in _EMPTIED or (kind == "stance_changed" and event["stance"] not in UNSEEN):
        return encoded
    event["by"] = HUB
    for field in _UNSAID:
        event.pop(field, None)
    for field in _EMPTIED[kind]:
        event[field] = ""
    return msgspec.json.encode(event)
