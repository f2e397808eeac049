"""Everybody in a session who talks and who listens, on this node: who hears whom.

A frame of a microphone goes to each listener that the routing lets hear it, as it comes. Only where a listener
hears more than one voice is it decoded, and then once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from media.codecs import decode_packet, opus_decoder
from media.frames import Frame
from media.mixer import Samples
from media.opus import FRAME, BadOpus
from media.talker import Talker
from media.voice.blend import Blend
from media.voice.carrier import Carrier

MOST_SAMPLES: Final = FRAME
"""Frames that last longer are not passed on: browsers send 20 ms."""


class _Source:
    """A microphone."""

    def __init__(self, participant: str) -> None:
        self.participant = participant
        self.talker = Talker()
        self._decoder: Any = None

    def reader(self, payload: bytes) -> Callable[[], Samples]:
        """Decodes the payload when it is first asked for."""
        made: list[Samples] = []

        def decoded() -> Samples:
            if not made:
                made.append(self._decode(payload))
            return made[0]

        return decoded

    def _decode(self, payload: bytes) -> Samples:
        if self._decoder is None:
            self._decoder = opus_decoder("mono")
        try:
            return np.frombuffer(decode_packet(self._decoder, payload), np.int16)
        except BadOpus:
            return np.zeros(FRAME, np.int16)


class Gathering:
    """See the module. `hears(listener, speaker, attachment)` says whether one participant hears another, who speaks on
    this attachment: the matrix; `waits(listener)`, whether it is held and hears a tone meanwhile."""

    def __init__(self, hears: Callable[[str, str, str], bool], waits: Callable[[str], bool]) -> None:
        self._hears = hears
        self._waits = waits
        self._sources: dict[str, _Source] = {}
        self._blends: dict[str, tuple[str, Blend]] = {}
        self._hushed: set[str] = set()
        """Attachments whose person has put them on hold: they hear nobody, and no tone."""

    def join(self, attachment: str, participant: str, carrier: Carrier) -> Blend:
        """An attachment listens from here on, on this carrier; returns what stands for it with the wheel."""
        self.leave(attachment)
        blend = Blend(carrier)
        self._blends[attachment] = (participant, blend)
        self.look()
        return blend

    def hush(self, attachment: str, hushed: bool) -> None:
        """Whether its person has put it on hold; who goes on hears each voice from its next frame on."""
        (self._hushed.add if hushed else self._hushed.discard)(attachment)
        if hushed and attachment in self._blends:
            for speaker in self._sources:
                self._blends[attachment][1].quiet(speaker)
        self.look()

    def look(self) -> None:
        """Who waits may have changed."""
        for attachment, (participant, blend) in self._blends.items():
            blend.wait(attachment not in self._hushed and self._waits(participant))

    def leave(self, attachment: str) -> None:
        """It listens no more."""
        self._blends.pop(attachment, None)

    def frame(
        self, attachment: str, participant: str, frame: Frame, level: int | None, *, asked: bool = False
    ) -> bool:
        """A frame of the microphone of `attachment`, as it came; `level` as in RFC 6464. Returns whether somebody talks
        in it, which is found out if anybody here hears it, or it is `asked`."""
        listeners = self._listeners(participant)
        if not listeners and not asked:
            return False
        talks = self._source(attachment, participant).talker.talks(frame.payload, level)
        talks = talks and frame.samples <= MOST_SAMPLES
        self.relayed(attachment, participant, frame if talks else None)
        return talks

    def relayed(self, attachment: str, participant: str, frame: Frame | None) -> None:
        """A frame in which somebody talks; None: they are quiet."""
        decoded = self._source(attachment, participant).reader(frame.payload) if frame is not None else None
        for listener, blend in self._listeners(participant):
            if frame is not None and decoded is not None and self._hears(listener, participant, attachment):
                blend.hear(attachment, frame, decoded)
            else:
                blend.quiet(attachment)

    @property
    def speakers(self) -> set[str]:
        """The attachments whose microphones were heard."""
        return set(self._sources)

    def silence(self, attachment: str) -> None:
        """The microphone is gone, or is nobody's any more."""
        if self._sources.pop(attachment, None) is not None:
            for _, blend in self._blends.values():
                blend.quiet(attachment)

    def _source(self, attachment: str, participant: str) -> _Source:
        source = self._sources.get(attachment)
        if source is None:
            source = self._sources[attachment] = _Source(participant)
        return source

    def _listeners(self, speaker: str) -> list[tuple[str, Blend]]:
        """Nobody hears themselves, on whatever device."""
        return [
            each
            for attachment, each in self._blends.items()
            if each[0] != speaker and attachment not in self._hushed
        ]
