"""A phone without a browser: a client that gives and takes audio, and a call of its own over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
import numpy as np

import legato
from legato.session.events import Medium
from media.rtc.dtls import Stage
from media.rtc.rtp import read_header
from tests.support.call_peer import CallPeer, found
from tests.support.call_sockets import HOST, PeerSocket
from tests.support.sound import RATE, Samples, opus_of, samples_of

FRAME_S: Final = 0.02


@dataclass
class Phone:
    """Somebody on the phone. `peer` has what it heard."""

    client: legato.Client
    peer: CallPeer
    socket: PeerSocket

    async def say(self, samples: Samples, then_s: float = 1.5) -> None:
        """Speak, in real time, and be silent for a while after."""
        quiet = opus_of(np.zeros(int(then_s * RATE), dtype=np.int16))
        await self._send([*opus_of(samples), *quiet])

    def heard(self) -> Samples:
        """Everything that came, decoded."""
        heads = [(raw, read_header(raw)) for raw in self.peer.heard]
        return samples_of(raw[head.start : head.end] for raw, head in heads if head is not None)

    async def until(self, holds: Callable[[], bool], patience_s: float = 45) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(patience_s):
            while not holds():  # noqa: ASYNC110 - packets set no event
                await asyncio.sleep(FRAME_S)

    async def _send(self, frames: Iterable[bytes]) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for frame in frames:
            self.socket.send(self.peer.speak(frame))
            due += FRAME_S
            await asyncio.sleep(max(0, due - loop.time()))


@asynccontextmanager
async def phone(url: str, session: str, ticket: str) -> AsyncIterator[Phone]:
    """On the phone inside."""
    media: tuple[Medium, ...] = ("text", "audio")
    async with (
        aiohttp.ClientSession() as http,
        legato.Client(url, ticket=ticket, device="phone", takes=media, gives=media) as client,
    ):
        assert client.attached is not None
        peer = CallPeer()
        headers = {"Authorization": f"Bearer {client.attached.connection}"}
        path = f"{url}/v1/sessions/{session}/calls"
        async with http.post(path, json={"sdp": peer.offer()}, headers=headers) as answer:
            answer.raise_for_status()
            sdp = (await answer.json())["sdp"]
        peer.take(sdp)
        port = int(found(r"a=candidate:\d+ 1 udp \d+ \S+ (\d+)", sdp))
        with PeerSocket((HOST, port)) as socket:
            socket.peer = peer
            socket.send(peer.check())
            here = Phone(client, peer, socket)
            await here.until(lambda: peer.dtls is not None and peer.dtls.stage is Stage.READY)
            yield here
