"""What one listener of a call hears: the agent's speech, other people's voices, or a mix of both.

The wheel gives a frame every 20 ms: the agent's speech, or silence. People's frames come when they come. As long
as one person talks and nothing else is to be heard, those frames go out as they come in, undecoded and at once;
the wheel's silence is left out then. As soon as there are two voices, or the agent speaks too, each is decoded,
added and encoded, at the wheel's pace.

    WHEEL ──somebody talks──▶ PASSING ──two voices, or the agent speaks──▶ MIXING
      ▲                          │  a pause, a hole                           │
      └──────────────────────────┴────────────────────── one voice or none ───┘

Media time never goes back: a frame that comes after its time was filled is left out. A microphone's clock is not the
wheel's: while somebody is passed on, the wheel's media time follows theirs by a sample a beat, so that an hour of talk
is neither a hole nor a pause at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from itertools import cycle
from typing import Any, Final

import numpy as np

from media.codecs import decode_packet, encode_frame, opus_decoder, opus_encoder
from media.frames import Frame
from media.mixer import Mixer, Samples
from media.opus import FRAME, SILENCE, BadOpus
from media.rtc.call import CallStats
from media.voice.carrier import Carrier
from media.voice.comfort import comfort
from media.voice.waiting import Waiting

HOLE: Final = 3 * FRAME
"""Samples that a voice that is passed on may be late before the wheel's silence takes its place."""

MOST_VOICES: Final = 4
"""People who are heard at once; who begins when so many talk waits until one is quiet."""

QUIET_AFTER: Final = 10
"""Beats without a frame after which a voice is over."""

BIT_RATE: Final = 32_000


class Stage(Enum):
    WHEEL = "wheel"
    PASSING = "passing"
    MIXING = "mixing"


class Blend:
    """A listener. It stands between the wheel and the call: a carrier for the one, and carried by the other."""

    def __init__(self, carrier: Carrier) -> None:
        self.stage = Stage.WHEEL
        self.carrier = carrier
        self._voices: dict[str, Waiting] = {}
        self._passing = ""
        self._anchor = 0
        """What to add to media times of the voice that is passed on."""
        self._clock = 0
        """Media time of the wheel's next beat."""
        self._sent = 0
        """Media time up to which frames were sent."""
        self._comfort: Iterator[bytes] | None = None
        self._mixer = Mixer()
        self._encoder: Any = None
        self._decoder: Any = None
        self.left_out = 0
        """Frames of people that came too late."""

    def stats(self) -> CallStats:
        """Those of the call."""
        return self.carrier.stats()

    def close(self) -> None:
        """Carry nothing more."""
        self.carrier.close()

    def wait(self, waits: bool) -> None:
        """Whether the listener is held: then a tone takes the place of silence."""
        if waits != (self._comfort is not None):
            self._comfort = cycle(comfort()) if waits else None

    # --- the wheel's beat

    def send_audio(self, opus: bytes, samples: int, skipped: int = 0) -> int | None:
        """The agent's next frame, or silence. Returns the RTP timestamp with which the agent's speech left."""
        if self.stage is Stage.PASSING:
            self._follow()
        beat = self._clock + skipped
        self._clock = beat + samples
        if self._voices:
            self._tire()
        if self._comfort is not None and opus == SILENCE:
            opus = next(self._comfort)
        spoken = opus != SILENCE
        if self.stage is Stage.MIXING:
            return self._mixed(opus if spoken else b"", beat)
        if self.stage is Stage.PASSING:
            if spoken:
                self._begin_mixing()
                return self._mixed(opus, beat)
            if beat - self._sent < HOLE:
                return None
            self._rest()
        if not spoken and beat + samples <= self._sent:
            return None
        return self._send(opus, samples, beat)

    # --- people's frames

    def hear(self, voice: str, frame: Frame, decoded: Callable[[], Samples]) -> None:
        """A frame in which somebody else talks. `decoded` decodes it, once for all who mix."""
        known = self._voices.get(voice)
        if known is None:
            if len(self._voices) >= MOST_VOICES:
                return
            known = self._voices[voice] = Waiting()
            self._joined(voice, frame)
        known.idle = 0
        if self.stage is Stage.MIXING:
            known.add(decoded())
        elif self.stage is Stage.PASSING and voice == self._passing:
            self._pass(frame)

    def quiet(self, voice: str) -> None:
        """The voice paused, or is gone."""
        if self._voices.pop(voice, None) is not None and (not self._voices or voice == self._passing):
            self._rest()

    # --- inside

    def _joined(self, voice: str, frame: Frame) -> None:
        if self.stage is Stage.PASSING:
            self._begin_mixing()
        elif self.stage is Stage.WHEEL:
            self.stage, self._passing = Stage.PASSING, voice
            self._anchor = max(self._sent, self._clock) - frame.media_time

    def _pass(self, frame: Frame) -> None:
        at = self._anchor + frame.media_time
        if at < self._sent:
            self.left_out += 1
            return
        self._send(frame.payload, frame.samples, at)

    def _follow(self) -> None:
        """A voice that is passed on is no more than two frames ahead of the wheel, and one behind."""
        ahead = self._sent - self._clock
        if ahead > 2 * FRAME:
            self._clock += 1
        elif ahead < -FRAME:
            self._clock -= 1

    def _begin_mixing(self) -> None:
        self.stage, self._passing = Stage.MIXING, ""
        if self._encoder is None:
            self._encoder = opus_encoder("mono", BIT_RATE, "voip")
            self._decoder = opus_decoder("mono")

    def _rest(self) -> None:
        """Back to the wheel; who still talks begins anew with its next frame."""
        self.stage, self._passing = Stage.WHEEL, ""
        self._voices.clear()

    def _tire(self) -> None:
        for name in [name for name, voice in self._voices.items() if voice.idle > QUIET_AFTER]:
            self.quiet(name)

    def _mixed(self, speech: bytes, beat: int) -> int | None:
        """One beat of the mix. With one voice left, and nothing of it waiting, it is passed on again."""
        voices = [samples for voice in self._voices.values() if (samples := voice.next()) is not None]
        if speech:
            voices.append(self._speech(speech))
        elif len(self._voices) < 2 and not any(self._voices.values()):
            self._rest()
        pcm = self._mixer.mix(voices).tobytes()
        stamp = None
        for packet in encode_frame(self._encoder, pcm, beat):
            stamp = self._send(packet, FRAME, beat)
        return stamp

    def _speech(self, opus: bytes) -> Samples:
        try:
            return np.frombuffer(decode_packet(self._decoder, opus), np.int16)
        except BadOpus:
            return np.zeros(FRAME, np.int16)

    def _send(self, opus: bytes, samples: int, at: int) -> int | None:
        at = max(at, self._sent)
        skipped, self._sent = at - self._sent, at + samples
        return self.carrier.send_audio(opus, samples, skipped)
