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
from legato.wire.audio import Audio
from legato.wire.up import Dial, Lacking, Listen, Microphone, Speak
from media.rtc.call import Call, CallState
from media.rtc.rtp import AudioPacket
from media.voice.desk import Desk
from media.voice.errands import Errands
from media.voice.owning import claimed
from media.voice.rest import Report
from media.voice.session import SessionVoice
from signaling.connection.line import Line
from signaling.doorkeeper import Arrival
from signaling.ice.mux import MuxFull
from signaling.voice.bringing import BroughtStreams
from signaling.voice.call_port import CallPort
from signaling.voice.calls import Answered, AskedTicket, CallsFull, GivenTicket, OfferRefused
from signaling.voice.dialling import Dialling, Keys
from signaling.voice.sdp import BadOffer, read_offer
from signaling.voice.streams import MicrophoneStreams

OFFER_S: Final = 5.0


class VoiceDoor:
    """See the module. `port` is started and closed by its owner, as is `desk`."""

    def __init__(self, desk: Desk, port: CallPort, keys: Keys) -> None:
        self.desk = desk
        self.port = port
        self.captures = True
        self._errands = Errands()
        self._microphones = MicrophoneStreams(desk, port.now)
        self._dialling = Dialling(desk, port, keys, self._errands.spawn)
        self._brought = BroughtStreams(desk, self._errands)

    # --- `signaling.voice.calls.Calls`

    async def offer(
        self, line: Line, sdp: str, heard: Report | None = None, *, again: bool = False
    ) -> Answered:
        """See `Calls`."""
        arrival = line.arrival
        assert arrival is not None
        try:
            offer = read_offer(sdp)
        except BadOffer as bad:
            raise OfferRefused(bad.reason) from None
        attachment, participant = arrival.actor.attachment, arrival.actor.participant
        claim = claimed(arrival.room.state, attachment, again=again)
        async with asyncio.timeout(OFFER_S), self.desk.voice(arrival.room.key) as voice:
            if voice is None:
                raise OfferRefused("no such session")
            if self.port.full and not voice.has_call(attachment):
                raise CallsFull
            ear = await voice.ear_for(attachment, participant)
            returning = await voice.returning(participant, heard, claim=claim)
            turned = _turned(voice, attachment)
            try:
                answer, call = self.port.accept(offer, _heard(voice, attachment), turned)
            except MuxFull:
                raise CallsFull from None
            voice.begin(ear, call.key, call, returning, claim=claim)
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
            self._brought.add(line, what)
        elif isinstance(what, Listen):
            self._errands.spawn(self._listen(line, arrival.room.key, what))
        elif isinstance(what, Speak):
            self._brought.speak(line, arrival, what)

    def ended(self, line: Line) -> None:
        """See `Sounds`."""
        self._microphones.ended(line)
        self._brought.ended(line)
        if line.arrival is not None:
            voice = self.desk.here(line.arrival.room.key)
            if voice is not None:
                voice.taps.remove(line)

    # --- inside

    async def _listen(self, line: Line, key: SessionKey, asked: Listen) -> None:
        async with asyncio.timeout(OFFER_S), self.desk.voice(key) as voice:
            if voice is not None:
                voice.taps.add(line, asked)


def _heard(voice: SessionVoice, attachment: str) -> Callable[[AudioPacket, int], None]:
    return partial(voice.hear, attachment)


def _turned(voice: SessionVoice, attachment: str) -> Callable[[Call], None]:
    def turned(call: Call) -> None:
        if call.state is CallState.CONNECTED:
            voice.connected(attachment, call)
        elif call.state in (CallState.CLOSED, CallState.FAILED):
            voice.ended(attachment, call, call.ending.value if call.ending is not None else "")

    return turned
