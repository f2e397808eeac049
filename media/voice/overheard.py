"""What pages and nodes signal of a session's sound, brought to those of this node whom it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from legato.session.ids import HUB
from media.voice import moving, playing
from media.voice.answering import Answering
from media.voice.microphones import Microphones
from media.voice.moving import Moving, read_moving
from media.voice.rest import read_report

_MOVING: Final = (HUB, moving.NAME)
_PLAYING: Final = (HUB, playing.NAME)


class Overheard:
    """See the module. `now`: monotonic ms."""

    def __init__(
        self, answering: Answering, moving: Moving, microphones: Microphones, now: Callable[[], int]
    ) -> None:
        self._answering = answering
        self._moving = moving
        self._microphones = microphones
        self._now = now

    def signals(self, signals: Sequence[Mapping[str, Any]]) -> None:
        """They came, in this order."""
        for signal in signals:
            by, name, data = str(signal.get("by")), signal.get("name"), signal.get("data")
            attachment = str(signal.get("attachment", ""))
            if name == "output_ready":
                self._moving.ready(by, attachment, warm=bool(data))
                self._answering.look(by, attachment, warm=bool(data))
            elif name == "playout":
                self._played(by, attachment, data)
            elif name == "suspected":
                self._microphones.suspect(by, self._now())
            elif (by, name) == _MOVING:
                self._answering.give_way(*read_moving(data), self._now())
            elif (by, name) == _PLAYING:
                self._moving.playing(data)

    def _played(self, by: str, attachment: str, data: Any) -> None:
        report = read_report(data)
        if report is not None:
            last = data.get("last") is True
            said = self._moving.said(by, attachment, report, last=last)
            self._answering.report(by, attachment, said, last=last)
