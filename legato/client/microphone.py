"""A microphone of a program: Opus packets go in, and are kept until the hub has them.

    async with session.microphone() as microphone:
        microphone.send(packet)          # 20 ms of Opus, in time
        await microphone.settled()       # all of it is safe, at `microphone.level`

What is said while the connection is away is sent again when it is back, faster than real time; the hub puts it where
it belongs. `heard` is told of each frame of sound that comes the other way; after a gap the agent's speech goes on from
the last of them, as `after_gap` says. When the voice moves to another device of the same person, `heard` is told of no
more, and the other device goes on from the very frame that was the last one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Self

from legato.client.playout import FRAME, Playout
from legato.client.unacked import Run, Unacked
from legato.client.voiced import Voiced
from legato.session.ids import HUB
from legato.session.vocabulary import GoOn
from legato.wire import down as d
from legato.wire import up as u
from legato.wire.audio import OPUS, Audio, BadAudio, decode_audio, encode_audio

Heard = Callable[[bytes], None]


class Microphone:
    """See the module. Open it as a context; `capture` names this run of its clock."""

    def __init__(
        self,
        session: Voiced,
        capture: str,
        stream: int,
        clock: Callable[[], int],
        heard: Heard,
        after_gap: GoOn = "",
    ) -> None:
        self.capture = capture
        self.after_gap = after_gap
        """How the agent's speech goes on after a gap: with the `rest`, with it but faster (`catch_up`), straight on
        (`live`, with what was missed as text), or as the hub thinks best ("")."""
        self.track = ""
        self.level = ""
        """The level of what is acknowledged; empty before the first word of the hub."""
        self.until = 0
        """Media time before which all is safe."""
        self._session = session
        self._stream = stream
        self._clock = clock
        self._heard = heard
        self._unacked = Unacked()
        self._playout = Playout()
        self._came = False
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Open it on this connection, and on every one that follows."""
        on = self._session.on
        on.told.append(self._told)
        on.audio.append(self._audio)
        on.back.append(self._back)
        on.away.append(self._away)
        if self._session.attached is not None:
            self._back(self._session.attached)
        return self

    async def __aexit__(self, *problem: object) -> None:
        """Say nothing more; what is not safe by now is lost (see `settled`)."""
        on = self._session.on
        on.told.remove(self._told)
        on.audio.remove(self._audio)
        on.back.remove(self._back)
        on.away.remove(self._away)
        if self._timer is not None:
            self._timer.cancel()
        self._open(carries=False)

    @property
    def clock(self) -> int:
        """Media time after the last packet."""
        return self._unacked.end

    def send(self, packet: bytes, samples: int = FRAME, skipped: int = 0) -> None:
        """Say one packet, `skipped` samples after the end of the last one."""
        media_time = self.clock + skipped
        self._unacked.capture(media_time, samples, packet, self._clock())
        if self._session.attached is not None:
            self._session.send_audio(encode_audio(Audio(OPUS, self._stream, media_time, (packet,))))
        self._arm()

    async def settled(self, timeout: float | None = None) -> None:
        """Wait until everything that was said is safe, or was named lost. Raises `TimeoutError`."""
        await self.reached(self.clock, timeout)

    async def reached(self, media_time: int, timeout: float | None = None) -> None:
        """Wait until everything before `media_time` is safe, or was named lost. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout):
            while self.until < media_time:
                changed = self._changed
                await changed.wait()

    def _open(self, *, carries: bool, heard: u.PlayedUntil | None = None) -> None:
        asked = u.Microphone(
            stream=self._stream,
            capture=self.capture,
            since=self._unacked.since,
            clock=self.clock,
            carries=carries,
            heard=heard,
            again=carries and self._came,
        )
        self._came = True
        self._session.tell(asked)

    def _back(self, attached: d.Attached) -> None:
        if attached.captures:
            heard = self._playout.heard(self._clock(), self.after_gap)
            self._playout.begin()
            self._open(carries=True, heard=heard)
            self._send_again(self._unacked.opened(self._clock()))

    def _away(self) -> None:
        self._unacked.closed()

    def _told(self, envelope: d.Down) -> None:
        if isinstance(envelope, d.Signals):
            self._signalled(envelope)
        if not isinstance(envelope, d.AudioAcked) or envelope.stream != self._stream:
            return
        self.track, self.level, self.until = envelope.track, envelope.level, envelope.until
        answer = self._unacked.acked(envelope.until, envelope.missing, self._clock())
        self._send_again(answer.runs)
        if answer.lacking:
            self._session.tell(u.Lacking(stream=self._stream, gaps=answer.lacking[:64]))
        self._changed.set()
        self._changed = asyncio.Event()

    def _audio(self, raw: bytes) -> None:
        try:
            audio = decode_audio(raw)
        except BadAudio:
            return
        if audio.stream == self._stream and audio.kind == OPUS:
            for number, frame in enumerate(audio.frames):
                if self._playout.frame(audio.media_time + number * FRAME, self._clock()):
                    self._heard(frame)
            self._report(self._playout.report(self._clock(), self.after_gap))

    def _signalled(self, envelope: d.Signals) -> None:
        attached = self._session.attached
        for signal in envelope.signals:
            name, data = signal.get("name"), signal.get("data")
            if attached is None or signal.get("by") != HUB or not isinstance(data, dict):
                continue
            if name == "playing":
                self._playout.playing(data.get(attached.attachment))
            elif name == "moving" and self._is_left(attached, data):
                self._report(self._playout.give(self._clock(), self.after_gap), last=True)

    def _is_left(self, attached: d.Attached, data: dict[str, Any]) -> bool:
        """Whether it is this attachment's voice that moves to another one."""
        known = self._session.state.attachments.get(attached.attachment)
        sounds = known is not None and known.call != "" and "audio" in known.takes
        other = data.get("attachment") != attached.attachment
        return sounds and other and data.get("participant") == attached.participant

    def _report(self, heard: u.PlayedUntil | None, *, last: bool = False) -> None:
        """Tell the hub how far the agent's speech was heard. `last`: nothing more of it is, for its voice moves."""
        if heard is not None:
            data = {"message": heard.message, "samples": heard.samples}
            more = ({"then": heard.then} if heard.then else {}) | ({"last": True} if last else {})
            self._session.tell(u.Signal(name="playout", data=data | more))

    def _send_again(self, runs: Sequence[Run]) -> None:
        for run in runs:
            audio = Audio(OPUS, self._stream, run.media_time, run.frames, resent=True)
            self._session.send_audio(encode_audio(audio))
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._unacked.next_deadline()
        if deadline is not None:
            wait = max(0, deadline - self._clock()) / 1000
            self._timer = asyncio.get_running_loop().call_later(wait, self._late)

    def _late(self) -> None:
        self._timer = None
        self._send_again(self._unacked.late(self._clock()))
