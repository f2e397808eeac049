"""Turns the node's one pacer: every listener's call gets its frame every 20 ms, silence included."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from media.opus import FRAME
from media.pacer import TICK, Beat, Pacer, Source

PORTION: Final = 16
"""Frames that leave in one pass of the loop: less than a millisecond, then what came in has its turn. Those of a notch
hold the loop for four to eight where three hundred listen. For each notch that the wheel is late it is twice as many:
what comes in must not keep it from what is to go out."""

MOST_DOUBLED: Final = 8


class Carrier(Protocol):
    """What takes the frames (`media.rtc.call.Call`)."""

    def send_audio(self, opus: bytes, samples: int, skipped: int = 0) -> int | None:
        """Send one frame, `skipped` samples after the end of the last one."""


Told = Callable[[Beat, int | None, int], None]
"""`told(beat, timestamp, now)`: the frame left with this RTP timestamp (None: the call was not up)."""


@dataclass(slots=True)
class _Rider:
    send: Callable[[bytes, int, int], int | None]
    told: Told
    next: int = 0
    speaking: bool = False


class Wheel:
    """See the module. `now` counts monotonic ms. `run` is its task, owned by the caller."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._pacer = Pacer(now())
        self._riders: dict[str, _Rider] = {}
        self._wake = asyncio.Event()

    def add(self, listener: str, source: Source, carrier: Carrier, told: Told) -> None:
        """Begin the beat of a listener; `told` hears of each frame that was speech, and of the first that is none."""
        self.remove(listener)
        self._turn(self._now())
        self._riders[listener] = _Rider(carrier.send_audio, told)
        first = self._pacer.add(listener, source)
        if first is not None:
            self._send(first, self._now())
        self._wake.set()

    def remove(self, listener: str) -> None:
        """End it."""
        self._riders.pop(listener, None)
        self._pacer.remove(listener)

    def __len__(self) -> int:
        return len(self._riders)

    async def run(self) -> None:
        """Turn until cancelled."""
        while True:
            deadline = self._pacer.next_deadline()
            if deadline is None:
                await self._wake.wait()
                self._wake.clear()
                continue
            await asyncio.sleep(max(0, deadline - self._now()) / 1000)
            now = self._now()
            late = max(0, now - deadline) // TICK
            self._turn(now, PORTION << min(late, MOST_DOUBLED))

    def _turn(self, now: int, most: int = sys.maxsize) -> None:
        for beat in self._pacer.due(now, most):
            self._send(beat, now)

    def _send(self, beat: Beat, now: int) -> None:
        rider = self._riders.get(beat.listener)
        if rider is None:
            return
        at = beat.media_time
        skipped, rider.next = at - rider.next, at + FRAME
        stamp = rider.send(beat.payload, FRAME, skipped)
        if rider.speaking or beat.message is not None:
            rider.speaking = beat.message is not None
            rider.told(beat, stamp, now)
