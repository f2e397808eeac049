"""The voice door: SDP offers become calls of a session, and agents' audio finds its way in and out.

A thin shell: `CallPort` below, the node's `Desk` above. It implements `signaling.voice.calls.Calls` and
`signaling.connection.line.Sounds`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from hub.store.promise import SessionKey
from legato.wire.audio import OPUS, Audio
from legato.wire.up import Dial, Lacking, Listen, Microphone, Speak
from media.codecs import RATES, BadPcm, Encoder
from media.opus import FRAME, BadOpus, duration
from media.rtc.call import Call, CallState
from media.rtc.rtp import AudioPacket
from media.voice.desk import Desk
from media.voice.errands import Errands
from media.voice.recital import Recital
from media.voice.rest import Report
from media.voice.session import SessionVoice
from signaling.connection.line import Line
from signaling.doorkeeper import Arrival
from signaling.ice.mux import MuxFull
from signaling.voice.call_port import CallPort
from signaling.voice.calls import Answered, AskedTicket, GivenTicket, OfferRefused
from signaling.voice.dialling import Dialling, Keys
from signaling.voice.sdp import BadOffer, read_offer
from signaling.voice.streams import MicrophoneStreams

MOST_STREAMS: Final = 8
"""Streams of its own audio that one connection may have open."""

OFFER_S: Final = 5.0


class _Brought:
    """A message whose sound its agent brings."""

    def __init__(self, voice: SessionVoice, asked: Speak, author: str) -> None:
        self.voice = voice
        self.recital: Recital = voice.answering.bring(asked.message, author)
        self._encoder = Encoder(asked.rate) if asked.format == "pcm" else None

    def add(self, audio: Audio) -> None:
        """A piece of it. What is no sound is dropped."""
        try:
            frames = self._frames(audio)
        except (BadPcm, BadOpus):
            return
        if frames and self.recital.brought is not None:
            self.recital.brought.append(tuple(frames))
            self.recital.news.set()

    def end(self) -> None:
        """That was all."""
        if self._encoder is not None and self.recital.brought is not None and not self.recital.closed:
            self.recital.brought.append(tuple(self._encoder.flush()))
        self.voice.answering.brought_all(self.recital)

    def _frames(self, audio: Audio) -> list[bytes]:
        if self._encoder is not None:
            return self._encoder.push(audio.frames[0]) if audio.kind != OPUS else []
        return [frame for frame in audio.frames if audio.kind == OPUS and duration(frame) == FRAME]


class VoiceDoor:
    """See the module. `port` is started and closed by its owner, as is `desk`."""

    def __init__(self, desk: Desk, port: CallPort, keys: Keys) -> None:
        self.desk = desk
        self.port = port
        self.captures = True
        self._errands = Errands()
        self._microphones = MicrophoneStreams(desk, port.now)
        self._dialling = Dialling(desk, port, keys, self._errands.spawn)
        self._brought: dict[Line, dict[int, _Brought]] = {}

    # --- `signaling.voice.calls.Calls`

    async def offer(self, line: Line, sdp: str, heard: Report | None = None) -> Answered:
        """See `Calls`."""
        arrival = line.arrival
        assert arrival is not None
        try:
            offer = read_offer(sdp)
        except BadOffer as bad:
            raise OfferRefused(bad.reason) from None
        attachment, participant = arrival.actor.attachment, arrival.actor.participant
        async with asyncio.timeout(OFFER_S), self.desk.voice(arrival.room.key) as voice:
            if voice is None:
                raise OfferRefused("no such session")
            ear = await voice.ear_for(attachment, participant)
            returning = await voice.returning(participant, heard)
            turned = _turned(voice, attachment)
            try:
                answer, call = self.port.accept(offer, _heard(voice, attachment), turned)
            except MuxFull:
                raise OfferRefused("too many calls") from None
            voice.begin(ear, call.key, call, returning)
        return Answered(call.key, answer, ear.track)

    def ticket(self, line: Line, asked: AskedTicket) -> GivenTicket:
        """See `Calls`."""
        return self._dialling.ticket(line, asked)

    async def hang_up(self, line: Line, call: str) -> bool:
        """See `Calls`."""
        arrival = line.arrival
        voice = self.desk.here(arrival.room.key) if arrival is not None else None
        return voice is not None and arrival is not None and voice.hang_up(arrival.actor.attachment, call)

    # --- `signaling.connection.line.Sounds`

    def sound(self, line: Line, what: Any) -> None:
        """See `Sounds`."""
        if isinstance(what, Dial):
            self._dialling.announce(line, what)
        elif isinstance(what, Microphone):
            self._microphones.open(line, what)
        elif isinstance(what, Lacking):
            self._microphones.lacking(line, what)
        elif isinstance(what, Audio) and self._microphones.add(line, what):
            return
        elif line.arrival is not None and line.arrival.actor.role == "agent":
            self._of_agent(line, line.arrival, what)

    def _of_agent(self, line: Line, arrival: Arrival, what: Any) -> None:
        if isinstance(what, Audio):
            brought = self._brought.get(line, {}).get(what.stream)
            if brought is not None:
                brought.add(what)
        elif isinstance(what, Listen):
            self._errands.spawn(self._listen(line, arrival.room.key, what))
        elif isinstance(what, Speak):
            self._speak(line, arrival.room.key, arrival.actor.participant, what)

    def ended(self, line: Line) -> None:
        """See `Sounds`."""
        self._microphones.ended(line)
        for brought in self._brought.pop(line, {}).values():
            brought.end()
        if line.arrival is not None:
            voice = self.desk.here(line.arrival.room.key)
            if voice is not None:
                voice.taps.remove(line)

    # --- inside

    async def _listen(self, line: Line, key: SessionKey, asked: Listen) -> None:
        async with asyncio.timeout(OFFER_S), self.desk.voice(key) as voice:
            if voice is not None:
                voice.taps.add(line, asked)

    def _speak(self, line: Line, key: SessionKey, author: str, asked: Speak) -> None:
        streams = self._brought.setdefault(line, {})
        known = streams.get(asked.stream)
        if asked.end:
            if known is not None:
                streams.pop(asked.stream).end()
            return
        voice = self.desk.here(key)
        usable = asked.format == "opus" or asked.rate in RATES
        if voice is not None and known is None and usable and len(streams) < MOST_STREAMS:
            streams[asked.stream] = _Brought(voice, asked, author)


def _heard(voice: SessionVoice, attachment: str) -> Callable[[AudioPacket, int], None]:
    return partial(voice.hear, attachment)


def _turned(voice: SessionVoice, attachment: str) -> Callable[[Call], None]:
    def turned(call: Call) -> None:
        if call.state is CallState.CONNECTED:
            voice.connected(attachment, call)
        elif call.state in (CallState.CLOSED, CallState.FAILED):
            voice.ended(attachment, call, call.ending.value if call.ending is not None else "")

    return turned
