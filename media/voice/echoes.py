"""What each participant of a session was sent lately, for telling its echo from somebody who speaks."""

from __future__ import annotations

from typing import Any

import numpy as np

from media.codecs import decode_packet, opus_decoder
from media.echo import Lower, Sent, Sound
from media.opus import FRAME, BadOpus


class Reader:
    """Decodes the packets of a listener, one after another, to 8 kHz."""

    def __init__(self) -> None:
        self._decoder: Any = None
        self._lower = Lower(6)

    def __call__(self, packet: bytes) -> Sound:
        if self._decoder is None:
            self._decoder = opus_decoder("mono")
        try:
            pcm = np.frombuffer(decode_packet(self._decoder, packet), np.int16)
        except BadOpus:
            pcm = np.zeros(FRAME, np.int16)
        return self._lower.push(np.resize(pcm, FRAME))


class Echoes:
    """See the module."""

    def __init__(self) -> None:
        self._sent: dict[str, Sent] = {}

    def of(self, participant: str) -> Sent:
        """What it was sent, now and later."""
        if participant not in self._sent:
            self._sent[participant] = Sent(Reader())
        return self._sent[participant]

    def spoken(self, participant: str, payload: bytes, timestamp: int, now: int) -> None:
        """A frame of speech left for it."""
        self.of(participant).add(payload, timestamp, now)
