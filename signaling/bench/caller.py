"""The browser's end of a call without a browser: offer, checks, DTLS, and sound that was protected beforehand.

Sans I/O: feed `receive` with what comes, and send what it returns.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import Final

from media.rtc.certificate import DtlsCertificate
from media.rtc.dtls import Dtls, Role, Stage
from media.rtc.rtcp import Reports
from media.rtc.rtp import read_header
from media.rtc.srtp import LibSrtp, Unprotectable
from signaling.ice import stun

PAYLOAD_TYPE: Final = 111
FRAME: Final = 960
QUIET_DBOV: Final = 60
_OFFER: Final = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=ice-ufrag:{ufrag}
a=ice-pwd:{password}
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
"""
_PASSWORD: Final = "the/bench/has/this/password"
_EXTENDED: Final = struct.Struct("!BBHIIHHBBH")


class CannotCall(Exception):
    """The answer is none, or the handshake failed."""


class Caller:
    """One end of one call."""

    def __init__(self, certificate: DtlsCertificate, number: int) -> None:
        self.ufrag = f"bench{number:06d}"
        self.ssrc = 0x1000 + number
        self.address = ("", 0)
        self.protected: LibSrtp | None = None
        self._certificate = certificate
        self._dtls: Dtls | None = None
        self._hub_ufrag = self._hub_password = self._hub_fingerprint = ""
        self._checks = number << 32
        self._sequence = 0
        self._reports = Reports(self.ssrc, "bench")

    @property
    def offer(self) -> str:
        """Its SDP."""
        fingerprint = self._certificate.fingerprint
        return _OFFER.format(ufrag=self.ufrag, password=_PASSWORD, fingerprint=fingerprint)

    def take(self, answer: str) -> None:
        """The hub's answer. Raises `CannotCall`."""
        self._hub_ufrag = _found(r"a=ice-ufrag:(\S+)", answer)[0]
        self._hub_password = _found(r"a=ice-pwd:(\S+)", answer)[0]
        self._hub_fingerprint = _found(r"a=fingerprint:sha-256 (\S+)", answer)[0]
        host, port = _found(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+)", answer)
        self.address = (host, int(port))

    def check(self) -> bytes:
        """A fresh connectivity check."""
        self._checks += 1
        name = f"{self._hub_ufrag}:{self.ufrag}"
        return stun.write_check(self._checks.to_bytes(12, "big"), name, self._hub_password)

    def receive(self, datagram: bytes, now: int) -> list[bytes]:
        """What to send in return for one of the handshake. Raises `CannotCall`."""
        if datagram[:2] == b"\0\1":
            return [stun.write_success(datagram[8:20], *self.address, _PASSWORD)]
        if not 20 <= datagram[0] < 64:
            return []
        first: list[bytes] = []
        if self._dtls is None:
            self._dtls = Dtls(self._certificate, Role.SERVER, [self._hub_fingerprint])
            first = self._dtls.start(now)
        replies = self._dtls.receive(datagram, now)
        if self._dtls.stage is Stage.FAILED:
            raise CannotCall("handshake")
        if self._dtls.keys is not None and self.protected is None:
            self.protected = LibSrtp(self._dtls.keys)
        return first + replies

    def sound(self, frames: Sequence[bytes], count: int, level: int = QUIET_DBOV) -> list[bytes]:
        """The next `count` packets of these frames, over and over, each with the level of its sound (in -dBov)."""
        assert self.protected is not None
        packets = []
        for number in range(self._sequence, self._sequence + count):
            head = _EXTENDED.pack(
                0x90, PAYLOAD_TYPE, number & 0xFFFF, number * FRAME & 0xFFFFFFFF, self.ssrc,
                0xBEDE, 1, 0x10, level & 0x7F, 0,
            )  # fmt: skip
            packets.append(self.protected.protect(head + frames[number % len(frames)]))
        self._sequence += count
        return packets

    def heard(self, packet: bytes) -> bytes:
        """The frame in a packet of the hub's sound; empty for what is none."""
        assert self.protected is not None
        try:
            opened = self.protected.unprotect(packet)
        except Unprotectable:
            return b""
        header = read_header(opened)
        return opened[header.start : header.end] if header is not None else b""

    def reports(self, count: int, now: int) -> list[bytes]:
        """So many reports, one a second."""
        assert self.protected is not None
        written = (self._reports.write(now + 1000 * i, 0, i + 1, 60, None)[0] for i in range(count))
        return [self.protected.protect_report(report) for report in written]


def _found(pattern: str, answer: str) -> tuple[str, ...]:
    match = re.search(pattern, answer)
    if match is None:
        raise CannotCall("answer")
    return match.groups()
