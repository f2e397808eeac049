"""A track of frames becomes marks, transcripts and turns, in order. (The ears here only count; see
`test_round_trip` for ears that hear.)"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from legato.speech import Heard, Pcm, SpeechFailed, Word
from media.activity import PER_MS, SpeechEnded, SpeechStarted
from media.codecs import Encoder, loudness
from media.detectors import JUDGE_RATE
from media.frames import Frame
from media.listener import Listener, ListenerEvent, ListenerOptions, Transcript, TurnHeard
from media.opus import FRAME
from media.turns import GRACE, SILENCE, TurnEnded, TurnStarted
from tests.media.builders import tone


class Loud:
    """A judge for tones: what is loud is speech."""

    suspects = False

    def speech(self, window: bytes) -> bool:
        return loudness(window) > -40


class CountingEars:
    """Tells how long the sound was that it got, in tenths of a second."""

    def __init__(self, fail_on: int = -1) -> None:
        self.fail_on = fail_on
        self.heard = 0

    async def hear(self, audio: AsyncIterator[Pcm]) -> AsyncGenerator[Heard, None]:
        self.heard += 1
        if self.heard == self.fail_on:
            raise SpeechFailed("test", "crashed")
        pieces = [piece async for piece in audio]
        start = pieces[0].media_time
        seconds = sum(len(piece.samples) for piece in pieces) / 2 / JUDGE_RATE
        times = [piece.media_time for piece in pieces]
        assert times == sorted(set(times))
        yield Heard("perhaps", False, start, start)
        text = f"{seconds:.1f}"
        yield Heard(text, True, start, times[-1], (Word(text, start, times[-1]),))


def track(pattern: str) -> list[Frame]:
    """A tenth of a second for each character: `#` a tone, `.` silence, a space nothing at all."""
    encoder = Encoder(48_000)
    frames: list[Frame] = []
    at = 0
    for char in pattern:
        packets = encoder.push(tone(300, 4800) if char == "#" else bytes(9600))
        if char != " ":
            frames += [Frame(at + i * FRAME, packet) for i, packet in enumerate(packets)]
        at += 4800
    return frames


def options() -> ListenerOptions:
    return ListenerOptions(judge=Loud)


def listen(frames: list[Frame], listener: Listener) -> None:
    for frame in frames:
        listener.push(frame, frame.end // PER_MS)


async def hear(frames: list[Frame], ears: CountingEars, turns: int = 1) -> list[ListenerEvent]:
    """Everything a listener tells of the track, until the last of its turns is understood."""
    events: list[ListenerEvent] = []
    done = asyncio.Event()

    def emit(event: ListenerEvent) -> None:
        events.append(event)
        if sum(isinstance(each, TurnHeard) for each in events) == turns:
            done.set()

    listener = Listener(emit, ears, options())
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(listener.run())
        listen(frames, listener)
        await done.wait()
        running.cancel()
    return events


def test_marks_are_returned_at_once_with_the_times_of_the_track() -> None:
    listener = Listener(lambda _: None, options=options())
    marks = [mark for frame in track("..####........") for mark in listener.push(frame, 0)]
    assert [type(mark) for mark in marks] == [TurnStarted, SpeechStarted, SpeechEnded, TurnEnded]
    started, ended = marks[1].at, marks[2].at
    assert abs(started - 2 * 4800) <= 2 * FRAME
    assert abs(ended - 6 * 4800) <= 2 * FRAME
    assert marks[3].at - ended >= SILENCE * PER_MS


@pytest.mark.parametrize("at", [21, 22, 24, 50, 62])
async def test_no_sound_of_before_a_parting_leads_into_what_is_understood_after_it(at: int) -> None:
    """Before the speech is believed in, in the midst of it, and in the pause after it."""
    frames, utterances = track("....########....####........"), list[list[int]]()

    class Noting(CountingEars):
        async def hear(self, audio: AsyncIterator[Pcm]) -> AsyncGenerator[Heard, None]:
            utterances.append([piece.media_time async for piece in audio])
            yield Heard("so", True, utterances[-1][0], utterances[-1][-1])

    events: list[ListenerEvent] = []
    done, wanted = asyncio.Event(), 1 if at < 24 else 2

    def emit(event: ListenerEvent) -> None:
        events.append(event)
        if sum(isinstance(each, TurnHeard) for each in events) == wanted:
            done.set()

    listener = Listener(emit, Noting(), options())
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(listener.run())
        listen(frames[:at], listener)
        listener.part()
        assert not listener.turn_open
        listen(frames[at:], listener)
        await done.wait()
        running.cancel()
    parted = at * FRAME
    assert all(said[-1] < parted or said[0] >= parted for said in utterances)
    assert any(said[0] >= parted for said in utterances)
    started = [event.number for event in events if isinstance(event, TurnStarted)]
    ended = [event.number for event in events if isinstance(event, TurnEnded)]
    assert started == ended == list(range(1, wanted + 1))


async def test_each_utterance_is_heard_and_the_turn_has_all_its_words() -> None:
    events = await hear(track("..#####...####........"), CountingEars())
    assert [type(event).__name__ for event in events if not isinstance(event, Transcript)] == [
        "TurnStarted",
        "SpeechStarted",
        "SpeechEnded",
        "SpeechStarted",
        "SpeechEnded",
        "TurnEnded",
        "TurnHeard",
    ]
    finals = [event for event in events if isinstance(event, Transcript) and event.heard.final]
    assert len(finals) == 2
    turn = events[-1]
    assert isinstance(turn, TurnHeard)
    assert turn.text == " ".join(final.heard.text for final in finals)
    assert [word.text for word in turn.words] == turn.text.split()
    assert turn.failed == ""
    # lead, speech, and the quiet until its end was believed
    assert [float(word.text) for word in turn.words] == pytest.approx([0.9, 0.7], abs=0.05)


async def test_the_turns_of_a_track_come_one_after_another() -> None:
    events = await hear(track(".###.........###........."), CountingEars(), turns=2)
    turns = [event.turn.number for event in events if isinstance(event, TurnHeard)]
    assert turns == [1, 2]
    assert {event.turn for event in events if isinstance(event, Transcript)} == {1, 2}


async def test_ears_that_fail_cost_their_utterance_only() -> None:
    events = await hear(track(".####...####........."), CountingEars(fail_on=1))
    turn = events[-1]
    assert isinstance(turn, TurnHeard)
    assert turn.failed == "crashed"
    assert len(turn.words) == 1


def test_frames_that_come_twice_or_too_late_are_not_heard_again() -> None:
    once, twice = list[ListenerEvent](), list[ListenerEvent]()
    frames = track(".####........")
    listen(frames, Listener(once.append, options=options()))
    doubled = [each for frame in frames for each in (frame, frame)]
    listen(doubled, Listener(twice.append, options=options()))
    assert once == twice


def test_a_hole_ends_speech_where_the_sound_ended() -> None:
    events: list[ListenerEvent] = []
    listen(track(".####     ..."), Listener(events.append, options=options()))
    ended = [event for event in events if isinstance(event, SpeechEnded)]
    assert len(ended) == 1
    assert abs(ended[0].at - 5 * 4800) <= 2 * FRAME


def test_a_track_that_stops_in_mid_speech_ends_its_turn_by_the_clock() -> None:
    events: list[ListenerEvent] = []
    listener = Listener(events.append, options=options())
    listen(track(".######"), listener)
    assert listener.expire(700 + SILENCE) == []
    listener.expire(700 + SILENCE + GRACE)
    assert [type(event) for event in events] == [TurnStarted, SpeechStarted, SpeechEnded, TurnEnded]
    assert isinstance(events[-1], TurnEnded)
    assert events[-1].incomplete
    frames = [Frame(frame.media_time + 96_000, frame.payload) for frame in track(".###........")]
    listen(frames, listener)
    assert [type(event) for event in events[4:]] == [TurnStarted, SpeechStarted, SpeechEnded, TurnEnded]


def test_packets_that_cannot_be_decoded_are_silence() -> None:
    events: list[ListenerEvent] = []
    frames = track(".####........")
    frames[30] = Frame(frames[30].media_time, b"\xff" * 40)
    listener = Listener(events.append, options=options())
    listen(frames, listener)
    assert listener.refused == 1
    assert isinstance(events[-1], TurnEnded)
