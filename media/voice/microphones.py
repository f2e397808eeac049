"""The microphones of one session on this node: an ear for each attachment, on the track where it goes on.

A microphone whose frames carry their media time is a *capture*; its track is named by attachment and capture, so
it goes on by itself on every node. Any other goes on where the store's ring ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from hub.node.promise import Room
from legato.session import events as e
from legato.session.ids import HUB
from legato.session.state import Message
from legato.session.voice_rules import gap_marked
from legato.wire.up import LeftBehind
from media.voice.capture import Capture
from media.voice.captured import CapturedEar
from media.voice.clerk import Clerk
from media.voice.ear import Ear, Floor, Tools
from media.voice.echoes import Echoes
from media.voice.keeper import Keeper
from media.voice.microphone import Microphone
from media.voice.receipts import GIVEN_UP, Receipts
from media.voice.sound import Sound
from media.voice.taps import Taps

_MARK: Final = "."


def track_of(attachment: str, capture: str) -> str:
    """The track of an attachment's capture: nobody else's can have that name."""
    return f"t_{attachment.removeprefix('a_')}{_MARK}{capture}"


def capture_of(track: str) -> str:
    """The capture that a track is of; empty if it is of none."""
    return track.rpartition(_MARK)[2] if _MARK in track else ""


class Microphones:
    """See the module."""

    def __init__(self, tools: Tools, sound: Sound) -> None:
        self._tools = tools
        self._sound = sound
        self._ears: dict[str, Ear] = {}
        self.get = self._ears.get
        """The ear of an attachment, if it has one."""
        self._work: dict[str, asyncio.Task[None]] = {}
        self._left: set[tuple[str, int]] = set()
        """Captures that ended with their client, and where: what they lost is named."""

    def __contains__(self, attachment: str) -> bool:
        return attachment in self._ears

    def __getitem__(self, attachment: str) -> Ear:
        return self._ears[attachment]

    def tick(self, now: int) -> None:
        """Time passed."""
        for each in self._ears.values():
            each.tick(now)

    def suspect(self, participant: str, now: int) -> None:
        """The participant's page hears what may be speech."""
        for each in self._ears.values():
            if each.participant == participant and each.heard_at is not None:
                each.suspect(now)

    def abandon(self) -> None:
        """The node lets the session go."""
        for each in self._ears.values():
            each.abandon()

    def close(self, attachment: str) -> None:
        """The attachment is gone for good."""
        ear = self._ears.pop(attachment, None)
        if ear is not None:
            ear.close()
            self._work.pop(attachment).cancel()

    async def ear(
        self, attachment: str, participant: str, capture: str | None, tasks: asyncio.TaskGroup
    ) -> Ear:
        """The attachment's ear for this capture (empty: for none; None: the one that it has, or the log names)."""
        if capture is None and attachment in self._ears:
            return self._ears[attachment]
        known = self._room.state.attachments.get(attachment)
        track = known.track if known is not None else ""
        if capture is None:
            capture = capture_of(track)
        if (ear := self._going_on(attachment, capture)) is not None:
            return ear
        if capture:
            made: Ear = await self._captured(attachment, participant, track_of(attachment, capture))
        else:
            made = await self._plain(attachment, participant, "" if capture_of(track) else track)
        await self._keeper.unlock()
        self.close(attachment)
        self._ears[attachment] = made
        self._work[attachment] = tasks.create_task(made.run())
        return made

    async def lost(self, attachment: str, before: Sequence[LeftBehind]) -> None:
        """What these captures of the attachment still held is lost with the client that held it: the log names what
        of it never came."""
        for each in before:
            track, ear = track_of(attachment, each.capture), self._ears.get(attachment)
            here = ear if isinstance(ear, CapturedEar) and ear.track == track else None
            kept = await self._keeper.recent(track, GIVEN_UP) if here is None else ()
            if (track, each.until) in self._left:
                continue
            self._left.add((track, each.until))
            if here is not None:
                here.left(each.since, each.until)
                continue
            for start, end in Receipts(kept).left(each.since, each.until):
                self._tools.clerk.write(gap_marked(self._room.state, track, start, end))

    def left_open(self, ear: Ear) -> list[e.Event]:
        """Turns that the participant was speaking when its last call was lost with its node: they end here,
        and are answered as far as they were understood."""
        state = self._room.state
        if any(each.participant == ear.participant for each in self._ears.values() if each is not ear):
            return []
        events: list[e.Event] = []
        for turn in state.turns.values():
            if turn.participant == ear.participant and turn.status == "speaking" and not ear.owns(turn.id):
                entries = (entry for entry in state.entries.values() if isinstance(entry, Message))
                worded = any(entry.turn == turn.id for entry in entries)
                events.append(e.TurnEnded(by=HUB, turn=turn.id, empty=not worded, incomplete=True))
        return events

    @property
    def _room(self) -> Room:
        return self._tools.room

    @property
    def _keeper(self) -> Keeper:
        return self._tools.keeper

    def _going_on(self, attachment: str, capture: str) -> Ear | None:
        ear = self._ears.get(attachment)
        return ear if ear is not None and capture_of(ear.track) == capture else None

    async def _captured(self, attachment: str, participant: str, track: str) -> CapturedEar:
        kept = await self._keeper.recent(track, GIVEN_UP)
        return CapturedEar(attachment, participant, track, Capture(kept), self._tools)

    async def _plain(self, attachment: str, participant: str, track: str) -> Ear:
        """Its track goes on where the store's ring ends; a track of which nothing is hot any more has ended, and
        a new one begins."""
        start = await self._keeper.tail(track) if track else None
        if start is None:
            track, start = self._sound.new_id("t"), 0
        return Ear(attachment, participant, track, Microphone(start), self._tools)


def tools_for(
    room: Room, sound: Sound, clerk: Clerk, keeper: Keeper, taps: Taps, floor: Floor, echoes: Echoes
) -> Tools:
    """What the ears of a session work with."""
    return Tools(
        room=room,
        clerk=clerk,
        keeper=keeper,
        taps=taps,
        ears=sound.ears,
        listener=sound.listener,
        now=sound.now,
        new_id=sound.new_id,
        floor=floor,
        level=sound.store.level,
        echoes=echoes,
    )
