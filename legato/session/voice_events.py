"""What happened to calls and their sound. `events` lists these with all others."""

from __future__ import annotations

from msgspec import field

from legato.session.event import Event


class VoiceStarted(Event, frozen=True, kw_only=True):
    """A call carries this attachment's audio from here on; `track`, its microphone, stands at `media_time`."""

    attachment: str
    call: str
    track: str
    media_time: int = 0


class VoiceEnded(Event, frozen=True, kw_only=True):
    """The call of an attachment is over."""

    attachment: str
    call: str
    reason: str = ""


class HoldChanged(Event, frozen=True, kw_only=True):
    """The person at the attachment lets its sound wait, both ways, or goes on."""

    attachment: str
    holds: bool


class SpeechQueued(Event, frozen=True, kw_only=True):
    """Speech of `message` rests in `track` from media time `start` to `end` (samples at 48 kHz);
    `characters` of the message's text are spoken by then. What is at `start` comes after `samples` of the message's
    speech: the same track and start again is the same stretch, grown; another one takes the place of all that was
    queued beyond `samples`. `words` are those that became known: `characters` of the text are spoken by `samples`."""

    message: str
    track: str
    start: int
    end: int
    characters: int
    samples: int = 0
    words: list[tuple[int, int]] = field(default_factory=list)


class SpeechShown(Event, frozen=True, kw_only=True):
    """`participant` turned to text while the message was being said: what it had not heard by then was shown to it,
    and counts as read."""

    message: str
    participant: str


class SpeechSkipped(Event, frozen=True, kw_only=True):
    """`participant` came back from a gap and went straight on: characters `start` to `end` of the message were not
    played to it. They were shown, and count as heard from then on."""

    message: str
    participant: str
    start: int
    end: int


class ClockSighted(Event, frozen=True, kw_only=True):
    """What the microphone of `track` said up to `media_time` had come `ago` ms before this: by such sightings its clock
    is compared with the session's."""

    track: str
    media_time: int
    ago: int = 0


class GapMarked(Event, frozen=True, kw_only=True):
    """Audio of `track` between media times `start` and `end` was lost for good."""

    track: str
    start: int
    end: int
