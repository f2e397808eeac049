"""Engines whose time is known: a service that hears and speaks by OpenAI's HTTP, and says how long it took.

What it understands is a question with a number; what it says of a text is a tone, so long for each character. How
long each took is told by that number, for the answer repeats it; a question asked in two breaths has two numbers, and
the last one counts.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from aiohttp import web

EARS_S: Final = 0.15
VOICE_S: Final = 0.08
RATE: Final = 24_000
CHARACTER_S: Final = 0.06
HERTZ: Final = 300.0
_NUMBER: Final = re.compile(r"\d+")
_SECOND: Final = b"".join(
    struct.pack("<h", round(9_000 * math.sin(2 * math.pi * HERTZ * at / RATE))) for at in range(RATE)
)


@dataclass
class SpeechService:
    """See the module. Seconds by number: `heard_s`, `spoken_s`. `asked`: each text that was to be said, and when."""

    url: str = ""
    heard_s: dict[int, float] = field(default_factory=dict)
    spoken_s: dict[int, float] = field(default_factory=dict)
    asked: list[tuple[str, float, float]] = field(default_factory=list)
    """The text, when it was asked for, how long it took."""
    _numbers: count[int] = field(default_factory=lambda: count(1))

    async def transcribe(self, request: web.Request) -> web.Response:
        """A question, after a while."""
        began, number = time.perf_counter(), next(self._numbers)
        await request.read()
        await asyncio.sleep(EARS_S)
        self.heard_s[number] = time.perf_counter() - began
        return web.json_response({"text": f"question {number}"})

    async def speak(self, request: web.Request) -> web.Response:
        """A tone, after a while."""
        began = time.perf_counter()
        text = json.loads(await request.read())["input"]
        await asyncio.sleep(VOICE_S)
        samples = round(len(text) * CHARACTER_S * RATE)
        pcm = (_SECOND * (samples // RATE + 1))[: 2 * samples]
        took = time.perf_counter() - began
        self.asked.append((text, began, took))
        if numbers := _NUMBER.findall(text):
            self.spoken_s.setdefault(int(numbers[-1]), took)
        return web.Response(body=pcm, content_type="audio/pcm")


@asynccontextmanager
async def speech_service() -> AsyncIterator[SpeechService]:
    """Serving inside."""
    service, app = SpeechService(), web.Application(client_max_size=1 << 26)
    app.router.add_post("/audio/transcriptions", service.transcribe)
    app.router.add_post("/audio/speech", service.speak)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield service
    finally:
        await runner.cleanup()
