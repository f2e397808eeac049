"""An agent whose voice comes back from a speaker does not interrupt itself; somebody who talks over it does."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from media.activity import Activity, SpeechStarted
from media.codecs import Decoder, Encoder
from media.detectors import cheap_judge
from media.echo import KEPT, EchoGuard, Lower, Sent, Sound
from media.frames import Frame
from media.listener import Listener, ListenerEvent, ListenerOptions
from media.opus import FRAME
from media.suspicion import Suspected, Suspicion
from media.voice.echoes import Reader
from tests.support.spoken import speech_pcm

RATE: Final = 16_000
WINDOW: Final = 320
AGENT: Final = "The order was sent on Monday, and it should arrive by the end of the week. I can look it up."
PERSON: Final = "Wait a moment, that is not what I asked for. I would like to change the address, please."
BEGINS: Final = 90

pytestmark = pytest.mark.timeout(180)
"""The first example waits for the voice's own process to load its model, beside other tests."""
"""The window with which the person begins to talk."""

Wave = NDArray[np.float64]


@cache
def said(text: str, faster: float = 1.0) -> Wave:
    """Speech at 16 kHz, with half a second of nothing around it; `faster` makes it another, higher voice."""
    pcm = np.frombuffer(speech_pcm(text, RATE), np.int16).astype(float)
    voice = np.interp(np.arange(0, pcm.size, faster), np.arange(pcm.size), pcm)
    whole = np.concatenate((np.zeros(RATE // 2), voice, np.zeros(RATE // 2)))
    return whole[: whole.size // WINDOW * WINDOW]


def echoed(sound: Wave, delay: int, decibel: float, room: float, seed: int) -> Wave:
    """From a small speaker through a room: `delay` in ms, `room` the seconds in which it falls silent."""
    spectrum, hertz = np.fft.rfft(sound), np.fft.rfftfreq(sound.size, 1 / RATE)
    colour = (1 + 0.5 * np.sin(hertz / 400)) / (1 + (300 / np.maximum(hertz, 1)) ** 2)
    random = np.random.default_rng(seed)
    size = int(room * RATE)
    tail = random.standard_normal(size) * np.exp(-6.9 * np.arange(size) / size)
    tail *= np.sqrt(random.uniform(0.1, 0.8) / float(np.dot(tail, tail)))
    tail[0] = 1
    heard = np.convolve(
        np.fft.irfft(spectrum * colour, sound.size), tail / np.sqrt(float(np.dot(tail, tail)))
    )
    late = np.concatenate((np.zeros(delay * RATE // 1_000), heard))[: sound.size]
    return np.asarray(late * 10 ** (decibel / 20))


def noise(size: int, loud: float, seed: int) -> Wave:
    return np.random.default_rng(seed).standard_normal(size) * loud


class Room:
    """An agent's speech goes out, the microphone's sound comes in, 20 ms at a time."""

    def __init__(self, sent: Wave) -> None:
        self._sent = Lower(2).push(sent.astype(np.int16))

    def heard(self, microphone: Wave, *, guarded: bool = True) -> tuple[list[int], list[int]]:
        """The windows in which speech was suspected, and those in which it was believed in."""
        sent, judge, suspicion, activity = Sent(self._decoded), cheap_judge(), Suspicion(), Activity()
        guard, suspected, believed = EchoGuard(sent), list[int](), list[int]()
        for at, window in enumerate(windows(microphone)):
            sent.add(at.to_bytes(4, "big"), (at * FRAME + 2**32 - 9_000) % 2**32, 20 * at)
            speech = judge.speech(window)
            suspects = judge.suspects
            if guard.echo(window, at * FRAME + 77_760, 20 * at + 20, maybe=speech or suspects) and guarded:
                speech = suspects = False
            marks = suspicion.feed(suspects, at * FRAME, (at + 1) * FRAME)
            suspected += [at for mark in marks if isinstance(mark, Suspected)]
            starts = activity.feed(speech, at * FRAME, (at + 1) * FRAME)
            believed += [at for mark in starts if isinstance(mark, SpeechStarted)]
        return suspected, believed

    def _decoded(self, packet: bytes) -> Sound:
        at = int.from_bytes(packet, "big") * 160
        return self._sent[at : at + 160]


def windows(sound: Wave) -> Iterable[bytes]:
    whole = np.clip(sound, -32_767, 32_767).astype(np.int16)
    return (whole[at : at + WINDOW].tobytes() for at in range(0, whole.size - WINDOW + 1, WINDOW))


WAYS: Final = {
    "delay": st.integers(20, 400),
    "decibel": st.floats(-22, -3),
    "loud": st.sampled_from([2.0, 15.0, 40.0]),
    "seed": st.integers(0, 2**31),
}


@settings(max_examples=12)
@given(room=st.floats(0.1, 0.4), **WAYS)
def test_an_echo_is_not_taken_for_somebody_who_speaks(
    delay: int, decibel: float, room: float, loud: float, seed: int
) -> None:
    agent = said(AGENT)
    back = echoed(agent, delay, decibel, room, seed) + noise(agent.size, loud, seed)
    suspected, believed = Room(agent).heard(back)
    assert len(suspected) <= 2, "a pause that is for nothing is rare"
    assert len(believed) <= 1
    alone, _ = Room(agent).heard(back, guarded=False)
    assert len(alone) >= 1, "without a guard it is"


@settings(max_examples=6)
@given(**WAYS)
def test_in_a_room_that_rings_for_half_a_second_two_hissing_sounds_are(
    delay: int, decibel: float, loud: float, seed: int
) -> None:
    agent = said(AGENT)
    back = echoed(agent, delay, decibel, 0.5, seed) + noise(agent.size, loud, seed)
    suspected, believed = Room(agent).heard(back)
    assert len(suspected) <= 4
    assert len(believed) <= 2, "and nothing else of it"


@settings(max_examples=12)
@given(room=st.floats(0.1, 0.5), **WAYS)
def test_somebody_who_talks_over_the_agent_is_heard_nearly_as_soon_as_without_it(
    delay: int, decibel: float, room: float, loud: float, seed: int
) -> None:
    agent, person = said(AGENT), said(PERSON, 1.0 + seed % 3 / 10)[RATE // 2 :]
    back = echoed(agent, delay, decibel, room, seed)
    talk = np.zeros(agent.size)
    part = person[: agent.size - BEGINS * WINDOW]
    talk[BEGINS * WINDOW :][: part.size] = part
    powers = float(np.mean(back[back != 0] ** 2)), float(np.mean(part**2))
    talk *= 2.5 * np.sqrt(powers[0] / powers[1])
    still = noise(agent.size, loud / 2, seed)
    alone = [at for at in Room(agent * 0).heard(talk + still)[0] if at >= BEGINS]
    over = [at for at in Room(agent).heard(back + talk + still)[0] if at >= BEGINS - 3]
    if alone:  # in loud noise a faint voice is suspected by nobody
        assert over, "it is heard"
        assert over[0] <= alone[0] + 4


@pytest.mark.parametrize("faster", [1.0, 1.2])
def test_somebody_in_a_quiet_room_is_heard_at_once_while_the_agent_speaks(faster: float) -> None:
    agent, person = said(AGENT), said(PERSON, faster)
    size = min(agent.size, person.size)
    room = Room(agent[:size])
    talk = person[:size] * 0.5 + noise(size, 3.0, 1)
    assert room.heard(talk)[0][0] <= room.heard(talk, guarded=False)[0][0] + 1


def test_what_was_not_sent_is_no_echo() -> None:
    guard = EchoGuard(Sent(lambda packet: np.zeros(160, np.float32)))
    assert not guard.echo(bytes(2 * WINDOW), 0, 0, maybe=True)


def test_what_was_sent_is_remembered_for_a_second_and_found_at_its_time() -> None:
    sent = Sent(lambda packet: np.full(160, packet[0], np.float32))
    for number in range(KEPT + 9):
        sent.add(bytes([number]), (number * FRAME + 2**32 - 4_800) % 2**32, 20 * number)
    now = 20 * (KEPT + 8)
    end = sent.at(now)
    assert list(sent.stretch(end - 480, 480)[::160]) == [KEPT + 6, KEPT + 7, KEPT + 8]
    assert not sent.stretch(end - 160 * (KEPT + 9), 160 * 9).any()
    assert not sent.stretch(end, 400).any()
    assert sent.sounding(now + 400)
    assert not sent.sounding(now + 1_000)


def test_another_calls_frames_are_not_mixed_with_the_last_ones() -> None:
    sent = Sent(lambda packet: np.ones(160, np.float32))
    sent.add(b"a", 0, 0)
    sent.add(b"b", 2**31, 20)
    assert sent.stretch(sent.at(20) - 320, 320).sum() == 160


def test_real_speech_through_real_codecs_does_not_interrupt_itself() -> None:
    agent = said(AGENT)
    encoder, played, microphone = Encoder(RATE), Decoder(RATE), Encoder(RATE)
    packets = encoder.push(agent.astype(np.int16).tobytes()) + encoder.flush()
    sound = np.frombuffer(b"".join(map(played.push, packets)), np.int16).astype(float)
    back = echoed(sound, 120, -6.0, 0.3, 5) + noise(sound.size, 5.0, 5)
    heard = microphone.push(back.astype(np.int16).tobytes())
    told = list[ListenerEvent]()
    sent = Sent(Reader())
    options = ListenerOptions(judge=cheap_judge)
    guarded = Listener(told.append, None, options, EchoGuard(sent))
    alone = list[ListenerEvent]()
    open_ear = Listener(alone.append, None, options)
    for at, packet in enumerate(heard):
        sent.add(packets[at], at * FRAME, 20 * at)
        frame = Frame(at * FRAME, packet)
        guarded.push(frame, 20 * at + 20)
        open_ear.push(frame, 20 * at + 20)
    assert not [event for event in told if isinstance(event, SpeechStarted)]
    assert len([event for event in told if isinstance(event, Suspected)]) <= 1
    assert [event for event in alone if isinstance(event, SpeechStarted)]
