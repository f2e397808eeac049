"""Who is told what a follower of a log finds."""

from __future__ import annotations

from typing import Final, Protocol

from hub.node.recent import Told


class Ears(Protocol):
    """Who is told what the follower finds: the room."""

    def told(self, events: list[Told]) -> None:
        """These were folded."""

    def moved(self, why: str) -> None:
        """The state was replaced by one at a newer position of the same log."""

    def lost(self, lost_from: int, lost_to: int) -> None:
        """These offsets, folded here before, are not in the log; the state is now what the log says."""

    def signalled(self, payload: bytes) -> None:
        """A sealed signal came."""

    def ready(self) -> None:
        """What waited for the follower may go on."""

    def gone(self, reason: str) -> None:
        """There is no such session any more."""


class Nobody:
    """Nobody is told: of a log that is followed no more. Who is told knows the follower, too, and what knows each other
    is not freed before the collector comes by."""

    def told(self, events: list[Told]) -> None: ...

    def moved(self, why: str) -> None: ...

    def lost(self, lost_from: int, lost_to: int) -> None: ...

    def signalled(self, payload: bytes) -> None: ...

    def ready(self) -> None: ...

    def gone(self, reason: str) -> None: ...


NOBODY: Final[Ears] = Nobody()
