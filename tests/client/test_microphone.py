"""A program's microphone asks for the voice once: when its connection comes back it takes it from no other device."""

from __future__ import annotations

from legato.client.driver import Ears
from legato.client.microphone import Microphone
from legato.wire import down as d
from legato.wire import up as u
from tests.client.test_link import attached


class Session:
    """As far as a microphone sees it."""

    def __init__(self) -> None:
        self.on = Ears()
        self.attached: d.Attached | None = None
        self.told: list[u.Up] = []
        self.tell = self.told.append

    def send_audio(self, raw: bytes) -> bool:
        return True

    def connects(self) -> None:
        self.attached = attached(captures=True)
        for back in self.on.back:
            back(self.attached)


async def test_the_voice_is_asked_for_once() -> None:
    session = Session()
    async with Microphone(session, "k1", 1, lambda: 0, lambda frame: None):
        session.connects()
        session.connects()
    said = [(each.carries, each.again) for each in session.told if isinstance(each, u.Microphone)]
    assert said == [(True, False), (True, True), (False, False)]
