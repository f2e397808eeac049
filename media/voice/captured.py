"""An ear whose microphone is acknowledged: it asks for what is missing, and waits for it."""

from __future__ import annotations

from typing import Final

from legato.session.routing import PEOPLE
from legato.wire.audio import Audio
from media.frames import Frame, Mark
from media.opus import BadOpus, duration
from media.ring import Write
from media.rtc.rtp import AudioPacket
from media.voice.capture import Capture
from media.voice.ear import Ear, Tools
from media.voice.holding import Holding, Step
from media.voice.streams import Hearer, Streams

_RESENT: Final = int(Mark.RESENT)


class CapturedEar(Ear):
    """See the module."""

    def __init__(self, attachment: str, participant: str, track: str, capture: Capture, tools: Tools) -> None:
        super().__init__(attachment, participant, track, capture, tools)
        self._capture = capture
        self._streams = Streams(track, capture.receipts, tools.level)
        self._holding = Holding()
        self._came_at: int | None = None
        self._order.begin(capture.tail)

    def open(self, hearer: Hearer, number: int, since: int, now: int) -> None:
        """A stream brings the capture from `since` on, and is told what the hub has."""
        self._lose(self._capture.receipts.opened(since))
        self._streams.open(hearer, number, now)

    def shut(self, hearer: Hearer, number: int) -> None:
        """The stream's connection is over."""
        self._streams.close(hearer, number)

    def on_audio(self, packet: AudioPacket, now: int) -> None:
        """See `Ear`."""
        self._came_at = now
        super().on_audio(packet, now)

    def on_stream(self, audio: Audio, now: int) -> None:
        """An envelope of the stream: frames that follow each other."""
        self._came_at = now
        if not audio.resent:
            self.heard_at = now
        media_time = audio.media_time
        for payload in audio.frames:
            mark = _RESENT | self._was_aside(media_time) if audio.resent else self._aside
            self._took(*self._capture.take(media_time, payload, mark, now), now)
            try:
                media_time += duration(payload)
            except BadOpus:
                return

    def lacking(self, gaps: list[tuple[int, int]]) -> None:
        """The client does not hold these either."""
        for start, end in gaps:
            self._lose(self._capture.receipts.lacking(start, end))

    def left(self, since: int, until: int) -> None:
        """The client that held what it said from `since` to `until` is gone."""
        self._lose(self._capture.receipts.left(since, until))

    def tick(self, now: int) -> None:
        """See `Ear`."""
        self._wait(now)
        super().tick(now)
        self._streams.tick(now)

    def _took(self, frame: Frame | None, writes: list[Write], now: int, level: int | None = None) -> None:
        if frame is not None and not frame.resent:
            self._asides.note(frame.media_time, aside=self._far_aside)
        super()._took(frame, writes, now, level)

    def _was_aside(self, media_time: int) -> int:
        """The mark of what was said then. What a user says who is held is none: it is in the recording."""
        who = self._tools.room.state.participants.get(self.participant)
        if who is None or who.role not in PEOPLE:
            return 0
        return int(Mark.ASIDE) if self._asides.at(media_time, unknown=self._unknown) else 0

    def _wait(self, now: int) -> None:
        silent_for = 0 if self._came_at is None else now - self._came_at
        step = self._holding.look(self._order.hole, silent_for, now)
        if step is Step.HOLD:
            self._order.hold(now)
            self._listener.hold(now)
        elif step is Step.RELEASE:
            self._hear(self._order.release(now), now)
            self._listener.release(now)
