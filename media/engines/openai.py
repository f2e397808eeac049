"""Ears and a voice over OpenAI's HTTP, which many services and local servers speak too.

Ears: `POST BASE/audio/transcriptions` with a WAV file; word times if the model gives them. Voice: `POST
BASE/audio/speech` with raw PCM streamed back, so the first sound is there before the last is made. Each
request is tried twice; what is refused (4xx but 408 and 429) is not. What is said never gets into an error.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import msgspec

from legato.speech import Heard, Pcm, SpeechFailed, Spoken, Word
from media.engines.ears import EARS_RATE, LONGEST, Utterance
from media.engines.words import estimate
from media.opus import RATE
from media.outbound import Outbound, OutboundFailed

MAX_TRANSCRIPT: Final = 1_000_000
MAX_SPEECH: Final = 48_000 * 2 * 300
_BOUNDARY: Final = "legato-8f1d3c7b2a9e4560"


@dataclass(frozen=True, slots=True)
class Service:
    """Where, with which key, and which models. `voice_rate`: Hz of the PCM that the service speaks."""

    base_url: str
    api_key: str = ""
    ears_model: str = "whisper-1"
    voice_model: str = "tts-1"
    voice: str = "alloy"
    voice_rate: int = 24_000

    def url(self, path: str) -> str:
        return self.base_url.rstrip("/") + path

    def headers(self, content_type: str) -> dict[str, str]:
        headers = {"Content-Type": content_type}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        return headers


class _TimedWord(msgspec.Struct):
    word: str
    start: float
    end: float


class _Transcript(msgspec.Struct):
    text: str
    words: list[_TimedWord] | None = None


class HttpEars:
    """Ears of a service."""

    def __init__(self, outbound: Outbound, service: Service) -> None:
        self._outbound = outbound
        self._service = service

    async def hear(self, audio: AsyncIterator[Pcm]) -> AsyncGenerator[Heard, None]:
        utterance = Utterance()
        async for piece in audio:
            utterance.add(piece)
            if utterance.samples >= LONGEST:
                yield await self._recognise(utterance)
                utterance = Utterance()
        if utterance.samples:
            yield await self._recognise(utterance)

    async def _recognise(self, utterance: Utterance) -> Heard:
        body = _multipart(self._service.ears_model, wav(bytes(utterance.pcm), EARS_RATE))
        for last in (False, True):
            try:
                transcript = await self._transcript(body)
            except OutboundFailed as failed:
                if last:
                    raise SpeechFailed("ears", failed.reason) from None
            else:
                break
        return utterance.heard(transcript.text.strip(), _words(transcript), final=True)

    async def _transcript(self, body: bytes) -> _Transcript:
        headers = self._service.headers(f"multipart/form-data; boundary={_BOUNDARY}")
        url = self._service.url("/audio/transcriptions")
        received = bytearray()
        async with self._outbound.post(url, headers, body) as reply:
            _check(reply.status, "ears")
            async for chunk in reply.body:
                received += chunk
                if len(received) > MAX_TRANSCRIPT:
                    raise SpeechFailed("ears", "refused")
        try:
            return msgspec.json.decode(received, type=_Transcript)
        except msgspec.MsgspecError:
            raise SpeechFailed("ears", "refused") from None


class HttpVoice:
    """A voice of a service. Sound comes as it is made; the words of a piece of text with its last sound."""

    def __init__(self, outbound: Outbound, service: Service) -> None:
        self._outbound = outbound
        self._service = service

    async def speak(self, text: AsyncIterator[str]) -> AsyncGenerator[Spoken, None]:
        rate = self._service.voice_rate
        offset = characters = 0
        async for piece in text:
            characters += len(piece)
            if not any(char.isalnum() for char in piece):
                continue
            said = bytearray()
            async with aclosing(self._sound(piece)) as sound:
                async for pcm in sound:
                    said += pcm
                    yield Spoken(pcm, rate)
            words = tuple(
                Word(w.text, offset + w.start, offset + w.end, w.estimated)
                for w in estimate(piece, bytes(said), rate)
            )
            yield Spoken(b"", rate, words, characters)
            offset += len(said) // 2 * RATE // rate

    async def _sound(self, piece: str) -> AsyncGenerator[bytes, None]:
        """Whole samples, as they come. Tried again only as long as nothing came."""
        headers = self._service.headers("application/json")
        asked = {"model": self._service.voice_model, "voice": self._service.voice, "input": piece}
        body = msgspec.json.encode({**asked, "response_format": "pcm"})
        received = 0
        rest = b""
        for last in (False, True):
            try:
                async with self._outbound.post(self._service.url("/audio/speech"), headers, body) as reply:
                    _check(reply.status, "voice")
                    async for chunk in reply.body:
                        received += len(chunk)
                        if received > MAX_SPEECH:
                            raise SpeechFailed("voice", "refused")
                        whole = rest + chunk
                        rest = whole[len(whole) & ~1 :]
                        yield whole[: len(whole) & ~1]
            except OutboundFailed as failed:
                if last or received:
                    raise SpeechFailed("voice", failed.reason) from None
            else:
                return


def wav(pcm: bytes, rate: int) -> bytes:
    """PCM (s16 mono) as a WAV file."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    data = struct.pack("<4sI", b"data", len(pcm)) + pcm
    return b"RIFF" + struct.pack("<I", 4 + len(form) + len(data)) + b"WAVE" + form + data


def _multipart(model: str, file: bytes) -> bytes:
    fields = {
        "model": model,
        "response_format": "verbose_json",
        "timestamp_granularities[]": "word",
    }
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="utterance.wav"\r\n'
        "Content-Type: audio/wav\r\n\r\n"
    )
    return b"".join([*parts, head.encode(), file, f"\r\n--{_BOUNDARY}--\r\n".encode()])


def _check(status: int, engine: str) -> None:
    """200 goes on; what may pass is `OutboundFailed`, so that it is tried again; the rest is final."""
    if status == 200:
        return
    if status in (408, 429) or status >= 500:
        raise OutboundFailed("busy")
    raise SpeechFailed(engine, "refused")


def _words(transcript: _Transcript) -> tuple[Word, ...]:
    return tuple(
        Word(each.word.strip(), max(0, int(each.start * RATE)), max(0, int(each.end * RATE)))
        for each in transcript.words or ()
    )
