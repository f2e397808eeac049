"""An ear whose microphone is acknowledged: it asks for what is missing, and waits for it."""

from __future__ import annotations

from legato.wire.audio import Audio
from media.frames import Mark
from media.opus import BadOpus, duration
from media.rtc.rtp import AudioPacket
from media.voice.capture import Capture
from media.voice.ear import Ear, Tools
from media.voice.holding import Holding, Step
from media.voice.streams import Hearer, Streams


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
        mark, media_time = Mark.RESENT if audio.resent else Mark.NONE, audio.media_time
        for payload in audio.frames:
            self._took(*self._capture.take(media_time, payload, mark, now), now)
            try:
                media_time += duration(payload)
            except BadOpus:
                return

    def lacking(self, gaps: list[tuple[int, int]]) -> None:
        """The client does not hold these either."""
        for start, end in gaps:
            self._lose(self._capture.receipts.lacking(start, end))

    def tick(self, now: int) -> None:
        """See `Ear`."""
        self._wait(now)
        super().tick(now)
        self._streams.tick(now)

    def _wait(self, now: int) -> None:
        silent_for = 0 if self._came_at is None else now - self._came_at
        step = self._holding.look(self._order.hole, silent_for, now)
        if step is Step.HOLD:
            self._order.hold(now)
            self._listener.hold(now)
        elif step is Step.RELEASE:
            self._hear(self._order.release(now), now)
            self._listener.release(now)
