"""A person in a call without a browser: keeps every frame of speech that it is sent, and dials anew, saying how much it
heard, whenever its session comes back on another connection."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

import legato
from media.opus import FRAME, SILENCE
from tests.support.call_peer import CallPeer
from tests.support.call_sockets import PeerSocket
from tests.support.patience import patience

RTP_HEADER = 12
CHECK_S = 1.0
MORE_S = 60.0


class CallListener:
    """See the module. `frames`: the Opus packets of speech, in the order in which they came, silence left out."""

    def __init__(self, client: legato.Client, http: aiohttp.ClientSession, url: str) -> None:
        self.frames: list[bytes] = []
        self.message = ""
        """The message whose speech it hears: it reports so many frames of it."""
        self.heard = 0
        """Frames of it that were heard before those of `frames`."""
        self.goes_on: dict[str, Any] = {}
        """What it says of that beside: how long ago it was, and what then."""
        self.calls = 0
        self._client, self._http, self._url = client, http, url
        self._came = asyncio.Event()

    async def more(self, count: int = 1) -> None:
        """Wait until so many further frames were heard."""
        wanted = len(self.frames) + count
        async with patience(MORE_S, f"frame {wanted}", self._stands):
            while len(self.frames) < wanted:
                self._came.clear()
                await self._came.wait()

    async def _stands(self) -> str:
        return f"{len(self.frames)} frames in {self.calls} calls"

    async def run(self) -> None:
        """Be in a call until cancelled."""
        while True:
            await self._client.until(lambda _: self._client.attached is not None)
            attached = self._client.attached
            assert attached is not None
            with contextlib.suppress(aiohttp.ClientError):  # its hub was killed: there will be another
                await self._call(attached.session, attached.connection)
            await self._client.until(lambda _, old=attached: self._client.attached not in (None, old))  # type: ignore[misc]

    async def _call(self, session: str, connection: str) -> None:
        peer = CallPeer()
        body: dict[str, Any] = {"sdp": peer.offer()}
        if self.message:
            samples = (self.heard + len(self.frames)) * FRAME
            body["heard"] = {"message": self.message, "samples": samples, **self.goes_on}
        path = f"{self._url}/v1/sessions/{session}/calls"
        async with self._http.post(
            path, json=body, headers={"Authorization": f"Bearer {connection}"}
        ) as answer:
            answer.raise_for_status()
            sdp = (await answer.json())["sdp"]
        peer.take(sdp)
        self.calls += 1
        place = re.search(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+)", sdp)
        assert place is not None
        with _Phone(peer, (place[1], int(place[2])), self) as phone:
            while self._client.attached is not None and self._client.attached.connection == connection:
                with contextlib.suppress(OSError):  # nobody there any more
                    phone.send(peer.check())
                await asyncio.sleep(CHECK_S / 10 if peer.srtp is None else CHECK_S / 4)

    def hear(self, packet: bytes) -> None:
        """An RTP packet."""
        if packet[RTP_HEADER:] != SILENCE:
            self.frames.append(packet[RTP_HEADER:])
            self._came.set()


class _Phone(PeerSocket):
    """The socket of one call."""

    def __init__(self, peer: CallPeer, to: tuple[str, int], listener: CallListener) -> None:
        super().__init__(to, ("0.0.0.0", 0))
        self.peer = peer
        self._listener = listener

    def answer(self, datagram: bytes) -> None:
        super().answer(datagram)
        while self.peer.heard:
            self._listener.hear(self.peer.heard.pop(0))


@asynccontextmanager
async def listening(
    client: legato.Client, http: aiohttp.ClientSession, url: str, listener: CallListener | None = None
) -> AsyncIterator[CallListener]:
    """The client's person is in a call inside."""
    listener = listener or CallListener(client, http, url)
    task = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
