"""Sender and receiver reports (RFC 3550 §6): what a call tells its peer, and learns from it.

`Reports` is a pure machine. Times are milliseconds of one monotonic clock; on the wire they are NTP's
format counted from that clock's zero, which RFC 3550 §4 allows to a sender that keeps no wall clock.
"""

import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
GOODBYE: Final = 203
MAX_REMEMBERED: Final = 16
MAX_BLOCKS: Final = 4
_BLOCK: Final = struct.Struct("!IIIIII")


class Block(NamedTuple):
    """What a receiver says about one stream."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


class Learned(NamedTuple):
    """What one compound told about the stream that we send."""

    echoed: int | None = None
    """The report of ours that the peer had received, by its `LSR`."""
    goodbye: bool = False


@dataclass(slots=True)
class Quality:
    """How our stream arrives, as the peer last said. `rtt` in ms, `jitter` in RTP clock units."""

    fraction_lost: float = 0.0
    lost: int = 0
    jitter: int = 0
    rtt: int | None = None


def ntp(now: int) -> int:
    """64-bit NTP format of a time in ms."""
    return (now << 32) // 1000


def blocks_of(packet: bytes, at: int, count: int, end: int) -> list[Block]:
    """At most MAX_BLOCKS whole report blocks from `at` on."""
    found: list[Block] = []
    for i in range(min(count, MAX_BLOCKS)):
        start = at + 24 * i
        if start + 24 > end:
            break
        ssrc, loss, highest, jitter, last, delay = _BLOCK.unpack_from(packet, start)
        lost = loss & 0xFFFFFF
        found.append(
            Block(ssrc, loss >> 24, lost - (1 << 24 if lost >> 23 else 0), highest, jitter, last, delay)
        )
    return found


class Inbound:
    """Counts of a received stream, for the report block about it (RFC 3550 appendices A.3 and A.8)."""

    __slots__ = (
        "_base",
        "_expected_before",
        "_received_before",
        "_transit",
        "highest",
        "jitter",
        "received",
        "ssrc",
    )

    def __init__(self, ssrc: int, index: int) -> None:
        self.ssrc = ssrc
        self.highest = index
        self.received = 0
        self.jitter = 0
        self._base = index
        self._expected_before = 0
        self._received_before = 0
        self._transit: int | None = None

    def count(self, index: int, timestamp: int, now: int) -> None:
        """A packet arrived. Jitter is kept in sixteenths of the 48 kHz clock."""
        self.received += 1
        if index > self.highest:
            self.highest = index
        transit = (now * 48 - timestamp) & 0xFFFFFFFF
        if self._transit is not None:
            step = (transit - self._transit) & 0xFFFFFFFF
            if step > 0x80000000:
                step = 0x100000000 - step
            self.jitter += step - ((self.jitter + 8) >> 4)
        self._transit = transit

    @property
    def lost(self) -> int:
        return self.highest - self._base + 1 - self.received

    def block(self, last_report: int, delay: int) -> bytes:
        """The report block about the time since the last one."""
        expected = self.highest - self._base + 1
        due, got = expected - self._expected_before, self.received - self._received_before
        self._expected_before, self._received_before = expected, self.received
        fraction = min(255, max(0, due - got) * 256 // due) if due > 0 else 0
        lost = max(-0x800000, min(0x7FFFFF, self.lost)) & 0xFFFFFF
        return _BLOCK.pack(
            self.ssrc, fraction << 24 | lost, self.highest & 0xFFFFFFFF, self.jitter >> 4, last_report, delay
        )


class Reports:
    """The RTCP side of a call that sends one stream (`ssrc`) and hears one."""

    def __init__(self, ssrc: int, cname: str) -> None:
        self._ssrc = ssrc
        name = cname.encode()[:255]
        item = struct.pack("!IBB", ssrc, 1, len(name)) + name
        item += bytes(4 - len(item) % 4)
        self._description = struct.pack("!BBH", 0x81, 202, len(item) // 4) + item
        self._sent: OrderedDict[int, int] = OrderedDict()
        self._heard: tuple[int, int] | None = None
        self.quality = Quality()

    def write(
        self, now: int, timestamp: int, packets: int, octets: int, inbound: Inbound | None, skew: int = 0
    ) -> tuple[bytes, int]:
        """A compound, and the 32 bits by which a peer that received it will echo it.

        `skew`: added to those bits (units of 2^-16 s) so that nobody can tell them without having received
        the report; for one that proves an address.
        """
        time = ntp(now) + (skew << 16) & (1 << 64) - 1
        mark = time >> 16 & 0xFFFFFFFF
        self._sent[mark] = now
        while len(self._sent) > MAX_REMEMBERED:
            self._sent.popitem(last=False)
        body = b""
        if inbound is not None:
            last, delay = (0, 0)
            if self._heard is not None:
                last, delay = self._heard[0], (now - self._heard[1]) * 65_536 // 1000 & 0xFFFFFFFF
            body = inbound.block(last, delay)
        if packets:
            sender = struct.pack(
                "!QIII", time, timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF
            )
            kind, body = SENDER_REPORT, sender + body
        else:
            kind = RECEIVER_REPORT
        count = 1 if inbound is not None else 0
        head = struct.pack("!BBHI", 0x80 | count, kind, 1 + len(body) // 4, self._ssrc)
        return head + body + self._description, mark

    def sent(self, mark: int) -> bool:
        """Whether a report with this mark was written lately."""
        return mark in self._sent

    def read(self, compound: bytes, now: int) -> Learned:
        """Take in what a peer reported. Malformed parts are passed over; never raises."""
        learned = Learned()
        at = 0
        while at + 8 <= len(compound):
            flags, kind, words = struct.unpack_from("!BBH", compound, at)
            end = at + 4 + 4 * words
            if flags >> 6 != 2 or end > len(compound) or words < 1:
                break
            if kind == SENDER_REPORT and end - at >= 28:
                mark = int.from_bytes(compound[at + 10 : at + 14], "big")
                self._heard = (mark, now)
                learned = self._blocks(blocks_of(compound, at + 28, flags & 0x1F, end), now, learned)
            elif kind == RECEIVER_REPORT:
                learned = self._blocks(blocks_of(compound, at + 8, flags & 0x1F, end), now, learned)
            elif kind == GOODBYE:
                learned = learned._replace(goodbye=True)
            at = end
        return learned

    def _blocks(self, blocks: list[Block], now: int, learned: Learned) -> Learned:
        for block in blocks:
            if block.ssrc != self._ssrc:
                continue
            quality = self.quality
            quality.fraction_lost = block.fraction_lost / 256
            quality.lost, quality.jitter = block.lost, block.jitter
            sent = self._sent.get(block.last_report)
            if sent is not None:
                quality.rtt = max(0, now - sent - block.delay * 1000 // 65_536)
            if block.last_report:
                return learned._replace(echoed=block.last_report)
        return learned
