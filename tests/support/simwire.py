"""A connection of the simulated network, between a device and a node's door.

Ordered each way. It breaks, and both ends learn it; or it goes silent, and nobody does. What the device does not read
stays on the way, and while that is much the node's end takes no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, Protocol

from legato.wire import down as d
from legato.wire import up as u
from signaling.connection.line import Line
from signaling.hall import Hall
from tests.support.simloop import SimLoop

ROOM: Final = 1_500
"""Bytes on the way down from which on the node's end takes no more."""


class Device(Protocol):
    """Who opens wires. `process`: where its callbacks run."""

    process: str

    def opened(self, wire: Wire) -> None:
        """The node answers."""

    def received(self, wire: Wire, raw: bytes) -> None:
        """An envelope came."""

    def closed(self, wire: Wire) -> None:
        """It ended."""


class Wire:
    """See the module. It is what the node's `Line` calls its wire, too. `at`: the node's process."""

    carries = False
    beat_ms = 1_000

    def __init__(self, loop: SimLoop, random: Random, at: str, hall: Hall, device: Device) -> None:
        self.at = at
        self.open = True
        self.silent = False
        self.line: Line | None = None
        self._loop, self._random, self._hall, self._device = loop, random, hall, device
        self.was_behind = False
        """Whether the node once kept nothing more for it, and had to catch it up."""
        self.refuses = False
        """Whether the next batch is refused on its way, for good, and never seen by the node: as by a hub that used up
        no sequence for it."""
        self._times = {"up": 0.0, "down": 0.0}
        self._on_way = 0
        self._unread: list[Callable[[], None]] | None = None
        self._later("up", at, self._accept)

    # --- the device's end

    def up(self, raw: bytes) -> None:
        """Send an envelope."""
        envelope = u.decode_up(raw) if self.refuses else None
        if isinstance(envelope, u.Do):
            self.refuses = False
            self._send(d.encode_down(d.Refused(seq=envelope.seq, reason="too_large")))
            return

        def arrive() -> None:
            if self.line is not None:
                self.line.received(raw)
                self.was_behind |= self.line.machine.downlink.behind

        self._later("up", self.at, arrive)

    def stop_reading(self) -> None:
        """The device is busy with other things: what comes stays on the way."""
        if self._unread is None:
            self._unread = []

    def read_on(self) -> None:
        """It reads again: all that waited, first."""
        unread, self._unread = self._unread or [], None
        for effect in unread:
            self._loop.deliver(0, self._device.process, effect)

    def break_off(self) -> None:
        """Both ends learn that it ended (unless it is silent)."""
        if self.open:
            self.open = False
            if not self.silent:
                if self.line is not None:
                    line = self.line
                    self._loop.deliver(1, self.at, lambda: line.ended("lost"))
                self._loop.deliver(1, self._device.process, lambda: self._device.closed(self))

    # --- the node's end

    @property
    def writable(self) -> bool:
        return self._on_way < ROOM

    def send(self, envelopes: Sequence[bytes]) -> None:
        for envelope in envelopes:
            self._send(envelope)

    def send_audio(self, envelope: bytes) -> None:
        """Nothing: no sound in this world."""

    def close(self, code: int, reason: str) -> None:
        self._read(self.break_off)

    # --- within

    def _accept(self) -> None:
        self.line = Line(self._hall, self, self._device.process)
        self._later("down", self._device.process, lambda: self._device.opened(self))

    def _send(self, raw: bytes) -> None:
        self._on_way += len(raw)

        def arrive() -> None:
            self._on_way -= len(raw)
            if self._on_way < ROOM <= self._on_way + len(raw):
                self._loop.deliver(0, self.at, self._flush)
            self._device.received(self, raw)

        self._read(arrive)

    def _read(self, effect: Callable[[], None]) -> None:
        """Do it when the device has read everything before it."""

        def arrive() -> None:
            if self.open and not self.silent:
                effect()

        def come() -> None:
            arrive() if self._unread is None else self._unread.append(arrive)

        self._later("down", self._device.process, come)

    def _flush(self) -> None:
        if self.line is not None and self.open:
            self.was_behind |= self.line.machine.downlink.behind
            self.line.flush()

    def _later(self, way: str, process: str, effect: Callable[[], None]) -> None:
        lag = self._random.uniform(0.1, 5) if self._random.random() < 0.97 else self._random.uniform(5, 80)
        when = max(self._times[way] + 1e-6, self._loop.time() + lag / 1000)
        self._times[way] = when

        def arrive() -> None:
            if self.open and not self.silent:
                effect()

        self._loop.deliver((when - self._loop.time()) * 1000, process, arrive)
