"""A service that speaks OpenAI's HTTP, on a port of its own: it hears, speaks and thinks as it is told to.

async with openai_service() as service:
    os.environ["OPENAI_BASE_URL"] = service.url
    service.transcript, service.answer = "hello", ["Hi ", "there."]
"""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.media.builders import tone

VOICE_RATE: Final = 24_000
VOICE_HERTZ: Final = 330.0
Fault = Literal["", "busy", "refused", "cut", "hang", "garbage"]


@dataclass
class OpenAI:
    """What it got, and how it is to behave: `faults` are used up one a request, then all goes well."""

    url: str = ""
    transcript: str = "hello"
    answer: list[str | dict[str, Any]] = field(default_factory=lambda: ["Hello ", "yourself."])
    """Words of a chat answer; a map is a tool call, `{"name", "arguments"}`. Said once; then `then`."""
    then: list[str | dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    """Seconds of each utterance."""
    spoken: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def begin(self, request: web.Request) -> Fault:
        """Note who asks; the fault that this request meets. `hang` never answers."""
        self.keys.append(request.headers.get("Authorization", ""))
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "hang":
            await self.closing.wait()
        if fault in ("busy", "refused"):
            raise web.HTTPServiceUnavailable if fault == "busy" else web.HTTPUnauthorized
        return fault

    async def transcribe(self, request: web.Request) -> web.Response:
        file = (await request.post())["file"]
        assert isinstance(file, web.FileField)
        with file.file as held, wave.open(io.BytesIO(held.read())) as sound:
            seconds = sound.getnframes() / sound.getframerate()
        fault = await self.begin(request)
        self.heard.append(seconds)
        if fault == "garbage":
            return web.Response(text="<html>", content_type="application/json")
        return web.json_response({"text": self.transcript})

    async def speak(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        fault = await self.begin(request)
        self.spoken.append(asked["input"])
        return await self._stream(request, [tone(VOICE_HERTZ, VOICE_RATE // 10, VOICE_RATE)] * 10, fault)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        fault = await self.begin(request)
        said, self.answer = self.answer, self.then
        lines = [b"data: " + json.dumps(_chunk(each)).encode() + b"\n\n" for each in said]
        if fault == "garbage":
            lines.insert(1, b"data: {broken\n\n")
        return await self._stream(request, [*lines, b"data: [DONE]\n\n"], fault)

    async def _stream(self, request: web.Request, pieces: list[bytes], fault: Fault) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number, piece in enumerate(pieces):
            if fault == "cut" and number == 1:
                assert request.transport is not None
                request.transport.abort()
                break
            await response.write(piece)
            await asyncio.sleep(0)
        return response


def _chunk(said: str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(said, str):
        return {"choices": [{"delta": {"content": said}}]}
    call = {"index": 0, "id": "call_1", "function": {**said, "arguments": json.dumps(said["arguments"])}}
    return {"choices": [{"delta": {"tool_calls": [call]}}]}


@asynccontextmanager
async def openai_service() -> AsyncIterator[OpenAI]:
    """Serve inside."""
    service = OpenAI()
    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/v1/audio/transcriptions", service.transcribe)
    app.router.add_post("/v1/audio/speech", service.speak)
    app.router.add_post("/v1/chat/completions", service.chat)
    async with TestServer(app) as server:
        service.url = str(server.make_url("/v1"))
        try:
            yield service
        finally:
            service.closing.set()
