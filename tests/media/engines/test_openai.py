"""Against a real HTTP server that speaks as the service does: what is sent, what comes back, what fails."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from legato.speech import Pcm, SpeechFailed, Spoken
from media.engines.openai import HttpEars, HttpVoice, Service
from media.opus import RATE
from media.outbound import OutboundFailed, Reply
from tests.media.builders import tone


class ClientOutbound:
    """The port on aiohttp, in the fewest words."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client

    @asynccontextmanager
    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> AsyncIterator[Reply]:
        try:
            async with self._client.post(url, headers=headers, data=body) as answer:
                yield Reply(answer.status, answer.content.iter_any())
        except aiohttp.ClientError:
            raise OutboundFailed("unreachable") from None


@dataclass
class Recording:
    """What the service got, and how it is to behave: a status for each request to come, then 200."""

    statuses: list[int] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    sounds: list[bytes] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    answer: object = None
    cut: bool = False


@dataclass
class World:
    recording: Recording
    ears: HttpEars
    voice: HttpVoice


def application(recording: Recording) -> web.Application:
    async def transcribe(request: web.Request) -> web.Response:
        recording.keys.append(request.headers["Authorization"])
        form = await request.post()
        recording.forms.append({name: value for name, value in form.items() if isinstance(value, str)})
        file = form["file"]
        assert isinstance(file, web.FileField)
        with wave.open(io.BytesIO(file.file.read())) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2)
            recording.sounds.append(sound.readframes(sound.getnframes()))
        if recording.statuses and (status := recording.statuses.pop(0)) != 200:
            return web.Response(status=status)
        return web.json_response(recording.answer)

    async def speech(request: web.Request) -> web.StreamResponse:
        recording.asked.append(await request.json())
        if recording.statuses and (status := recording.statuses.pop(0)) != 200:
            return web.Response(status=status)
        response = web.StreamResponse()
        await response.prepare(request)
        pcm = tone(300, 12_000, 24_000)
        for at in range(0, len(pcm), 999):  # never whole samples
            await response.write(pcm[at : at + 999])
            if recording.cut and at > 5_000:
                assert request.transport is not None
                request.transport.abort()
                return response
        return response

    app = web.Application()
    app.router.add_post("/v1/audio/transcriptions", transcribe)
    app.router.add_post("/v1/audio/speech", speech)
    return app


@pytest.fixture
async def world() -> AsyncIterator[World]:
    recording = Recording(answer={"text": " hello world ", "words": None})
    server = TestServer(application(recording))
    async with server, aiohttp.ClientSession() as client:
        service = Service(str(server.make_url("/v1/")), api_key="sk-test")
        outbound = ClientOutbound(client)
        yield World(recording, HttpEars(outbound, service), HttpVoice(outbound, service))


async def utterance(start: int = 96_000) -> AsyncIterator[Pcm]:
    for number in range(10):
        yield Pcm(tone(300, 2_400, 24_000), 24_000, start + number * 4_800)


async def said(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


async def test_an_utterance_is_sent_as_wav_and_its_words_come_back_in_the_tracks_time(world: World) -> None:
    world.recording.answer = {
        "text": "hello world",
        "words": [{"word": "hello", "start": 0.1, "end": 0.5}, {"word": " world", "start": 0.5, "end": 1.0}],
    }
    (heard,) = [heard async for heard in world.ears.hear(utterance())]
    assert (heard.text, heard.final, heard.start, heard.end) == ("hello world", True, 96_000, 96_000 + RATE)
    assert [(w.text, w.start, w.end, w.estimated) for w in heard.words] == [
        ("hello", 96_000 + 4_800, 96_000 + 24_000, False),
        ("world", 96_000 + 24_000, 96_000 + 48_000, False),
    ]
    assert world.recording.forms == [
        {"model": "whisper-1", "response_format": "verbose_json", "timestamp_granularities[]": "word"}
    ]
    assert world.recording.keys == ["Bearer sk-test"]
    assert abs(len(world.recording.sounds[0]) // 2 - 16_000) < 100


async def test_words_without_times_get_estimated_ones(world: World) -> None:
    (heard,) = [heard async for heard in world.ears.hear(utterance())]
    assert [(word.text, word.estimated) for word in heard.words] == [("hello", True), ("world", True)]
    assert heard.text == "hello world"


async def test_a_busy_service_is_asked_once_more(world: World) -> None:
    world.recording.statuses = [503]
    assert len([heard async for heard in world.ears.hear(utterance())]) == 1
    world.recording.statuses = [429, 500]
    with pytest.raises(SpeechFailed) as failed:
        await anext(world.ears.hear(utterance()))
    assert failed.value.reason == "busy"


async def test_a_refusal_is_not_tried_again(world: World) -> None:
    world.recording.statuses = [401]
    with pytest.raises(SpeechFailed) as failed:
        await anext(world.ears.hear(utterance()))
    assert failed.value.reason == "refused"
    assert len(world.recording.forms) == 1


@pytest.mark.parametrize("answer", [[], {"text": 5}, {"words": []}, "x" * 1_100_000])
async def test_an_answer_that_makes_no_sense_is_refused(world: World, answer: object) -> None:
    world.recording.answer = answer
    with pytest.raises(SpeechFailed) as failed:
        await anext(world.ears.hear(utterance()))
    assert failed.value.reason == "refused"


async def test_speech_comes_in_whole_samples_with_its_words_at_the_end(world: World) -> None:
    spoken: list[Spoken] = [piece async for piece in world.voice.speak(said("Hello there.", "  ", "Bye."))]
    assert [each["input"] for each in world.recording.asked] == ["Hello there.", "Bye."]
    assert world.recording.asked[0]["response_format"] == "pcm"
    assert all(len(piece.pcm) % 2 == 0 for piece in spoken)
    assert b"".join(piece.pcm for piece in spoken) == tone(300, 12_000, 24_000) * 2
    words = [word for piece in spoken for word in piece.words]
    assert [word.text for word in words] == ["Hello", "there.", "Bye."]
    assert words[2].start >= RATE // 2
    assert [piece.characters for piece in spoken if piece.characters] == [12, 18]


async def test_a_voice_that_breaks_off_is_an_error_not_a_repetition(world: World) -> None:
    world.recording.cut = True
    with pytest.raises(SpeechFailed) as failed:
        async for _ in world.voice.speak(said("Hello.")):
            pass
    assert failed.value.reason == "unreachable"
    assert len(world.recording.asked) == 1


async def test_a_service_that_is_not_there_fails_with_its_reason() -> None:
    async with aiohttp.ClientSession() as client:
        outbound = ClientOutbound(client)
        voice = HttpVoice(outbound, Service("http://127.0.0.1:9/v1"))
        with pytest.raises(SpeechFailed) as failed:
            await anext(voice.speak(said("Hello.")))
    assert failed.value.reason == "unreachable"
