"""Stock aiortc as a peer, for comparison: a peer connection for each call, Opus decoded and encoded.

`python -m media.bench.stock` says `ready 0`, then answers each line of its standard input, `{"offers": [SDP, …]}`, with
`{"answers": [SDP, …]}`. Each call is given a tone and what it says is decoded, as `RTCPeerConnection` does it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

RATE: Final = 48_000
FRAME: Final = 960


class Tone(MediaStreamTrack):
    """A steady tone, 20 ms at a time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._samples = (3000 * np.sin(np.arange(FRAME) * 0.05)).astype(np.int16)[None]
        self._began = time.perf_counter()
        self._frames = 0

    async def recv(self) -> av.AudioFrame:
        due = self._began + self._frames * FRAME / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        frame = av.AudioFrame.from_ndarray(self._samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._frames * FRAME, Fraction(1, RATE)
        self._frames += 1
        return frame


class Calls:
    """All that were answered."""

    def __init__(self) -> None:
        self._connections: list[RTCPeerConnection] = []
        self._hearing: set[asyncio.Task[None]] = set()

    async def answer(self, offer: str) -> str:
        """The answer to one offer."""
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.on("track", self._hear)
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        connection.addTrack(Tone())
        await connection.setLocalDescription(await connection.createAnswer())
        self._connections.append(connection)
        return str(connection.localDescription.sdp)

    def _hear(self, track: MediaStreamTrack) -> None:
        task = asyncio.get_running_loop().create_task(_heard(track))
        self._hearing.add(task)
        task.add_done_callback(self._hearing.discard)

    async def close(self) -> None:
        """Hang up."""
        await asyncio.gather(*(connection.close() for connection in self._connections))


async def _heard(track: MediaStreamTrack) -> None:
    try:
        while True:
            await track.recv()
    except MediaStreamError:
        return


async def main() -> None:
    """Until standard input closes."""
    reader = asyncio.StreamReader(limit=1 << 26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    calls = Calls()
    print("ready 0", flush=True)
    async for line in reader:
        order: dict[str, Any] = json.loads(line)
        print(json.dumps({"answers": [await calls.answer(offer) for offer in order["offers"]]}), flush=True)
    await calls.close()


if __name__ == "__main__":
    asyncio.run(main())
