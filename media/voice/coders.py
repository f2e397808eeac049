"""Codecs for listeners who catch up: few at a time, for each costs as much as ten calls whose frames are passed on."""

from __future__ import annotations

from typing import Final
from weakref import WeakSet

import numpy as np

from media.codecs import BIT_RATE, decode_packet, encode_frame, opus_decoder, opus_encoder
from media.mixer import Samples
from media.opus import FRAME, SILENCE, BadOpus

MOST: Final = 8
"""Listeners of a node who catch up at the same time."""


class OpusCoder:
    """See `media.catch_up.Coder`."""

    def __init__(self) -> None:
        self._decoder = opus_decoder("mono")
        self._encoder = opus_encoder("mono", BIT_RATE, "voip")
        self._at = 0

    def decode(self, packet: bytes) -> Samples:
        """See `Coder`; silence for what is no packet."""
        try:
            sound = np.frombuffer(decode_packet(self._decoder, packet), np.int16)
        except BadOpus:
            return np.zeros(FRAME, np.int16)
        return sound if sound.size == FRAME else np.resize(sound, FRAME)

    def encode(self, sound: Samples) -> bytes:
        """See `Coder`."""
        packets = encode_frame(self._encoder, sound.tobytes(), self._at)
        self._at += FRAME
        return packets[0] if packets else SILENCE


class Coders:
    """The coders of a node; one that nobody holds any more is free."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lent: WeakSet[OpusCoder] = WeakSet()

    def lend(self) -> OpusCoder | None:
        """One, if not too many are lent."""
        if len(self._lent) >= self._most:
            return None
        coder = OpusCoder()
        self._lent.add(coder)
        return coder
