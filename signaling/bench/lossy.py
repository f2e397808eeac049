"""Ways over TCP that lose packets, as their ends see them: what is lost comes late, and all that follows waits for it.

A packet in flight here is what one read brings. Of these the share `lose` is lost and sent again after `FIRST_RESEND_S`
(the least that Linux waits), twice that if it is lost again, and so on, as RFC 6298 says. That is harder than a kernel
is to a stream that is never silent: it repeats what is missing as soon as three later packets have told of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Final

HERE: Final = "127.0.0.1"
FIRST_RESEND_S: Final = 0.2
LONGEST_RESEND_S: Final = 3.2
IN_FLIGHT: Final = 1_000
CHUNK: Final = 1_400


def lateness(lose: float, random: Random) -> float:
    """How many seconds later than it would a packet comes."""
    late, wait = 0.0, FIRST_RESEND_S
    while random.random() < lose:
        late += wait
        wait = min(2 * wait, LONGEST_RESEND_S)
    return late


class Lossy:
    """The way to port `target` of this machine; `port` is where it begins. `lost` counts packets that came late."""

    def __init__(self, target: int, lose: float, random: Random) -> None:
        self.port, self.sent, self.lost = 0, 0, 0
        self._target, self._lose, self._random = target, lose, random
        self._ways: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Lossy]:
        """Carry inside; what is open at the end is reset."""
        server = await asyncio.start_server(self._serve, HERE, 0)
        self.port = int(server.sockets[0].getsockname()[1])
        try:
            yield self
        finally:
            server.close()
            for way in self._ways:
                way.cancel()
            await asyncio.gather(*self._ways, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way = asyncio.current_task()
        assert way is not None
        self._ways.add(way)
        try:
            there, back = await asyncio.open_connection(HERE, self._target)
        except OSError:
            self._ways.discard(way)
            writer.transport.abort()  # its node is not there
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, back))
                both.create_task(self._carry(there, writer))
            back.close()
            writer.close()
        except* OSError:
            pass  # one end reset it
        except* asyncio.CancelledError:
            pass  # the way is closed: asyncio's streams would log the end of a task that they began
        finally:
            self._ways.discard(way)
            if not writer.is_closing():
                back.transport.abort()
                writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(IN_FLIGHT)
        loop = asyncio.get_running_loop()

        async def bring() -> None:
            while (packet := await waiting.get())[1]:
                await asyncio.sleep(max(0.0, packet[0] - loop.time()))
                writer.write(packet[1])
                await writer.drain()
            writer.write_eof()

        async with asyncio.TaskGroup() as group:
            group.create_task(bring())
            with suppress(ConnectionError):
                while data := await reader.read(CHUNK):
                    late = lateness(self._lose, self._random)
                    self.sent, self.lost = self.sent + 1, self.lost + (late > 0)
                    await waiting.put((loop.time() + late, data))
            await waiting.put((0.0, b""))
