"""An engine may crash, hang, babble or be missing; who asks gets an answer or a typed error, and the next one too."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from legato.speech import SpeechFailed
from media.engines import wire
from media.engines.child import Engine, EngineOptions
from media.engines.wire import BadMessage, Recognise, Recognised, Say, Sound
from tests.support.spoken import ROOT

PUPIL = "tests.media.engines.pupils"
OPTIONS = EngineOptions(environment={"PYTHONPATH": str(ROOT)}, request_timeout=30, stop_timeout=30, rest=0.05)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Engine(PUPIL, OPTIONS) as engine:
        yield engine


def say(text: str) -> partial[Say]:
    return partial(_say, text)


def _say(text: str, number: int) -> Say:
    return Say(number, text)


async def failure(engine: Engine, text: str) -> str:
    with pytest.raises(SpeechFailed) as failed:
        await engine.ask(say(text))
    return failed.value.reason


async def test_an_engine_is_warm_when_it_is_started(engine: Engine) -> None:
    assert engine.ready is not None
    assert engine.ready.version == "pupil 1"
    (answer,) = await engine.ask(lambda number: Recognise(number, bytes(100), 8_000))
    assert isinstance(answer, Recognised)
    assert answer.text == "100 bytes"
    sounds = await engine.ask(say("abc"))
    assert [len(sound.pcm) for sound in sounds if isinstance(sound, Sound)] == [6, 2]


async def test_a_crash_is_mended_and_the_request_tried_once_more(engine: Engine, tmp_path: Path) -> None:
    sounds = await engine.ask(say(f"once {tmp_path / 'died'}"))
    assert len(sounds) == 2
    assert engine.starts == 2


async def test_a_request_that_kills_twice_is_an_error_and_the_next_one_works(engine: Engine) -> None:
    assert await failure(engine, "die") == "crashed"
    assert len(await engine.ask(say("go on"))) == 2


async def test_an_engine_that_always_dies_is_left_alone_for_a_while() -> None:
    async with Engine(PUPIL, replace(OPTIONS, rest=600)) as engine:
        assert await failure(engine, "die") == "crashed"
        assert await failure(engine, "die") == "crashed"
        starts = engine.starts
        assert await failure(engine, "hello") == "crashed"
        assert engine.starts == starts


async def test_an_engine_killed_while_idle_is_started_again(engine: Engine) -> None:
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)
    assert len(await engine.ask(say("go on"))) == 2
    assert engine.starts == 2


async def test_an_engine_that_hangs_is_killed() -> None:
    options = EngineOptions(environment=OPTIONS.environment, request_timeout=0.2)
    async with Engine(PUPIL, options) as engine:
        first = engine.pid
        assert await failure(engine, "hang") == "timeout"
        assert first is not None
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)


async def test_a_refusal_is_told_and_the_engine_lives(engine: Engine) -> None:
    pid = engine.pid
    assert await failure(engine, "refuse") == "refused"
    assert len(await engine.ask(say("go on"))) == 2
    assert engine.pid == pid


async def test_what_libraries_print_does_not_reach_the_protocol(engine: Engine) -> None:
    assert len(await engine.ask(say("babble"))) == 2


async def test_a_cancelled_request_leaves_nothing_behind(engine: Engine, tmp_path: Path) -> None:
    may_end = tmp_path / "may_end"
    slow = asyncio.ensure_future(engine.ask(say(f"until {may_end}")))
    async with asyncio.timeout(30):
        while not may_end.with_suffix(".begun").exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.005)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    may_end.touch()
    first, _ = await engine.ask(say("12345"))
    assert isinstance(first, Sound)
    assert len(first.pcm) == 10


async def test_requests_wait_their_turn_up_to_a_bound() -> None:
    options = EngineOptions(environment=OPTIONS.environment, max_waiting=3)
    async with Engine(PUPIL, options) as engine:
        asked = [asyncio.ensure_future(engine.ask(say("x" * length))) for length in (1, 2, 3)]
        await asyncio.sleep(0)
        assert await failure(engine, "one too many") == "busy"
        answers = await asyncio.gather(*asked)
    assert [len(first.pcm) for first, _ in answers if isinstance(first, Sound)] == [2, 4, 6]


async def test_an_engine_that_is_not_installed_is_missing() -> None:
    engine = Engine("tests.media.engines.stillborn", OPTIONS)
    with pytest.raises(SpeechFailed) as failed:
        await engine.start()
    assert failed.value.reason == "missing"
    assert engine.pid is None


async def test_an_engine_that_speaks_something_else_is_not_trusted() -> None:
    engine = Engine("tests.media.engines.mute", OPTIONS)
    with pytest.raises(SpeechFailed) as failed:
        await engine.start()
    assert failed.value.reason == "crashed"


async def test_closing_ends_the_process() -> None:
    engine = Engine(PUPIL, OPTIONS)
    await engine.start()
    pid = engine.pid
    assert pid is not None
    await engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await engine.close()


def test_a_message_that_is_too_long_or_no_message_is_refused() -> None:
    with pytest.raises(BadMessage):
        wire.length(b"\xff\xff\xff\xff")
    with pytest.raises(BadMessage):
        wire.encode(Say(1, "x" * (wire.MAX_MESSAGE + 1)))
    for body in (b"", b"\xc1", b"\x80", wire.encode(Say(1, "a"))[wire.HEAD :]):
        with pytest.raises(BadMessage):
            wire.answer(body)
