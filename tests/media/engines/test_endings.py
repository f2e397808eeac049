"""A judge of endings in its own process: the real one hears who has finished, and any that fails changes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from legato.speech import SpeechFailed
from media.activity import PER_MS, SpeechEnded
from media.codecs import Encoder, Resampler
from media.detectors import JUDGE_RATE
from media.endings import FINISHED, MORE
from media.engines.child import Engine, EngineOptions
from media.engines.endings import ChildEndings, smart_turn
from media.engines.wire import Recognise, Request, Say, Weigh
from media.frames import Frame
from media.listener import Listener, ListenerEvent, ListenerOptions
from media.opus import FRAME, RATE
from media.turns import SILENCE, TurnEnded
from tests.support.spoken import ROOT, silence
from tests.support.turn_model import parted_by_espeak, turn_model

pytestmark = [pytest.mark.voice, pytest.mark.timeout(120)]

REFUSED: tuple[Callable[[int], Request], ...] = (
    lambda number: Recognise(number, bytes(100), JUDGE_RATE),
    lambda number: Say(number, "no"),
    lambda number: Weigh(number, b"", JUDGE_RATE),
    lambda number: Weigh(number, bytes(100), 8_000),
)
"""What a judge of endings does not do."""


class Noted(ChildEndings):
    """Says when it has answered, and what: -1 if it failed."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.answers: asyncio.Queue[float] = asyncio.Queue()

    async def finished(self, said: bytes) -> float:
        try:
            answer = await super().finished(said)
        except SpeechFailed:
            self.answers.put_nowait(-1)
            raise
        self.answers.put_nowait(answer)
        return answer


@asynccontextmanager
async def pupil(finished: str, request_timeout: float = 10.0) -> AsyncIterator[Engine]:
    """A judge that always says so."""
    environment = {"PYTHONPATH": str(ROOT), "PUPIL_FINISHED": finished}
    options = EngineOptions(environment=environment, request_timeout=request_timeout)
    async with Engine("tests.media.engines.pupils", options) as engine:
        yield engine


async def turns_of(pcm: bytes, endings: Noted) -> list[TurnEnded]:
    """The turns of a microphone that hears this (48 kHz). At each pause the judge is waited for: how quick it is on a
    busy machine is no matter for a test."""
    events: list[ListenerEvent] = []
    encoder = Encoder(RATE)
    packets = encoder.push(silence(500) + pcm + silence(SILENCE + MORE + 500)) + encoder.flush()
    listener = Listener(events.append, options=ListenerOptions(endings=endings))
    async with asyncio.timeout(90), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(listener.run())
        for number, packet in enumerate(packets):
            marks = listener.push(Frame(number * FRAME, packet), number * FRAME // PER_MS)
            if any(isinstance(mark, SpeechEnded) for mark in marks):
                await endings.answers.get()
        running.cancel()
    return [event for event in events if isinstance(event, TurnEnded)]


def to_judge(*parts: bytes) -> bytes:
    """What a judge is given of this (48 kHz) and the pause after it."""
    resampler = Resampler(RATE, JUDGE_RATE)
    return resampler.push(silence(300) + b"".join(parts) + silence(200)) + resampler.flush()


def silences(turns: Sequence[TurnEnded]) -> list[int]:
    """How long each turn's last pause was, in milliseconds, to the 20 of a frame."""
    return [round((turn.at - turn.speech_end) / PER_MS / 20) * 20 for turn in turns]


async def test_where_no_end_is_heard_a_turn_ends_later() -> None:
    sentence = b"".join(await parted_by_espeak())
    async with pupil("0.1") as doubting, pupil("0.9") as believing:
        (late,) = silences(await turns_of(sentence, Noted(doubting)))
        (soon,) = silences(await turns_of(sentence, Noted(believing)))
    assert late - soon == MORE
    assert SILENCE <= soon <= SILENCE + 40


@pytest.mark.parametrize("fault", ["die", "refuse", "hang"])
async def test_a_judge_that_fails_changes_nothing_and_is_told_of_once(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    pcm = silence(SILENCE + 400).join(await parted_by_espeak())
    async with pupil(fault, request_timeout=0.3) as engine:
        with caplog.at_level(logging.WARNING, "legato.voice"):
            turns = await turns_of(pcm, Noted(engine))
    assert len(turns) == 2
    assert max(silences(turns)) <= SILENCE + 40
    assert [record.getMessage() for record in caplog.records] == [
        "nobody judges whether turns sound finished"
    ]


async def test_an_engine_of_another_kind_is_no_judge() -> None:
    async with Engine("espeak") as espeak:
        with pytest.raises(SpeechFailed):
            await ChildEndings(espeak).finished(bytes(3_200))


@pytest.mark.parametrize("content", [None, b"", b"this is no model"])
async def test_a_file_that_is_missing_or_no_model_is_named_missing_and_not_tried_again(
    content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    engine = smart_turn(path)
    with pytest.raises(SpeechFailed) as failed:
        await engine.start()
    assert failed.value.reason == "missing"
    endings = ChildEndings(engine)
    with pytest.raises(SpeechFailed):
        await endings.finished(bytes(3_200))
    starts = engine.starts
    with pytest.raises(SpeechFailed):
        await endings.finished(bytes(3_200))
    assert engine.starts == starts


@pytest.mark.timeout(150)
async def test_smart_turn_hears_a_pause_in_mid_sentence_and_the_end_of_it() -> None:
    model = await asyncio.to_thread(turn_model)
    before, after = await parted_by_espeak()
    async with smart_turn(model) as engine:
        endings = Noted(engine)
        assert await endings.finished(to_judge(before)) < FINISHED
        assert await endings.finished(to_judge(before, after)) > FINISHED
        (turn,) = await turns_of(silence(SILENCE + 600).join((before, after)), Noted(engine))
        (whole,) = await turns_of(before + after, Noted(engine))
        for make in REFUSED:
            with pytest.raises(SpeechFailed) as refused:
                await engine.ask(make)
            assert refused.value.reason == "refused"
    assert turn.speech_end - turn.start > (SILENCE + 600) * PER_MS, "one sentence, one turn"
    assert max(silences([turn, whole])) <= SILENCE + 40, "and nobody waits at its end"
