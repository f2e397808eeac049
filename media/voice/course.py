"""The whole call at once: how loud each side was all along it, and any stretch of it as a file.

Places are milliseconds of the *course*: the minutes in which anything of the session's sound is kept, one after
another, so that a session in which somebody calls again the next day is no day long. (A minute is the unit in which
sound is kept; the last one may end in silence.) Levels are told in pages of ten minutes, people who called in one lane
and who helped them, agents and operators, in the other. As in a recording, nothing is told of what was said aside, and
of an agent's speech what was heard.

The log is folded once, then as it goes on. A minute's levels are made when they are asked for and kept in memory; the
newest of each track are looked at again, for frames of them may still come, and what came is added.
"""

from __future__ import annotations

import asyncio
import io
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from hub.keys.errors import KeyUnknown, SessionForgotten
from hub.node.entries import Keys, opened_entry
from hub.store.promise import SessionKey, Store
from legato.session import events as e
from media.frames import Frame
from media.levels import A_MINUTE, STEP_MS, levels
from media.opus import RATE
from media.recording import Voice, write_mix
from media.ring import MINUTE, SLOT
from media.spans import Spans
from media.timeline import PER_MS
from media.voice.keeper import Keeper
from media.voice.recordings import Kept, NoSound, Plan, Vault

PAGE: Final = 10 * A_MINUTE
"""Steps of a page."""

LONGEST_MS: Final = 60_000
"""Of a stretch."""

MOVES: Final = 3
"""Newest minutes of a track in which frames may still come: what a microphone keeps and sends again, and one that has
begun."""

BEFORE: Final = 4
"""Frames after which a decoder that begins has the state of one that went on."""

AT_ONCE: Final = 50
"""Events that are folded without a pause."""

COURSES: Final = 64
MINUTES: Final = 20_000
"""Kept: sessions, and minutes of levels (12 MB)."""


@dataclass(frozen=True, slots=True)
class Levels:
    """A page of levels, a byte a step. `start` and `length` (of the whole course so far, in whole steps) are in
    ms."""

    start: int
    length: int
    callers: bytes
    helpers: bytes

    @property
    def next(self) -> int:
        """Where the next page begins; 0: this is the last."""
        end = self.start + len(self.callers) * STEP_MS
        return end if end < self.length else 0


class Axis:
    """Session time without the stretches of which no sound is kept. All in samples."""

    def __init__(self, kept: Spans) -> None:
        self._spans = list(kept)
        self._places = [0]
        for start, end in self._spans:
            self._places.append(self._places[-1] + end - start)

    @property
    def length(self) -> int:
        """Of the course."""
        return self._places[-1]

    def place(self, session_time: int) -> int:
        """Where in the course that is; of what is not in it, where it goes on."""
        index = bisect_right(self._spans, session_time, key=lambda span: span[0]) - 1
        if index < 0:
            return 0
        start, end = self._spans[index]
        return self._places[index] + min(session_time, end) - start

    def there(self, place: int) -> tuple[int, int]:
        """The session time of a place, and that at which the course leaves session time next."""
        index = min(bisect_right(self._places, place), len(self._spans)) - 1
        start, end = self._spans[index]
        return start + place - self._places[index], end


@dataclass(frozen=True, slots=True)
class _Made:
    """Levels of a minute that had so many frames, the last of which ended there. `settled`: no more come."""

    levels: bytes
    count: int
    end: int
    settled: bool


@dataclass(slots=True)
class _Course:
    """What is known of one session's course. `seen` and `digest`: how far its log is folded."""

    plan: Plan = field(default_factory=Plan)
    seen: int = 0
    digest: bytes = b""
    now: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _roles: dict[str, str] = field(default_factory=dict)
    _owners: dict[str, str] = field(default_factory=dict)
    _helping: set[str] = field(default_factory=set)

    def see(self, event: e.Event | e.Unknown) -> None:
        """The next event of the log."""
        self.plan.see(event)
        self.now = event.time * PER_MS
        if isinstance(event, e.ParticipantJoined):
            self._roles[event.participant] = event.role
        elif isinstance(event, e.AttachmentOpened):
            self._owners[event.attachment] = event.participant
        elif isinstance(event, e.SpeechQueued):
            self._helping.add(event.track)
        elif isinstance(event, e.VoiceStarted):
            role = self._roles.get(self._owners.get(event.attachment, ""), "user")
            if role != "user":
                self._helping.add(event.track)

    def helps(self, track: str) -> bool:
        """Whether it is the track of somebody who helps."""
        return track in self._helping

    def began(self, track: str, media_time: int) -> int:
        """The session time at which that media time was, in samples."""
        return self.plan.began[track] + media_time + self.plan.drift(track).at(media_time)


class Courses:
    """Courses of sessions, read from where their sound rests."""

    def __init__(self, store: Store, vault: Vault, keys: Keys) -> None:
        self._store = store
        self._vault = vault
        self._keys = keys
        self._kept = Kept(store, vault)
        self._courses: OrderedDict[SessionKey, _Course] = OrderedDict()
        self._minutes: OrderedDict[tuple[SessionKey, str, int], _Made] = OrderedDict()

    async def levels(self, key: SessionKey, start: int = 0) -> Levels:
        """The page of levels that begins at `start` (ms of the course; brought down to a step). Raises `NoSound`."""
        course, tracks = await self._read(key)
        axis = _axis(course, tracks)
        first = max(0, start) // STEP_MS
        whole = axis.length // SLOT
        steps = min(PAGE, max(0, whole - first))
        lanes = bytearray(steps), bytearray(steps)
        for track, minutes in tracks.items():
            lane = lanes[course.helps(track)]
            for minute in minutes:
                at = axis.place(course.began(track, minute * MINUTE)) // SLOT - first
                if -A_MINUTE < at < steps:
                    newest = minutes[-1] - minute < MOVES
                    found = await self._minute(key, track, minute, newest=newest)
                    _louder(lane, at, _heard(course.plan, track, minute, found))
        return Levels(first * STEP_MS, whole * STEP_MS, bytes(lanes[0]), bytes(lanes[1]))

    async def stretch(self, key: SessionKey, start: int, end: int, *, asides: bool = False) -> bytes:
        """The course from `start` to `end` (ms; at most `LONGEST_MS` of it) as stereo Ogg/Opus, mixed as a recording
        is. It ends before where session time goes on later, or the course ends. Raises `NoSound`."""
        course, tracks = await self._read(key)
        axis = _axis(course, tracks)
        begin, until = axis.there(start * PER_MS)
        length = min(until - begin, (min(end, start + LONGEST_MS) - start) * PER_MS)
        if length <= 0:
            raise NoSound
        voices = []
        for track, minutes in tracks.items():
            near = [each for each in minutes if _touches(course.began(track, each * MINUTE), begin, length)]
            if near:
                said = await self._frames(key, track, near)
                silent = course.plan.unheard(track)
                frames = [each for each in said if (asides or not each.aside) and not _in(silent, each)]
                plan = course.plan
                voices.append(Voice(frames, plan.sides[track], plan.began[track] - begin, plan.drift(track)))

        def write() -> bytes:
            out = io.BytesIO()
            write_mix(voices, out, length=length)
            return out.getvalue()

        return await asyncio.to_thread(write)

    async def _read(self, key: SessionKey) -> tuple[_Course, dict[str, list[int]]]:
        """The course as the log is now, and the minutes of its tracks that are kept."""
        course = self._courses.setdefault(key, _Course())
        self._courses.move_to_end(key)
        while len(self._courses) > COURSES:
            self._courses.popitem(last=False)
        try:
            async with course.lock:
                if not await self._fold(key, course):
                    self._courses[key] = course = _Course()
                    await self._fold(key, course)
        except (KeyUnknown, SessionForgotten):
            self._courses.pop(key, None)
            raise NoSound from None
        kept = await self._kept.tracks(key)
        tracks = {track: sorted(kept[track]) for track in course.plan.sides if kept.get(track)}
        if not tracks:
            raise NoSound
        return course, tracks

    async def _fold(self, key: SessionKey, course: _Course) -> bool:
        """Go on with the log. False: what was folded of it is not in it any more (its tail was lost)."""
        sealer = await self._keys.sealer(key.tenant, key.session)
        same = course.seen == 0
        async for stored in self._vault.entries(self._store, key, max(0, course.seen - 1)):
            if stored.offset == course.seen:
                same = stored.digest == course.digest
            elif same:
                course.see(opened_entry(key, sealer, stored).event)
                course.seen, course.digest = stored.offset, stored.digest
                if not course.seen % AT_ONCE:
                    await asyncio.sleep(0)  # calls go on beside it
        return same

    async def _minute(self, key: SessionKey, track: str, minute: int, *, newest: bool) -> bytes:
        name = (key, track, minute)
        made = self._minutes.get(name)
        if made is None or newest or not made.settled:
            said = [each for each in await self._frames(key, track, [minute]) if not each.aside]
            made = await _made(made, said, minute, settled=not newest)
            self._minutes[name] = made
            while len(self._minutes) > MINUTES:
                self._minutes.popitem(last=False)
        self._minutes.move_to_end(name)
        return made.levels

    async def _frames(self, key: SessionKey, track: str, minutes: list[int]) -> list[Frame]:
        try:
            return await Keeper(self._kept, self._keys, key).read(track, minutes)
        except (KeyUnknown, SessionForgotten):
            raise NoSound from None


async def _made(known: _Made | None, said: list[Frame], minute: int, *, settled: bool) -> _Made:
    """The levels of a minute; of one that has only grown what is new is decoded, from a little before."""
    end = said[-1].end if said else 0
    count = 0 if known is None else known.count
    if known is None or not 0 < count <= len(said) or said[count - 1].end != known.end:
        found = await asyncio.to_thread(levels, said, minute)
    elif count == len(said):
        found = known.levels
    else:
        grown = bytearray(known.levels)
        _louder(grown, 0, await asyncio.to_thread(levels, said[max(0, count - BEFORE) :], minute))
        found = bytes(grown)
    return _Made(found, len(said), end, settled)


def _axis(course: _Course, tracks: dict[str, list[int]]) -> Axis:
    """Nothing is later than what the log says of it, but for what is being said now."""
    spans = Spans()
    for track, minutes in tracks.items():
        for minute in minutes:
            start = course.began(track, minute * MINUTE)
            spans.add(start, max(start + SLOT, min(start + MINUTE, course.now + 2 * RATE)))
    return Axis(spans)


def _touches(start: int, begin: int, length: int) -> bool:
    """Whether a minute from `start` on is touched by the stretch."""
    return start < begin + length and start + MINUTE > begin


def _in(spans: Spans, frame: Frame) -> bool:
    return not spans.holes(frame.media_time, frame.media_time + 1)


def _heard(plan: Plan, track: str, minute: int, found: bytes) -> bytes:
    """Without what nobody heard."""
    if not found.strip(b"\0"):
        return found
    kept = bytearray(found)
    for step in _steps(plan.unheard(track), minute):
        kept[step] = 0
    return bytes(kept)


def _steps(spans: Spans, minute: int) -> Iterator[int]:
    """The steps of a minute that lie in the spans wholly."""
    base = minute * A_MINUTE
    for start, end in spans:
        yield from range(max(0, -(-start // SLOT) - base), max(0, min(A_MINUTE, end // SLOT - base)))


def _louder(lane: bytearray, at: int, found: bytes) -> None:
    """Put the steps into the lane from `at` on, where they are louder."""
    for step in range(max(0, -at), min(len(found), len(lane) - at)):
        if found[step] > lane[at + step]:
            lane[at + step] = found[step]
