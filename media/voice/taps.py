"""Agents that listen themselves: a microphone's frames as they come, as Opus or as PCM at the rate asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from legato.wire import down
from legato.wire.audio import OPUS, PCM, Audio, encode_audio
from legato.wire.up import Listen
from media.codecs import RATES, Decoder
from media.frames import Frame
from media.opus import BadOpus
from media.voice.streams import Hearer

MOST: Final = 16
"""Taps of one session."""


@dataclass(slots=True)
class _Tap:
    hearer: Hearer
    asked: Listen
    streams: dict[str, tuple[int, Decoder | None]] = field(default_factory=dict)


class Taps:
    """The taps of one session."""

    def __init__(self) -> None:
        self._taps: list[_Tap] = []
        self._streams = 0

    def __bool__(self) -> bool:
        return bool(self._taps)

    def add(self, hearer: Hearer, asked: Listen) -> bool:
        """The hearer is told of each microphone when it speaks first, then gets its frames. False: it cannot
        be had at that rate, or too many listen."""
        if len(self._taps) >= MOST or (asked.format == "pcm" and asked.rate not in RATES):
            return False
        self._taps.append(_Tap(hearer, asked))
        return True

    def remove(self, hearer: Hearer) -> None:
        """Its connection ended."""
        self._taps = [tap for tap in self._taps if tap.hearer is not hearer]

    def frame(self, participant: str, track: str, frame: Frame) -> None:
        """A frame of a microphone."""
        for tap in self._taps:
            if tap.asked.participant in ("", participant):
                self._send(tap, participant, track, frame)

    def _send(self, tap: _Tap, participant: str, track: str, frame: Frame) -> None:
        known = tap.streams.get(track)
        if known is None:
            self._streams += 1
            pcm = tap.asked.format == "pcm"
            known = tap.streams[track] = (self._streams, Decoder(tap.asked.rate) if pcm else None)
            tap.hearer.tell(
                down.Listening(
                    stream=known[0],
                    participant=participant,
                    track=track,
                    format=tap.asked.format,
                    rate=tap.asked.rate,
                )
            )
        stream, decoder = known
        payload = frame.payload
        if decoder is not None:
            try:
                payload = decoder.push(frame.payload)
            except BadOpus:
                payload = decoder.silence(frame.samples)
        if payload:
            kind = OPUS if decoder is None else PCM
            audio = Audio(kind, stream, frame.media_time, (payload,), frame.resent)
            tap.hearer.send_audio(encode_audio(audio))
