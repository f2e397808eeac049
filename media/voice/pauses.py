"""A pause for somebody who begins to speak, on every node where the agent is heard. Pure; times in monotonic ms.

The node of their microphone says that they hold the floor, and again while they do: what was lost on the way is said
again, and nobody waits for long for a node that is gone.
"""

from __future__ import annotations

from typing import Final

from media.voice.barge_in import Move

AGAIN: Final = 250
STALE: Final = 1_000
"""Milliseconds after which what another node said of the floor counts no more."""


class Pauses:
    """One session's, on one node."""

    def __init__(self) -> None:
        self._here: set[str] = set()
        self._there: dict[str, int] = {}
        self._said = False
        self._said_at = 0

    def moved(self, attachment: str, move: Move) -> None:
        """A microphone of this node holds, takes or frees the floor."""
        if move is Move.RELEASE:
            self._here.discard(attachment)
        else:
            self._here.add(attachment)

    def due(self, now: int) -> bool | None:
        """What is to be said to the other nodes now: whether somebody here holds the floor. None: nothing new."""
        held = bool(self._here)
        if held == self._said and not (held and now >= self._said_at + AGAIN):
            return None
        self._said, self._said_at = held, now
        return held

    def heard(self, node: str, held: bool, now: int) -> Move | None:
        """Another node says so; what follows for this one."""
        known = node in self._there
        if held:
            self._there[node] = now + STALE
            return None if known else Move.HOLD
        self._there.pop(node, None)
        return Move.RELEASE if known else None

    def expire(self, now: int) -> list[str]:
        """The nodes that have not said it again: they hold nothing any more."""
        stale = [node for node, until in self._there.items() if now >= until]
        for node in stale:
            del self._there[node]
        return stale
