"""How loud a whole call was, and any stretch of it, from where its sound rests."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path
from random import Random

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from hub.keys.keystore import KeyStore
from hub.keys.sealing import Sealer
from hub.keys.wrapped import MemoryKeys
from hub.keys.wrapping import KeyWrap
from hub.store.model import ModelServer, ModelStore
from hub.store.model.server import Contents
from hub.store.promise import Append, Appended, Draft, SessionKey
from hub.vault import Vault
from hub.vault.folder import Folder
from legato.session import events as e
from legato.session.event_json import encode
from media.codecs import Encoder
from media.frames import Frame, Mark
from media.levels import A_MINUTE, levels
from media.opus import FRAME, RATE, SILENCE
from media.ring import MINUTE, SLOT, Batcher
from media.spans import Spans
from media.voice.course import PAGE, Axis, Courses
from media.voice.keeper import Keeper
from media.voice.recordings import NoSound
from tests.media.builders import tone

KEY = SessionKey("main", "s_1")
A_DAY = 86_400_000


class Told:
    """A session's log and sound in a model of the store; the clock is its own."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_700_000_000_000
        self.server = ModelServer(lambda: self.now, Random(1).randbytes)
        self.store = ModelStore(self.server, lambda callback: asyncio.get_running_loop().call_soon(callback))
        self.keys = KeyStore(MemoryKeys(), KeyWrap([bytes(32)]), lambda: 0)
        self.vault = Vault(Folder(folder))
        self.courses = Courses(self.store, self.vault, self.keys)
        self.sealer: Sealer
        self._sequence = 0

    async def begin(self) -> None:
        """The session is there, and nothing of it."""
        self.sealer = await self.keys.sealer(KEY.tenant, KEY.session, create=True)
        created = Draft(
            self.sealer.seal_event("genesis", 1, 0, encode(e.SessionCreated(by="hub", title="", labels={})))
        )
        await self.store.create(KEY, Append("genesis", 0, 1, bytes(16), (created,)), {})

    async def log(self, *events: e.Event) -> None:
        """Append them, now."""
        self._sequence += 1
        drafts = [
            Draft(self.sealer.seal_event("p", self._sequence, index, encode(event)))
            for index, event in enumerate(events)
        ]
        done = await self.store.append(KEY, Append("p", 0, self._sequence, bytes(16), tuple(drafts)))
        assert isinstance(done, Appended), done

    def lose(self, before: Contents) -> None:
        """What came after `before` was saved."""
        self.server.restore(before)
        self._sequence = 0

    async def sound(self, track: str, frames: Sequence[Frame]) -> None:
        """Keep the frames."""
        keeper, batcher = Keeper(self.store, self.keys, KEY), Batcher()
        await keeper.unlock()
        for frame in frames:
            await keeper.ring.write(track, batcher.add(frame, 0))
        await keeper.ring.write(track, batcher.flush())

    async def calls(self, who: str, role: e.Role) -> None:
        """Somebody's voice begins, on a track of their own."""
        await self.log(
            e.ParticipantJoined(by=who, participant=who, role=role, name=""),
            e.AttachmentOpened(by=who, participant=who, attachment=f"a_{who}", device="", takes=(), gives=()),
            e.VoiceStarted(by="hub", attachment=f"a_{who}", call="c", track=f"t_{who}"),
        )


def speaks(start: int, count: int, mark: int = 0) -> list[Frame]:
    """A tone at a third of full scale."""
    coded = Encoder(RATE).push(tone(440, (count + 1) * FRAME))
    return [Frame(start + number * FRAME, coded[number], FRAME, mark) for number in range(count)]


def loud(lane: bytes) -> list[int]:
    """The steps in which something sounds."""
    return [step for step, level in enumerate(lane) if level > 20]


def samples_of(ogg: bytes) -> NDArray[np.float32]:
    with av.open(io.BytesIO(ogg), mode="r") as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


async def test_a_call_is_told_in_two_lanes_without_asides_and_without_what_nobody_heard(
    tmp_path: Path,
) -> None:
    told = Told(tmp_path)
    await told.begin()
    await told.calls("anna", "user")
    await told.calls("olga", "operator")
    await told.log(
        e.SpeechQueued(by="hub", message="m", track="t_ai", start=0, end=2 * RATE, characters=9, samples=0),
        e.HeardSettled(by="hub", message="m", participant="anna", characters=4, samples=RATE, final=True),
    )
    told.now += 9_000
    await told.log(e.UsersHeld(by="olga"))
    await told.sound("t_anna", speaks(4 * RATE, 50))
    await told.sound("t_olga", [*speaks(6 * RATE, 50), *speaks(7 * RATE, 50, int(Mark.ASIDE))])
    await told.sound("t_ai", speaks(0, 100))
    page = await told.courses.levels(KEY)
    assert (page.start, page.next) == (0, 0)
    assert loud(page.callers) == list(range(40, 50))
    assert loud(page.helpers) == [*range(10), *range(60, 70)], "a second of the speech was heard"
    heard = samples_of(await told.courses.stretch(KEY, 0, 8_000))
    steps = np.abs(heard[:, : 80 * SLOT]).reshape(2, 80, SLOT).max(axis=2) > 0.05
    assert set(np.flatnonzero(steps[0])) >= {*range(41, 49), *range(61, 69)}, "people are left"
    assert set(np.flatnonzero(steps[1])) == set(range(10)), "agents are right"
    assert not steps[0, 71:79].any(), "what was said aside is silence"
    aside = samples_of(await told.courses.stretch(KEY, 7_000, 8_000, asides=True))
    assert np.abs(aside).max() > 0.05


async def test_a_call_on_another_day_stands_behind_the_first(tmp_path: Path) -> None:
    told = Told(tmp_path)
    await told.begin()
    await told.calls("anna", "user")
    told.now += 30_000
    await told.log(e.UsersHeld(by="hub"))
    await told.sound("t_anna", speaks(0, 50))
    await Keeper(told.store, told.keys, KEY).archive(told.store, told.vault, whole=True)
    told.now += A_DAY
    await told.calls("ben", "user")
    told.now += 10_000
    await told.log(e.UsersReleased(by="hub"))
    await told.sound("t_ben", speaks(2 * RATE, 50))
    page = await told.courses.levels(KEY)
    assert page.length == 72_000, "a minute of the first, and the second up to now"
    assert loud(page.callers) == [*range(10), *range(620, 630)]
    assert len(samples_of(await told.courses.stretch(KEY, 59_000, 64_000))[0]) == RATE, "up to the seam"
    assert np.abs(samples_of(await told.courses.stretch(KEY, 60_000, 64_000))).max() > 0.1
    with pytest.raises(NoSound):
        await told.courses.stretch(KEY, 72_000, 80_000)


async def test_hours_are_told_in_pages_and_only_their_newest_minutes_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told(tmp_path)
    await told.begin()
    await told.calls("anna", "user")
    told.now += 12 * 60_000
    await told.log(e.UsersHeld(by="hub"))
    for minute in range(12):
        await told.sound("t_anna", speaks(minute * MINUTE + minute * SLOT, 5))
    made: list[tuple[int, int]] = []

    def counted(frames: Sequence[Frame], minute: int) -> bytes:
        made.append((minute, len(frames)))
        return levels(frames, minute)

    monkeypatch.setattr("media.voice.course.levels", counted)
    first = await told.courses.levels(KEY)
    assert (len(first.callers), first.next) == (PAGE, PAGE * 100)
    assert loud(first.callers) == [minute * A_MINUTE + minute for minute in range(10)]
    assert made == [(minute, 5) for minute in range(10)], "what is not on the page is not looked at"
    second = await told.courses.levels(KEY, first.next)
    assert loud(second.callers) == [10, A_MINUTE + 11]
    assert second.next == 0
    await told.sound("t_anna", speaks(9 * MINUTE + 50 * SLOT, 5))
    made.clear()
    assert loud((await told.courses.levels(KEY)).callers)[-1] == 9 * A_MINUTE + 50, "it came later"
    await told.sound("t_anna", speaks(9 * MINUTE + 2 * SLOT, 5))
    assert 9 * A_MINUTE + 2 in loud((await told.courses.levels(KEY)).callers), "it came late"
    await told.courses.levels(KEY)
    assert made == [(9, 9), (9, 15)], "what came later is decoded alone, and nothing twice"
    assert (await told.courses.levels(KEY, second.start)).callers == second.callers


async def test_of_a_log_whose_tail_was_lost_the_course_is_read_anew(tmp_path: Path) -> None:
    told = Told(tmp_path)
    await told.begin()
    with pytest.raises(NoSound):
        await told.courses.levels(KEY)
    before = told.server.saved()
    for lane, role in (("helpers", "operator"), ("callers", "user")):
        told.lose(before)
        await told.calls("kim", role)  # type: ignore[arg-type]
        told.now += 5_000
        await told.log(e.UsersHeld(by="hub"))
        await told.sound("t_kim", speaks(0, 50))
        page = await told.courses.levels(KEY)
        assert loud(getattr(page, lane)) == list(range(10))
        assert loud(page.callers + page.helpers) != []
        assert loud(page.callers if lane == "helpers" else page.helpers) == []


def test_a_level_is_the_peak_of_its_tenth_of_a_second() -> None:
    coded = Encoder(RATE).push(tone(440, 40 * FRAME, level=0.5))
    frames = [Frame(MINUTE + (10 + at) * FRAME, coded[at], FRAME) for at in range(10)]
    found = levels([*frames, Frame(MINUTE + 30 * FRAME, SILENCE), Frame(2 * MINUTE, coded[11])], 1)
    assert len(found) == A_MINUTE
    assert loud(found) == [2, 3]
    assert 100 < found[3] < 150, "half of 255"


def test_the_axis_leaves_out_what_lies_between() -> None:
    kept = Spans()
    kept.add(1_000, 3_000)
    kept.add(9_000, 10_000)
    axis = Axis(kept)
    assert axis.length == 3_000
    assert [axis.place(at) for at in (0, 1_000, 2_500, 5_000, 9_500, 99_000)] == [
        0,
        0,
        1_500,
        2_000,
        2_500,
        3_000,
    ]
    assert [axis.there(at) for at in (0, 1_999, 2_000, 3_000)] == [
        (1_000, 3_000), (2_999, 3_000), (9_000, 10_000), (10_000, 10_000),
    ]  # fmt: skip
