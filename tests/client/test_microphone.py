"""A program's microphone asks for the voice once: when its connection comes back it takes it from no other device. When
its voice moves to another device, it says what was heard last, and nothing is heard after that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from legato.client.driver import Ears
from legato.client.microphone import Microphone
from legato.client.playout import EVERY_MS, FRAME, MOVES_MS
from legato.session.ids import HUB
from legato.session.state import Attachment, State
from legato.wire import down as d
from legato.wire import up as u
from legato.wire.audio import OPUS, Audio, encode_audio
from tests.client.test_link import attached

THERE = {"participant": "p_1", "attachment": "a_2"}


class Session:
    """As far as a microphone sees it."""

    def __init__(self, *, call: str = "c_1") -> None:
        self.on = Ears()
        self.attached: d.Attached | None = None
        self.state = State()
        self.state.attachments["a_1"] = Attachment("a_1", "p_1", takes=("text", "audio"), call=call)
        self.told: list[u.Up] = []
        self.tell = self.told.append
        self.now = 0

    def send_audio(self, raw: bytes) -> bool:
        return True

    def clock(self) -> int:
        return self.now

    def connects(self) -> None:
        self.attached = attached(captures=True)
        for back in self.on.back:
            back(self.attached)

    def hears(self, first: int, count: int) -> None:
        for number in range(first, first + count):
            self.now += 20
            raw = encode_audio(Audio(OPUS, 1, number * FRAME, (b"%d" % number,)))
            for audio in self.on.audio:
                audio(raw)

    def signals(self, name: str, data: Any, by: str = HUB) -> None:
        for told in self.on.told:
            told(d.Signals(signals=[{"by": by, "name": name, "data": data}]))

    def plays(self, samples: int, timestamp: int) -> None:
        self.signals("playing", {"a_1": {"message": "m_1", "samples": samples, "timestamp": timestamp}})

    @property
    def reports(self) -> list[Any]:
        return [each.data for each in self.told if isinstance(each, u.Signal) and each.name == "playout"]

    @property
    def last(self) -> list[Any]:
        return [each for each in self.reports if "last" in each]


async def test_the_voice_is_asked_for_once() -> None:
    session = Session()
    async with Microphone(session, "k1", 1, lambda: 0, lambda frame: None):
        session.connects()
        session.connects()
    said = [(each.carries, each.again) for each in session.told if isinstance(each, u.Microphone)]
    assert said == [(True, False), (True, True), (False, False)]


@asynccontextmanager
async def told_of(session: Session, frames: int) -> AsyncIterator[list[bytes]]:
    """A program that was told of so many frames of an agent's speech, and is of what comes."""
    heard = list[bytes]()
    async with Microphone(session, "k1", 1, session.clock, heard.append):
        session.connects()
        session.plays(0, 0)
        session.hears(0, frames)
        yield heard


async def test_the_hub_is_told_what_is_heard_now_and_then() -> None:
    session = Session()
    async with Microphone(session, "k1", 1, session.clock, lambda frame: None):
        session.connects()
        session.hears(0, 50)
        assert session.reports == [], "silence is nothing"
        session.plays(0, 50 * FRAME)
        session.hears(50, 50)
        session.hears(100, 1)
    told = [report["samples"] for report in session.reports]
    assert told == [FRAME * number for number in range(1, 52, EVERY_MS // 20)]


async def test_who_gives_the_voice_up_says_at_once_what_was_heard_last_and_hears_no_more() -> None:
    session, heard = Session(), list[bytes]()
    async with Microphone(session, "k1", 1, session.clock, heard.append, "catch_up"):
        session.connects()
        session.plays(4_800, 0)
        session.hears(0, 7)
        session.signals("moving", THERE)
        session.hears(7, 20)
        last = {"message": "m_1", "samples": 4_800 + 7 * FRAME, "then": "catch_up", "last": True}
        assert session.last == [last], "though the hub knows a part of it"
        assert session.reports[-1] == last, "and nothing is reported after it"
        assert heard == [b"%d" % number for number in range(7)]
        session.signals("moving", THERE)
        assert session.last == [last, last]


async def test_a_voice_that_does_not_move_after_all_goes_on_as_the_hub_says_anew() -> None:
    session = Session()
    async with told_of(session, 10) as heard:
        session.signals("moving", THERE)
        session.hears(10, MOVES_MS // 20 - 1)
        assert len(heard) == 10
        session.hears(60, 20)
        assert len(heard) == 30
        assert session.reports[-1] == session.last[0], "what comes is not known, so it is no speech yet"
        session.plays(10 * FRAME, 80 * FRAME)
        session.hears(80, 20)
    assert session.reports[-1] == {"message": "m_1", "samples": 21 * FRAME}


@pytest.mark.parametrize(
    ("data", "by", "call"),
    [
        ({"participant": "p_2", "attachment": "a_2"}, HUB, "c_1"),
        ({"participant": "p_1", "attachment": "a_1"}, HUB, "c_1"),
        (THERE, "p_2", "c_1"),
        (THERE, HUB, ""),
        (None, HUB, "c_1"),
    ],
    ids=["another's", "to this one", "not said by the hub", "it has gone already", "nothing"],
)
async def test_nobody_else_gives_a_voice_up(data: Any, by: str, call: str) -> None:
    session = Session(call=call)
    async with told_of(session, 5) as heard:
        session.signals("moving", data, by)
        session.hears(5, 5)
    assert session.last == []
    assert len(heard) == 10


async def test_another_connection_sounds_at_once() -> None:
    session = Session()
    async with told_of(session, 5) as heard:
        session.signals("moving", THERE)
        session.connects()
        session.hears(0, 5)
    assert len(heard) == 10
