"""What was said in a session, as a file: any track as it came, or all of it as a stereo mix.

Sound is read where it rests: in the rings of the store while it is hot, then in the vault. One track is written
without coding it again. The mix has people on the left, agents on the right, each track placed by the session time
at which it began, and a microphone whose clock is off brought to the session's (`media.drift`); of an agent's speech
it has what was heard. What people said aside (`media.frames.Mark.ASIDE`) is silence in all of it, unless it is asked
for. (A microphone's track does not count the moments without a hub, so after a kill it stands that much early in the
mix.)
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from hub.keys.errors import KeyUnknown, SessionForgotten
from hub.node.entries import Keys, opened_entry
from hub.store.promise import Rings, SessionKey, Store, Stored
from legato.session import events as e
from legato.session.parts import Stretch
from media.drift import Drift
from media.frames import Frame
from media.recording import Side, Voice, write_mix, write_track
from media.ring import MINUTE
from media.spans import Spans
from media.timeline import PER_MS
from media.voice.keeper import Keeper

MOST_TRACKS: Final = 64
"""Tracks that a mix has at most: the newest."""


class Vault(Protocol):
    """Where sound rests after the store (`hub.vault`)."""

    async def audio(self, key: SessionKey, track: str, minute: int) -> dict[int, bytes]: ...

    async def tracks(self, key: SessionKey) -> dict[str, list[int]]: ...

    def entries(self, store: Store, key: SessionKey, after: int = 0) -> AsyncIterator[Stored]: ...


class NoSound(Exception):
    """Nothing of that track, or of that session, is kept."""


class Kept:
    """Store and vault as one place of sound, to be read from."""

    def __init__(self, rings: Rings, vault: Vault) -> None:
        self._rings = rings
        self._vault = vault

    async def put_audio(self, key: SessionKey, track: str, batches: Mapping[tuple[int, int], bytes]) -> bool:
        """See `Rings`."""
        return await self._rings.put_audio(key, track, batches)

    async def audio(self, key: SessionKey, track: str, minute: int) -> dict[int, bytes]:
        """See `Rings`."""
        kept = await self._vault.audio(key, track, minute)
        return {**kept, **await self._rings.audio(key, track, minute)}

    async def tracks(self, key: SessionKey) -> dict[str, list[int]]:
        """See `Rings`."""
        held = {track: set(minutes) for track, minutes in (await self._vault.tracks(key)).items()}
        for track, minutes in (await self._rings.tracks(key)).items():
            held.setdefault(track, set()).update(minutes)
        return {track: sorted(minutes) for track, minutes in held.items()}

    async def drop_audio(
        self, key: SessionKey, track: str, minute: int, fields: Collection[int] | None = None
    ) -> None:
        """See `Rings`."""
        await self._rings.drop_audio(key, track, minute, fields)


@dataclass(slots=True)
class _Said:
    """One message's speech: where it rests, and how much each participant heard of it."""

    stretches: list[Stretch] = field(default_factory=list)
    heard: dict[str, int] = field(default_factory=dict)

    def unheard(self, track: str, spans: Spans) -> None:
        """Put in what of the track nobody heard: it was cut off, or said again elsewhere."""
        heard = max(self.heard.values(), default=0)
        for each, following in zip(self.stretches, [*self.stretches[1:], None], strict=True):
            if each.track == track:
                until = heard if following is None else min(heard, following.samples)
                spans.add(max(each.start, min(each.end, each.start + until - each.samples)), each.end)


@dataclass(slots=True)
class Plan:
    """Where each track stands in the mix. Pure: fold the log's events into it."""

    sides: dict[str, Side] = field(default_factory=dict)
    began: dict[str, int] = field(default_factory=dict)
    """Sample of session time at which a track's media time is 0."""
    drifts: dict[str, Drift] = field(default_factory=dict)
    """By how much the clock of a microphone's track is off."""
    _said: dict[str, _Said] = field(default_factory=dict)
    _ends: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of a turn whose track is not known yet: media and session time at which its end was heard."""
    _turns: dict[str, str] = field(default_factory=dict)
    """The track of each turn."""

    def see(self, event: e.Event | e.Unknown) -> None:
        """The next event of the log."""
        if isinstance(event, e.VoiceStarted):
            self.sides.setdefault(event.track, Side.LEFT)
            self.began.setdefault(event.track, event.time * PER_MS - event.media_time)
            self.drifts.setdefault(event.track, Drift(event.media_time))
        elif isinstance(event, e.SpeechQueued):
            self.sides.setdefault(event.track, Side.RIGHT)
            self.began.setdefault(event.track, event.time * PER_MS - event.start)
            self._queued(event, self._said.setdefault(event.message, _Said()).stretches)
        elif isinstance(event, e.HeardSettled) and (said := self._said.get(event.message)) is not None:
            said.heard[event.participant] = event.samples
        elif isinstance(event, e.ClockSighted):
            self.drift(event.track).see(event.media_time, (event.time - event.ago) * PER_MS)
        elif isinstance(event, e.TurnMarked) and event.mark == "end_of_turn" and event.media_time >= 0:
            self._ends[event.turn] = event.media_time, event.time * PER_MS
            self._sight(event.turn)
        elif isinstance(event, e.MessagePosted) and event.spoken is not None and event.turn:
            self._turns[event.turn] = event.spoken.track
            self._sight(event.turn)

    def drift(self, track: str) -> Drift:
        """By how much the clock of that track is off, as far as the log tells."""
        return self.drifts.setdefault(track, Drift())

    def unheard(self, track: str) -> Spans:
        """What is not in the mix: of speech what nobody heard. Of all that people say everything is."""
        spans = Spans()
        for said in self._said.values():
            said.unheard(track, spans)
        return spans

    def _sight(self, turn: str) -> None:
        if turn in self._turns and turn in self._ends:
            self.drift(self._turns[turn]).see(*self._ends.pop(turn))

    @staticmethod
    def _queued(event: e.SpeechQueued, stretches: list[Stretch]) -> None:
        if stretches and (stretches[-1].track, stretches[-1].start) == (event.track, event.start):
            stretches[-1] = Stretch(event.track, event.start, event.end, stretches[-1].samples)
        else:
            stretches[:] = [each for each in stretches if each.samples < event.samples]
            stretches.append(Stretch(event.track, event.start, event.end, event.samples))


class Recordings:
    """Makes files of sessions' sound."""

    def __init__(self, store: Store, vault: Vault, keys: Keys) -> None:
        self._store = store
        self._vault = vault
        self._keys = keys

    async def tracks(self, key: SessionKey) -> list[str]:
        """The tracks of which something is kept."""
        return sorted(await Kept(self._store, self._vault).tracks(key))

    async def track(
        self, key: SessionKey, track: str, start: int = -1, end: int = -1, *, asides: bool = False
    ) -> bytes:
        """One track as Ogg/Opus, packets as they came, holes as silence: from media time `start` to `end`, or
        (negative) from its first frame, to its last. `asides`: with what was not for everybody's ears. Raises
        `NoSound`."""
        frames = await self._frames(key, track, start, end)
        begin = start if start >= 0 else frames[0].media_time
        until = end if end >= 0 else frames[-1].end

        def write() -> bytes:
            out = io.BytesIO()
            write_track(_for_ears(frames, asides=asides), begin, until, out)
            return out.getvalue()

        return await asyncio.to_thread(write)

    async def mix(self, key: SessionKey, *, asides: bool = False) -> bytes:
        """The whole session as stereo Ogg/Opus; see `track`."""
        plan = Plan()
        try:
            sealer = await self._keys.sealer(key.tenant, key.session)
            async for stored in self._vault.entries(self._store, key):
                plan.see(opened_entry(key, sealer, stored).event)
        except (KeyUnknown, SessionForgotten):
            raise NoSound from None
        kept = await self.tracks(key)
        placed: list[tuple[str, list[Frame]]] = []
        for track in [each for each in plan.sides if each in kept][-MOST_TRACKS:]:
            said = _for_ears(await self._frames(key, track), asides=asides)
            silent = plan.unheard(track)
            frames = [frame for frame in said if silent.holes(frame.media_time, frame.media_time + 1)]
            if frames:
                placed.append((track, frames))
        if not placed:
            raise NoSound
        zero = min(plan.began[track] + frames[0].media_time for track, frames in placed)
        voices = [
            Voice(frames, plan.sides[track], plan.began[track] - zero, plan.drift(track))
            for track, frames in placed
        ]

        def write() -> bytes:
            out = io.BytesIO()
            write_mix(voices, out)
            return out.getvalue()

        return await asyncio.to_thread(write)

    async def _frames(self, key: SessionKey, track: str, start: int = -1, end: int = -1) -> list[Frame]:
        """What is kept between two media times (negative: no bound). Only the minutes that hold it are read."""
        keeper = Keeper(Kept(self._store, self._vault), self._keys, key)
        try:
            minutes = await keeper.minutes(track)
            wanted = [
                each for each in minutes if (each + 1) * MINUTE > start and (end < 0 or each * MINUTE < end)
            ]
            kept = await keeper.read(track, wanted)
        except (KeyUnknown, SessionForgotten):
            raise NoSound from None
        frames = [frame for frame in kept if frame.end > start and (end < 0 or frame.media_time < end)]
        if not frames:
            raise NoSound
        return frames


def _for_ears(frames: Iterable[Frame], *, asides: bool) -> list[Frame]:
    return [frame for frame in frames if asides or not frame.aside]


async def export_audio(
    recordings: Recordings,
    key: SessionKey,
    track: str = "",
    start: int = -1,
    end: int = -1,
    *,
    asides: bool = False,
) -> bytes:
    """The recording of one track (or of it between two media times), or (with none) of the whole session, as
    Ogg/Opus; see `Recordings.track`. Raises `NoSound`."""
    if track:
        return await recordings.track(key, track, start, end, asides=asides)
    return await recordings.mix(key, asides=asides)
