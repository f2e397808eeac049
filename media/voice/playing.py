"""What each page plays: told when it changes, so that it can show the word that sounds, and stop at it."""

from __future__ import annotations

from typing import Any, Final

from hub.node.promise import Room
from legato.session.ids import HUB
from media.opus import FRAME
from media.pacer import Beat

NAME: Final = "playing"


class Playing:
    """By attachment: which sample of which message left with which RTP timestamp, and from which on none did."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._of: dict[str, dict[str, Any]] = {}

    def sent(self, attachment: str, beat: Beat, timestamp: int) -> None:
        """The first frame of something left for the attachment, or the first silent one after."""
        if beat.message is None:
            self._of[attachment] = {**self._of.get(attachment, {}), "until": timestamp}
        else:
            at = {"message": beat.message, "samples": beat.end - beat.samples, "timestamp": timestamp}
            self._of[attachment] = at if beat.samples == FRAME else {**at, "step": beat.samples}
        self.tell()

    def leave(self, attachment: str) -> None:
        """It plays no more."""
        self._of.pop(attachment, None)

    def tell(self) -> None:
        """Say it (again), if there is anything to say."""
        if self._of:
            self._room.signal(HUB, NAME, self._of)
