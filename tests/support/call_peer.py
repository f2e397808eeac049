"""The browser's end of a call without a browser: offer, checks, DTLS server, SRTP. No sockets."""

import re

from media.rtc.dtls import Dtls, Role, Stage
from media.rtc.rtcp import Inbound, Reports
from media.rtc.rtp import write_packet
from media.rtc.srtp import LibSrtp
from tests.support.certificates import minted
from tests.support.checks import answer, check

UFRAG, PASSWORD = "peer", "the password of the peer"
PAYLOAD_TYPE, LEVEL_EXTENSION = 111, 1
SSRC = 0xCAFE

OFFER = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
{extra}a=ice-ufrag:{ufrag}
a=ice-pwd:{password}
a=fingerprint:sha-256 {fingerprint}
a=setup:{setup}
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
"""
ICE_PASSWORD = "thePasswordOfThePeer22chars"


class CallPeer:
    """One peer. Feed it the hub's datagrams with `receive`; send what it returns."""

    def __init__(self, role: Role = Role.SERVER, hub_fingerprint: str = "") -> None:
        self.certificate = minted()
        self.role = role
        self.hub_ufrag = self.hub_password = ""
        self.hub_fingerprint = hub_fingerprint
        self.dtls: Dtls | None = None
        self.srtp: LibSrtp | None = None
        self.reports = Reports(SSRC, "peer")
        self.checks = 0
        self.sequence = 0
        self.heard: list[bytes] = []
        self.inbound: Inbound | None = None

    def offer(self, extra: str = "") -> str:
        return OFFER.format(
            ufrag=UFRAG,
            password=ICE_PASSWORD,
            fingerprint=self.certificate.fingerprint,
            setup="actpass" if self.role is Role.SERVER else "active",
            extra=extra,
        )

    def take(self, answer_sdp: str) -> None:
        """The hub's answer."""
        self.hub_ufrag = found(r"a=ice-ufrag:(\S+)", answer_sdp)
        self.hub_password = found(r"a=ice-pwd:(\S+)", answer_sdp)
        self.hub_fingerprint = found(r"a=fingerprint:sha-256 (\S+)", answer_sdp)

    def check(self, nominated: bool = True) -> bytes:
        """A fresh connectivity check."""
        self.checks += 1
        return check(
            f"{self.hub_ufrag}:{UFRAG}", self.hub_password, self.checks.to_bytes(12, "big"), nominated
        )

    def start(self, now: int = 0) -> list[bytes]:
        self.dtls = Dtls(self.certificate, self.role, [self.hub_fingerprint])
        return self.dtls.start(now)

    def receive(self, datagram: bytes, now: int = 0) -> list[bytes]:
        """What to send in return for a datagram of the hub; opened audio goes to `heard`."""
        if datagram[:2] == b"\0\1":
            return [answer(datagram, ICE_PASSWORD, "127.0.0.1", 1)]
        if datagram[0] < 4:
            return []
        if datagram[0] < 64:
            if self.dtls is None:
                self.start(now)
            assert self.dtls is not None
            replies = self.dtls.receive(datagram, now)
            if self.dtls.stage is Stage.READY and self.dtls.keys is not None and self.srtp is None:
                self.srtp = LibSrtp(self.dtls.keys)
            return replies
        if self.srtp is None:  # as a browser does with sound that comes before the keys
            return []
        if 64 <= datagram[1] & 0x7F < 96:
            self.reports.read(self.srtp.unprotect_report(datagram), now)
        else:
            self.heard.append(self.srtp.unprotect(datagram))
        return []

    def speak(self, payload: bytes = b"opus", ssrc: int = SSRC) -> bytes:
        """The next audio packet, protected."""
        assert self.srtp is not None
        packet = write_packet(PAYLOAD_TYPE, False, self.sequence, self.sequence * 960, ssrc, payload)
        self.sequence += 1
        return self.srtp.protect(packet)

    def reports_about_hub(self, report: bytes, hub_ssrc: int, now: int) -> None:
        """Take in a report of the hub, to be echoed by the next `echo`."""
        assert self.srtp is not None
        self.reports.read(self.srtp.unprotect_report(report), now)
        self.inbound = Inbound(hub_ssrc, 0)

    def echo(self, now: int) -> bytes:
        """A report about what was heard, protected."""
        assert self.srtp is not None
        return self.srtp.protect_report(self.reports.write(now, 0, 0, 0, self.inbound)[0])

    def guess(self, hub_ssrc: int, mark: int) -> bytes:
        """A report that claims to have heard a report with this mark."""
        assert self.srtp is not None
        block = Inbound(hub_ssrc, 0).block(mark, 0)
        head = bytes([0x81, 201]) + (1 + len(block) // 4).to_bytes(2, "big") + SSRC.to_bytes(4, "big")
        return self.srtp.protect_report(head + block)


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None
    return match[1]
