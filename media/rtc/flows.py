"""The two directions of a call's sound, between protected packets and Opus frames."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from media.rtc.rtcp import Inbound
from media.rtc.rtp import MAX_OPUS, AudioPacket, extend, read_header, write_packet
from media.rtc.srtp import HotPath, Unprotectable

MAX_STREAMS: Final = 8


class Inflow:
    """What comes. The peer has one stream at a time; one of a new SSRC takes the place of the last.

    Streams that are over are remembered, so that what was recorded of them cannot be played again; a peer
    has MAX_STREAMS in a call.
    """

    def __init__(self, payload_type: int, level_extension: int | None, begun: Callable[[int], None]) -> None:
        """`begun` is told the SSRC of each new stream."""
        self._payload_type = payload_type
        self._level_extension = level_extension
        self._begun = begun
        self._streams: dict[int, Inbound] = {}
        self.stream: Inbound | None = None
        self.newest = False
        """Whether the packet that was opened last is the newest of its stream."""

    def receive(self, datagram: bytes, path: HotPath, now: int) -> AudioPacket | None:
        """Open one packet of at least 12 bytes: its frame, or None if it is not to be heard. Raises Unprotectable, and
        nothing else, on any bytes."""
        ssrc = int.from_bytes(datagram[8:12], "big")
        stream = self._streams.get(ssrc)
        if stream is None and len(self._streams) >= MAX_STREAMS:
            raise Unprotectable
        packet = path.unprotect(datagram)
        header = read_header(packet, self._level_extension)
        if header is None:
            raise Unprotectable
        if stream is None:
            stream = self.stream = self._streams[ssrc] = Inbound(ssrc, header.sequence)
            self._begun(ssrc)
            index, self.newest = header.sequence, True
        else:
            index = stream.highest + 1
            if index & 0xFFFF != header.sequence:
                index = extend(header.sequence, stream.highest)
            self.newest = index > stream.highest
        stream.count(index, header.timestamp, now)
        if stream is not self.stream:
            self.newest = False
            return None
        if header.payload_type != self._payload_type or header.end - header.start > MAX_OPUS:
            return None
        payload = packet[header.start : header.end]
        return AudioPacket(
            header.sequence, header.timestamp, header.marker, payload, index, header.audio_level, ssrc
        )

    def end(self) -> None:
        """Nothing comes any more: who was told of new streams is let go."""
        del self._begun

    @property
    def received(self) -> int:
        """Packets of all streams."""
        return sum(stream.received for stream in self._streams.values())


@dataclass(slots=True)
class Outflow:
    """What goes. `timestamp` is that of the next frame if it follows without a pause."""

    payload_type: int
    ssrc: int
    sequence: int
    timestamp: int
    packets: int = 0
    octets: int = 0

    def packet(self, opus: bytes, samples: int, skipped: int, unheard: bool = False) -> tuple[bytes, int]:
        """The RTP packet of a frame, and its timestamp; a frame after a pause is marked. `unheard`: it tells the peer
        that its own sound does not arrive."""
        marker = skipped > 0 or self.packets == 0
        stamp = (self.timestamp + skipped) & 0xFFFFFFFF
        packet = write_packet(self.payload_type, marker, self.sequence, stamp, self.ssrc, opus, unheard)
        self.sequence += 1
        self.timestamp = stamp + samples & 0xFFFFFFFF
        self.packets += 1
        self.octets += len(opus)
        return packet, stamp
