"""What carries an attachment's voice: a call, or a stream where there can be none."""

from __future__ import annotations

from typing import Protocol

from media.rtc.call import CallStats
from media.voice import wheel


class Carrier(wheel.Carrier, Protocol):
    """`media.rtc.call.Call` and `media.voice.streams.StreamCarrier`."""

    def close(self) -> None:
        """Carry nothing more."""

    def stats(self) -> CallStats:
        """How it goes."""
