"""A person's voice moves from one device to another in mid sentence, in virtual time: each frame sounds once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import pytest

from legato.session import events as e
from legato.session.ids import HUB
from legato.session.modality_rules import PLAYOUT, owner
from media.opus import FRAME, SILENCE
from media.rtc.call import Call
from media.voice.keeper import Keeper
from media.voice.moving import JUST_MS, STANDS_S, WAITS_S
from media.voice.owning import claimed
from media.voice.reports import Reports
from media.voice.rest import Report
from tests.hub.node.builders import KEY, Heard, House, until, virtual
from tests.media.voice.test_company import Guest
from tests.media.voice.test_session import Place, place

WORDS: Final = "One two three four five six seven eight nine ten eleven twelve."
BUFFERED: Final = 5
"""Frames that came to a page and have not sounded there."""

ANSWERS_S: Final = 0.04


class Page(Guest):
    """A device whose page says what it played: some time ago, and once more when it gives its voice up, `answers_s`
    after it is asked to (None: never)."""

    def __init__(self, here: Place, device: str, number: int, *, answers_s: float | None = ANSWERS_S) -> None:
        super().__init__(here, "ada", device, number)
        self.answers_s = answers_s
        self.start = 0
        """The frame of the message with which it began."""
        self.last = -1
        """Frames that it had played when it gave the voice up."""
        self.ears = Heard()
        self.ears.signals = self.hears  # type: ignore[method-assign]
        here.room.listen(self.ears, None)

    def hears(self, signals: Sequence[Mapping[str, Any]]) -> None:
        for signal in signals:
            moves = (signal["by"], signal["name"]) == (HUB, "moving")
            if moves and signal["data"]["attachment"] != self.device and self.answers_s and self.last < 0:
                asyncio.get_running_loop().call_later(self.answers_s, self.gives_up)

    def gives_up(self) -> None:
        """It counts whatever sounded since the message began: it has not heard yet at which frame silence did."""
        sounded = [payload != SILENCE for payload in self.phone.sent[:-BUFFERED]]
        self.last = sum(sounded)
        self.says(self.start + len(sounded) - sounded.index(True), last=True)

    def says(self, frames: int, **more: Any) -> None:
        self.signals("playout", {"message": "m_1", "samples": frames * FRAME, **more})

    def signals(self, name: str, data: Any) -> None:
        """As its connection brings it."""
        self.here.room.signal(self.name, name, data, self.device)

    async def takes(self, *, ready: bool | None = None) -> None:
        """Call, as the doors do it; `ready`: whether it can sound, as it says with its call, and no more after."""
        claim = claimed(self.here.room.state, self.device)
        async with self.here.desk.voice(KEY) as voice:
            assert voice is not None
            self.ear = await voice.ear_for(self.device, self.name)
            returning = await voice.returning(self.name, claim=claim)
            carrier = cast("Call", self.phone)
            voice.begin(self.ear, f"call-{self.device}", carrier, returning, ready=ready, claim=claim)
        voice.connected(self.device, carrier)
        if ready is None:
            self.signals("output_ready", True)


async def spoken_to(here: Place, *, answers_s: float | None = ANSWERS_S) -> tuple[Page, Page]:
    """Two devices of one person: to the first one something is being said, the other has not come."""
    tab, mobile = Page(here, "a_tab", 1, answers_s=answers_s), Page(here, "a_mobile", 2)
    await tab.call()
    await here.say(WORDS)
    return tab, mobile


async def with_a_page_that_never_answers(here: Place) -> tuple[Page, Page, int]:
    """The same a second later, the other one being there; and how many frames the first one said that it played."""
    tab, mobile = await spoken_to(here, answers_s=None)
    await asyncio.sleep(1)
    before = len(tab.phone.speech) - 12
    tab.says(before)
    await mobile.come()
    return tab, mobile, before


async def spoken(here: Place) -> list[bytes]:
    """All frames of what is said, once they are made."""
    await until(lambda: here.of(e.SpeechQueued) and not here.room.state.open_entries())
    await asyncio.sleep(8)
    queued = here.of(e.SpeechQueued)
    assert {one.track for one in queued} == {queued[0].track}
    keeper = Keeper(here.house.store(), here.node._parts.keys, KEY)
    return [frame.payload for frame in await keeper.read(queued[0].track, [0])]


@virtual
async def test_the_other_device_goes_on_from_the_very_frame_that_the_first_one_played_last() -> None:
    house = House()
    async with place(house) as here:
        tab, mobile = await spoken_to(here)
        await asyncio.sleep(1)
        tab.says(len(tab.phone.speech) - 12)
        await mobile.come()
        await mobile.takes()
        frames = await spoken(here)
        assert 40 < tab.last < 60
        assert mobile.phone.speech == frames[tab.last :], "nothing twice, nothing missing"
        assert len(tab.phone.speech) <= tab.last + BUFFERED, "it is sent nothing more"
        assert owner(here.room.state, PLAYOUT + "ada") == "a_mobile"
        assert here.of(e.HeardSettled)[-1].final
        assert here.of(e.SpeechShown) == [], "it is heard on the other device, not read on this one"


@virtual
async def test_the_two_devices_may_be_on_two_nodes() -> None:
    house = House()
    async with place(house) as one, place(house, "n2", first=False) as two:
        tab, mobile = Page(one, "a_tab", 1), Page(two, "a_mobile", 2)
        await tab.call()
        await one.say(WORDS)
        await asyncio.sleep(1)
        tab.says(len(tab.phone.speech) - 12)
        await mobile.come()
        await mobile.takes()
        frames = await spoken(one)
        assert tab.last > 40
        assert mobile.phone.speech == frames[tab.last :]
        assert len(tab.phone.speech) <= tab.last + BUFFERED


@virtual
async def test_it_may_move_back_and_each_frame_still_sounds_once() -> None:
    house = House()
    async with place(house) as here:
        tab, mobile = await spoken_to(here)
        await asyncio.sleep(0.6)
        await mobile.come()
        await mobile.takes()
        await asyncio.sleep(0.6)
        mobile.start = tab.last
        tab.phone.sent = []
        await tab.takes()
        frames = await spoken(here)
        back = mobile.start + mobile.last
        assert min(mobile.start, mobile.last) > 20
        assert mobile.phone.speech[: mobile.last] == frames[mobile.start : back]
        assert tab.phone.speech == frames[back:]


@pytest.mark.parametrize("stands_s", [0.14, 0.3, 0.45])
@virtual
async def test_no_frame_is_missed_or_doubled_where_the_thread_of_the_first_page_stands(
    stands_s: float,
) -> None:
    house = House()
    async with place(house) as here:
        tab, mobile = await spoken_to(here, answers_s=stands_s)
        await asyncio.sleep(1)
        tab.says(len(tab.phone.speech) - 12)
        await mobile.come()
        await mobile.takes()
        frames = await spoken(here)
        assert tab.last == len(tab.phone.speech), "what it had was played while nobody could tell it not to"
        assert mobile.phone.speech == frames[tab.last :]


@pytest.mark.parametrize(("quiet_s", "waits_s"), [(0.0, STANDS_S), (JUST_MS / 1_000 + 0.1, WAITS_S)])
@virtual
async def test_a_device_that_does_not_say_is_waited_for_a_moment_and_counts_as_it_said_before(
    quiet_s: float, waits_s: float
) -> None:
    house = House()
    async with place(house) as here:
        _, mobile, before = await with_a_page_that_never_answers(here)
        await asyncio.sleep(quiet_s)
        began = asyncio.get_running_loop().time()
        await mobile.takes()
        waited = asyncio.get_running_loop().time() - began
        assert abs(waited - waits_s) < 0.02
        frames = await spoken(here)
        assert mobile.phone.speech == frames[before:]


async def comes_saying(here: Place, *, warm: bool) -> Page:
    """A device to which the voice moves, and whose page says before its call is there whether it can sound."""
    _, mobile = await spoken_to(here, answers_s=0.1)
    await asyncio.sleep(1)
    await mobile.come()
    asyncio.get_running_loop().call_later(0.05, mobile.signals, "output_ready", warm)
    await mobile.takes(ready=False)
    return mobile


@virtual
async def test_speech_does_not_wait_for_a_page_that_said_that_it_can_sound_before_its_call_was_there() -> (
    None
):
    house = House()
    async with place(house) as here:
        mobile = await comes_saying(here, warm=True)
        await asyncio.sleep(0.1)
        assert mobile.phone.speech != []


@virtual
async def test_nothing_is_said_to_a_page_that_said_that_it_cannot_sound_before_its_call_was_there() -> None:
    house = House()
    async with place(house) as here:
        mobile = await comes_saying(here, warm=False)
        await asyncio.sleep(5)
        assert mobile.phone.speech == []


@pytest.mark.parametrize("last", [True, False])
@virtual
async def test_what_it_says_too_late_changes_nothing(last: bool) -> None:
    house = House()
    async with place(house) as here:
        tab, mobile, before = await with_a_page_that_never_answers(here)
        await mobile.takes()
        await asyncio.sleep(0.5)
        mobile.says(before + len(mobile.phone.speech))
        await asyncio.sleep(0.1)
        tab.says(before + 3, last=last)
        await asyncio.sleep(0.1)
        async with here.desk.voice(KEY) as voice:
            assert voice is not None
            returning = await voice.returning("ada")
        assert returning.rests[0].start >= (before + 20) * FRAME


@virtual
async def test_a_page_that_cannot_sound_any_more_silences_no_other_of_its_person() -> None:
    house = House()
    async with place(house) as here:
        tab, mobile, before = await with_a_page_that_never_answers(here)
        await mobile.takes()
        tab.signals("output_ready", False)
        frames = await spoken(here)
        assert mobile.phone.speech == frames[before:]


@virtual
async def test_of_two_pages_that_say_where_they_are_at_once_both_are_heard() -> None:
    house = House()
    async with place(house) as here:
        tab, mobile = await spoken_to(here)
        await mobile.come()
        tab.signals("typing", True)
        mobile.signals("typing", False)
        await asyncio.sleep(0.1)
        told = {
            each["attachment"]: each["data"] for each in here.told.signals_told if each["name"] == "typing"
        }
        assert told == {"a_tab": True, "a_mobile": False}


@virtual
async def test_who_gave_way_to_a_device_that_does_not_come_goes_on_from_the_same_frame() -> None:
    house = House()
    async with place(house) as here:
        tab, mobile = await spoken_to(here)
        await asyncio.sleep(1)
        await mobile.come()
        async with here.desk.voice(KEY) as voice:
            assert voice is not None
            await voice.returning("ada", claim=claimed(here.room.state, "a_mobile"))
        sent = len(tab.phone.speech)
        await asyncio.sleep(0.5)
        assert len(tab.phone.speech) == sent
        frames = await spoken(here)
        assert tab.phone.speech == frames[:sent] + frames[tab.last :]


@virtual
async def test_nobody_waits_where_nothing_is_said() -> None:
    house = House()
    async with place(house) as here:
        tab, mobile = Page(here, "a_tab", 1), Page(here, "a_mobile", 2)
        await tab.call()
        await mobile.come()
        began = asyncio.get_running_loop().time()
        await mobile.takes()
        assert asyncio.get_running_loop().time() - began < 0.05
        await asyncio.sleep(0.5)
        assert "moving" not in {signal["name"] for signal in here.told.signals_told}
        await here.say(WORDS)
        await asyncio.sleep(0.5)
        assert mobile.phone.speech != []


@virtual
async def test_nobody_else_falls_silent() -> None:
    house = House()
    async with place(house) as here:
        bob = Guest(here, "bob", "a_bob", 3)
        tab, mobile = Page(here, "a_tab", 1), Page(here, "a_mobile", 2)
        await bob.call()
        await tab.call()
        await here.say(WORDS)
        await asyncio.sleep(1)
        await mobile.come()
        await mobile.takes()
        frames = await spoken(here)
        assert len(bob.phone.speech) >= len(frames)


def test_what_another_device_heard_later_counts_for_more_than_what_this_one_did() -> None:
    reports = Reports()
    reports.said("ada", Report("m_1", 9_600), 1_000)
    here = Report("m_1", 4_800, ago=3_000, then="rest")
    assert reports.now("ada", here, 1_500, moves=True) == Report("m_1", 9_600, 500, "rest")
    assert reports.now("ada", here, 1_500) == here


def test_what_is_looked_up_ahead_changes_nothing() -> None:
    reports = Reports()
    reports.said("ada", Report("m_1", 9_600), 1_000)
    reports.now("ada", Report("m_1", 4_800), 1_500, ahead=True)
    assert reports.now("ada", None, 2_000) == Report("m_1", 9_600, 1_000)
