"""A microphone's clock is seen by when its frames come: recordings follow it though nobody understands a word."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from legato.session import events as e
from media.opus import FRAME, RATE, SILENCE
from media.rtc.rtp import AudioPacket
from media.timeline import PER_MS
from media.voice.microphone import Microphone
from media.voice.recordings import Plan
from media.voice.sightings import STRETCH, Sighting, Sightings
from tests.hub.node.builders import House, virtual
from tests.media.test_drift import HOUR_S, NEAR, really
from tests.media.voice.test_session import Phone, place

LOOK = 5
"""Frames between two looks, as an ear has them."""


def an_hour(ppm: int, seed: int, *, jitter_ms: int = 100, appended_ms: int = 15) -> Plan:
    """What the log has of an hour in which somebody's microphone is open, and nobody listens."""
    random, plan = Random(seed), Plan()
    microphone, sightings = Microphone(), Sightings()
    plan.see(e.VoiceStarted(by="hub", attachment="a", call="c", track="t_mic", time=1))
    for number in range(HOUR_S * 50):
        said = really((number + 1) * FRAME, ppm) // PER_MS
        now = 1 + said + min(random.randint(0, jitter_ms), random.randint(0, jitter_ms))
        timestamp = number * FRAME
        microphone.packet(AudioPacket(number & 0xFFFF, timestamp, False, SILENCE, number, None, 7), now)
        newest = microphone.newest
        if number % LOOK or newest is None or (seen := sightings.see(*newest)) is None:
            continue
        time = now + random.randint(0, appended_ms)
        sighted = e.ClockSighted(
            by="hub", track="t_mic", media_time=seen.media_time, ago=now - seen.at, time=time
        )
        plan.see(sighted)
    return plan


@pytest.mark.timeout(120)
@pytest.mark.parametrize("ppm", [-200, 200])
def test_an_hour_that_nobody_listens_to_stays_within_40_ms_of_its_true_place(ppm: int) -> None:
    drift = an_hour(ppm, 1).drift("t_mic")
    off = [at + drift.at(at) - really(at, ppm) for at in range(0, HOUR_S * RATE, RATE)]
    assert max(map(abs, off)) <= NEAR


def test_of_each_stretch_the_quickest_frame_is_told_once() -> None:
    sightings, told = Sightings(), []
    for at in range(0, 3 * STRETCH, RATE):
        slow = 0 if at % STRETCH == 7 * RATE else 50
        told.append(sightings.see(at, at // PER_MS + slow))
    assert [each for each in told if each is not None] == [
        Sighting(begin + 7 * RATE, (begin + 7 * RATE) // PER_MS) for begin in (0, STRETCH)
    ]


def test_a_microphone_that_says_no_more_is_not_seen_again() -> None:
    sightings = Sightings()
    assert sightings.see(0, 0) is None
    assert [sightings.see(0, now) for now in range(0, 600_000, 1_000)] == [None] * 600
    assert sightings.see(STRETCH, 600_000) == Sighting(0, 0)


@virtual
async def test_the_log_says_when_the_clock_of_a_microphone_was_seen_though_nobody_listens() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        _, ear = await here.ring_up(phone)
        began = house.clock()
        await quiet(ear, phone, house, 220)
        (voice,), sighted = here.of(e.VoiceStarted), here.of(e.ClockSighted)
        assert [each.track for each in sighted] == [voice.track] * 2
        for each in sighted:
            came = each.time - each.ago - voice.time
            assert abs(came - each.media_time // PER_MS) <= 120, (
                "as long after the call's beginning as it says"
            )
        assert house.clock() - began >= 220_000


async def quiet(ear: Any, phone: Phone, house: House, seconds: int) -> None:
    """The microphone hears nothing for so long."""
    for _ in range(seconds * 50):
        ear.on_audio(phone.packet(SILENCE), house.clock())
        await asyncio.sleep(0.02)
