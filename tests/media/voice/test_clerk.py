"""What the log tells of speech is in the rings before: whoever goes on after a crash finds every frame."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from legato.session import events as e
from legato.session.events import Event
from legato.session.position import Position
from media.opus import FRAME
from media.ring import CELLS
from tests.hub.node.builders import KEY, Heard, House, virtual
from tests.media.voice.test_session import Phone, place


class Checking(Heard):
    """Looks into the rings as soon as the log tells of speech."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house
        self.checked = 0

    def events(self, encoded: Sequence[bytes], events: Sequence[Event], position: Position) -> None:
        super().events(encoded, events, position)
        for event in events:
            if isinstance(event, e.SpeechQueued):
                self.checked += 1
                assert self.kept(event.track) * FRAME >= event.end

    def kept(self, track: str) -> int:
        """Frames of the track up to the newest one that a ring holds."""
        session = self.house.server.session(KEY)
        assert session is not None
        slots = [
            field for (name, _), (_, batches) in session.audio.items() if name == track for field in batches
        ]
        newest = max((field >> CELLS for field in slots), default=0)
        cells = [field & (1 << CELLS) - 1 for field in slots if field >> CELLS == newest]
        return newest * 5 + sum(each.bit_count() for each in cells)


@virtual
async def test_the_log_tells_of_no_speech_before_the_rings_have_it() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        await here.ring_up(phone, ready=True)
        checking = Checking(house)
        here.room.listen(checking, None)
        for number, text in enumerate(("A", "No.", "Well, now.", "And so on, and so forth.")):
            await here.say(text, message=f"m_{number}")
            await asyncio.sleep(3)
        assert checking.checked >= 4
        assert [entry.speech_end > 0 for entry in here.room.state.entries.values()] == [True] * 4  # type: ignore[union-attr]
