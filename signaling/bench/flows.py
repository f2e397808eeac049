"""A UDP proxy between many addresses and one port, each by a flow of its own, with a network's faults, seeded.

async with Flows(port, Random(1)) as flows:
    flows.darken()      # the flows that there are carry nothing any more, and nothing closes; new ones do
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Final

HOST: Final = "127.0.0.1"


@dataclass(eq=False, slots=True)
class _Flow:
    there: asyncio.DatagramTransport
    dark: bool = False


@dataclass(eq=False)
class Flows:
    """See the module. `lose` is a chance from 0 to 1; each datagram waits up to `jitter_ms`, so that they overtake each
    other."""

    port_there: int
    random: Random
    lose: float = 0.0
    jitter_ms: int = 0
    port: int = 0
    _flows: dict[tuple[str, int], _Flow] = field(default_factory=dict)
    _opening: set[asyncio.Task[None]] = field(default_factory=set)
    _here: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Flows:
        loop = asyncio.get_running_loop()
        self._here, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self._came), (HOST, 0))
        self.port = self._here.get_extra_info("sockname")[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*self._opening, return_exceptions=True)
        for flow in self._flows.values():
            flow.there.abort()
        if self._here is not None:
            self._here.abort()

    def darken(self) -> None:
        """Carry nothing more on any flow that there is."""
        for flow in self._flows.values():
            flow.dark = True

    def _came(self, data: bytes, address: tuple[str, int]) -> None:
        flow = self._flows.get(address)
        if flow is None:
            task = asyncio.get_running_loop().create_task(self._open(data, address))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        else:
            self._forward(flow, flow.there, data, None)

    async def _open(self, data: bytes, address: tuple[str, int]) -> None:
        """A datagram from somebody new."""
        there, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(lambda answer, _: self._back(answer, address)),
            remote_addr=(HOST, self.port_there),
        )
        known = self._flows.setdefault(address, _Flow(there))
        if known.there is not there:
            there.abort()
        self._forward(known, known.there, data, None)

    def _back(self, data: bytes, address: tuple[str, int]) -> None:
        flow = self._flows.get(address)
        if flow is not None and self._here is not None:
            self._forward(flow, self._here, data, address)

    def _forward(
        self, flow: _Flow, way: asyncio.DatagramTransport, data: bytes, to: tuple[str, int] | None
    ) -> None:
        def send() -> None:
            if not flow.dark and not way.is_closing():
                way.sendto(data, to)

        if self.random.random() < self.lose:
            return
        if self.jitter_ms:
            asyncio.get_running_loop().call_later(self.random.random() * self.jitter_ms / 1000, send)
        else:
            send()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, came: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._came = came

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._came(data, addr)
