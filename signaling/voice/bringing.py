"""The door of sound that agents bring: envelopes of their connections find the message that they are the sound of.

Where somebody is on a call, on whatever node, the sound is taken here; what comes before the session's voice is open
here waits for it. Where nobody is, it is counted and let go.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from hub.keys.errors import KeysError
from hub.store.promise import StoreUnavailable
from legato.session.state import State
from legato.wire import down
from legato.wire.audio import PCM, Audio
from legato.wire.up import Speak
from media.opus import FRAME, RATE
from media.voice.bringing import Bringing
from media.voice.desk import Desk
from media.voice.errands import Errands
from signaling.connection import close_codes
from signaling.connection.line import Line
from signaling.doorkeeper import Arrival
from signaling.voice.in_turns import in_turns

log: Final = logging.getLogger("legato.voice")

MOST_STREAMS: Final = 8
"""Streams of its own audio that one connection may have open."""

MOST_EARLY: Final = 512
"""Envelopes that wait until the session's voice is open."""

OPEN_S: Final = 5.0


@dataclass(slots=True)
class _Stream:
    """`bringing`: where it goes (None: nowhere); `opening`: what comes is kept in `early`; `ended`: all of it came."""

    asked: Speak
    bringing: Bringing | None = None
    opening: bool = False
    ended: bool = False
    early: deque[Audio] = field(default_factory=deque)
    counted: int = 0


class BroughtStreams:
    """See the module."""

    def __init__(self, desk: Desk, errands: Errands) -> None:
        self._desk = desk
        self._errands = errands
        self._streams: dict[Line, dict[int, _Stream]] = {}

    def speak(self, line: Line, arrival: Arrival, asked: Speak) -> None:
        """A stream begins, or ends."""
        streams = self._streams.setdefault(line, {})
        known = streams.get(asked.stream)
        if asked.end:
            if known is not None and not known.ended:
                known.ended = True
                if not known.opening:
                    _end(line, known)
            return
        if known is not None and not known.ended:
            return
        if sum(not each.ended for each in streams.values()) >= MOST_STREAMS:
            line.tell(
                down.SoundTaken(
                    stream=asked.stream, message=asked.message, until=0, level="memory", over=True
                )
            )
            return
        stream = streams[asked.stream] = _Stream(asked)
        voice, room = self._desk.here(arrival.room.key), arrival.room
        if voice is not None:
            stream.bringing = voice.bringings.open(line, arrival.actor.participant, asked)
        elif listened_to(room.state):
            stream.opening = True
            self._errands.spawn(self._open(line, arrival, stream))
        else:
            self._count(line, stream)

    def add(self, line: Line, audio: Audio) -> None:
        """A piece of sound."""
        stream = self._streams.get(line, {}).get(audio.stream)
        if stream is None or stream.ended:
            return
        if stream.opening:
            if len(stream.early) < MOST_EARLY:
                stream.early.append(audio)
        elif stream.bringing is not None:
            stream.bringing.add(line, audio)
        else:
            stream.counted = audio.media_time + _length(audio, stream.asked.rate)
            self._count(line, stream)

    def ended(self, line: Line) -> None:
        """The connection is over: what it brought may go on by another one."""
        for stream in self._streams.pop(line, {}).values():
            if stream.bringing is not None:
                stream.bringing.shut(line)

    # --- inside

    async def _open(self, line: Line, arrival: Arrival, stream: _Stream) -> None:
        try:
            await self._find_message(line, arrival, stream)
            if (bringing := stream.bringing) is not None:
                await in_turns(stream.early, lambda audio: bringing.add(line, audio), lambda: True)
        except (StoreUnavailable, KeysError, TimeoutError) as problem:
            log.warning("brought sound was not taken", extra={"kind": type(problem).__name__})
            line.close(close_codes.OVERLOADED, "unavailable", retry_after_ms=500)
        finally:
            stream.opening = False
        if stream.ended:
            _end(line, stream)

    async def _find_message(self, line: Line, arrival: Arrival, stream: _Stream) -> None:
        async with asyncio.timeout(OPEN_S), self._desk.voice(arrival.room.key) as voice:
            if voice is not None and self._streams.get(line, {}).get(stream.asked.stream) is stream:
                stream.bringing = voice.bringings.open(line, arrival.actor.participant, stream.asked)

    def _count(self, line: Line, stream: _Stream) -> None:
        """Nobody listens: its agent need not keep it."""
        asked = stream.asked
        line.tell(
            down.SoundTaken(stream=asked.stream, message=asked.message, until=stream.counted, level="memory")
        )


def _end(line: Line, stream: _Stream) -> None:
    if stream.bringing is not None:
        stream.bringing.end(line)


def listened_to(state: State) -> bool:
    """Whether somebody is on a call, or means to be."""
    agents = {id for id, who in state.participants.items() if who.role == "agent"}
    return any(
        each.participant not in agents and (each.call or "audio" in each.takes)
        for each in state.attachments.values()
    )


def _length(audio: Audio, rate: int) -> int:
    """Its samples at 48 kHz, at least."""
    return -(-(len(audio.frames[0]) // 2) * RATE // rate) if audio.kind == PCM else len(audio.frames) * FRAME
