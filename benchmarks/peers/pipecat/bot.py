"""Pipecat as a peer, for comparison: a pipeline of its own for each call, which says what it hears.

`python bot.py` says `ready 0`, then answers each line of its standard input, `{"offers": [SDP, …]}`, with
`{"answers": [SDP, …]}`, as `media.bench.stock` does. It is Pipecat's own transport (SmallWebRTC), its defaults, and one
processor; in and out have one rate, so that nothing is resampled that need not be. It runs in an environment of its
own (`requirements.txt` beside this file) and imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, Final

from loguru import logger
from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.workers.runner import WorkerRunner

RATE: Final = 16_000


class Echo(FrameProcessor):  # type: ignore[misc]
    """Says what it hears."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Sound comes back as sound; all else goes on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            frame = OutputAudioRawFrame(frame.audio, frame.sample_rate, frame.num_channels)
        await self.push_frame(frame, direction)


class Calls:
    """All that were answered."""

    def __init__(self, runner: WorkerRunner) -> None:
        self._runner = runner

    async def answer(self, offer: str) -> str:
        """The answer to one offer, behind which a pipeline runs."""
        connection = SmallWebRTCConnection()
        await connection.initialize(sdp=offer, type="offer")
        transport = SmallWebRTCTransport(
            connection, TransportParams(audio_in_enabled=True, audio_out_enabled=True)
        )
        pipeline = Pipeline([transport.input(), Echo(), transport.output()])
        params = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
        await self._runner.add_workers(PipelineWorker(pipeline, params=params))
        return str(connection.get_answer()["sdp"])


async def main() -> None:
    """Until standard input closes."""
    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    reader = asyncio.StreamReader(limit=1 << 26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    runner = WorkerRunner(handle_sigint=False)
    running = asyncio.create_task(runner.run(auto_end=False))
    calls = Calls(runner)
    print("ready 0", flush=True)
    async for line in reader:
        order: dict[str, Any] = json.loads(line)
        print(json.dumps({"answers": [await calls.answer(offer) for offer in order["offers"]]}), flush=True)
    await runner.cancel()
    await running


if __name__ == "__main__":
    asyncio.run(main())
