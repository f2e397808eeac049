"""The door of microphone streams: envelopes of connections find the ear of their capture.

What comes before the ear is there waits for it, within a bound; what comes faster than a microphone can have said
it is dropped, is not acknowledged, and may come again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hub.keys.errors import KeysError
from hub.store.promise import StoreUnavailable
from legato.wire.audio import OPUS, Audio
from legato.wire.up import Lacking, Microphone
from media.voice.captured import CapturedEar
from media.voice.desk import Desk
from media.voice.errands import Errands
from media.voice.owning import Claim, claimed
from media.voice.session import SessionVoice
from signaling.connection import close_codes
from signaling.connection.allowance import Allowance
from signaling.connection.line import Line
from signaling.voice.in_turns import in_turns

log: Final = logging.getLogger("legato.voice")

MOST_STREAMS: Final = 4
"""Microphone streams that one connection may have open."""

FRAMES_A_SECOND: Final = 250
FRAMES_AT_ONCE: Final = 3_000
OPEN_S: Final = 5.0


@dataclass(slots=True)
class _Stream:
    allowance: Allowance
    opening: int = 0
    voice: SessionVoice | None = None
    ear: CapturedEar | None = None
    early: deque[Audio] = field(default_factory=deque)


class MicrophoneStreams:
    """See the module. `now`: monotonic ms."""

    def __init__(self, desk: Desk, now: Callable[[], int]) -> None:
        self._desk = desk
        self._now = now
        self._streams: dict[Line, dict[int, _Stream]] = {}
        self._errands = Errands()

    def open(self, line: Line, asked: Microphone) -> None:
        """A stream begins, or changes."""
        arrival = line.arrival
        if arrival is None or not arrival.ticket.allows("publish") or arrival.actor.role == "agent":
            return
        streams = self._streams.setdefault(line, {})
        if asked.stream not in streams and len(streams) >= MOST_STREAMS:
            return
        allowance = Allowance(FRAMES_A_SECOND, FRAMES_AT_ONCE, self._now())
        stream = streams.setdefault(asked.stream, _Stream(allowance))
        stream.opening += 1
        claim = claimed(arrival.room.state, arrival.actor.attachment, again=asked.again)
        self._errands.spawn(self._open(line, stream, asked, claim))

    def add(self, line: Line, audio: Audio) -> bool:
        """A piece of sound; False if its stream is no microphone's."""
        stream = self._streams.get(line, {}).get(audio.stream)
        if stream is None:
            return False
        now = self._now()
        if audio.kind != OPUS or stream.allowance.take(now, len(audio.frames)):
            return True
        if stream.ear is None or stream.opening:
            stream.early.append(audio)
        else:
            stream.ear.on_stream(audio, now)
        return True

    def lacking(self, line: Line, said: Lacking) -> None:
        """The client lacks something for good."""
        stream = self._streams.get(line, {}).get(said.stream)
        if stream is not None and stream.ear is not None:
            stream.ear.lacking(said.gaps)

    def ended(self, line: Line) -> None:
        """The connection is over."""
        for number, stream in self._streams.pop(line, {}).items():
            if stream.ear is not None and stream.voice is not None:
                stream.voice.shut_stream(stream.ear, line, number)

    async def _open(self, line: Line, stream: _Stream, asked: Microphone, claim: Claim) -> None:
        try:
            await self._find_ear(line, stream, asked, claim)
            await self._catch_up(stream)
        except (StoreUnavailable, KeysError, TimeoutError) as problem:
            log.warning("a microphone was not taken", extra={"kind": type(problem).__name__})
            line.close(close_codes.OVERLOADED, "unavailable", retry_after_ms=500)
        finally:
            stream.opening -= 1
        if line not in self._streams and stream.ear is not None and stream.voice is not None:
            stream.voice.shut_stream(stream.ear, line, asked.stream)

    async def _find_ear(self, line: Line, stream: _Stream, asked: Microphone, claim: Claim) -> None:
        arrival = line.arrival
        assert arrival is not None
        actor = arrival.actor
        async with asyncio.timeout(OPEN_S), self._desk.voice(arrival.room.key) as voice:
            if voice is None or self._streams.get(line, {}).get(asked.stream) is not stream:
                return
            before = stream.ear
            stream.voice = voice
            stream.ear = await voice.open_stream(line, actor.attachment, actor.participant, asked, claim)
            if before is not None and before is not stream.ear:
                voice.shut_stream(before, line, asked.stream)

    async def _catch_up(self, stream: _Stream) -> None:
        """What came while it was opened; whoever opens it anew meanwhile goes on."""
        if (ear := stream.ear) is not None:
            await in_turns(
                stream.early, lambda audio: ear.on_stream(audio, self._now()), lambda: stream.opening == 1
            )
