"""The protected path of a call's sound (RFC 3711, RFC 7714).

`HotPath` is all that a call asks of it, for every packet of every call: four functions from bytes to bytes.
A native implementation with these four could take the place of libsrtp without a line changing elsewhere.
"""

from typing import Protocol

import pylibsrtp

from media.rtc.dtls import SrtpKeys

MAX_PACKET = 1350
"""Bytes of the longest packet, protected, that is looked at or made."""
_WINDOW = 1024


class Unprotectable(Exception):
    """A packet is forged, replayed, too old or malformed; which, its sender need not know."""


class HotPath(Protocol):
    """Protection of one call. The two that open raise Unprotectable, and nothing else, on any bytes."""

    def protect(self, packet: bytes) -> bytes:
        """An RTP packet, sealed. Sequence numbers must grow (or be within the window, never repeated)."""

    def unprotect(self, packet: bytes) -> bytes:
        """The RTP packet in an authentic SRTP packet that was not seen before."""

    def protect_report(self, packet: bytes) -> bytes:
        """An RTCP compound, sealed."""

    def unprotect_report(self, packet: bytes) -> bytes:
        """The RTCP compound in an authentic SRTCP packet that was not seen before."""


class LibSrtp:
    """`HotPath` by libsrtp. A few kB; made when the handshake is over."""

    def __init__(self, keys: SrtpKeys) -> None:
        profile = keys.profile.libsrtp_profile
        inbound = pylibsrtp.Policy(keys.inbound, pylibsrtp.Policy.SSRC_ANY_INBOUND, srtp_profile=profile)
        inbound.window_size = _WINDOW
        outbound = pylibsrtp.Policy(keys.outbound, pylibsrtp.Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)
        outbound.window_size = _WINDOW
        self._inbound = pylibsrtp.Session(inbound)
        self._outbound = pylibsrtp.Session(outbound)
        self.protect = self._outbound.protect
        self.protect_report = self._outbound.protect_rtcp

    def unprotect(self, packet: bytes) -> bytes:
        if not 12 < len(packet) <= MAX_PACKET:
            raise Unprotectable
        try:
            opened: bytes = self._inbound.unprotect(packet)
        except pylibsrtp.Error:
            raise Unprotectable from None
        return opened

    def unprotect_report(self, packet: bytes) -> bytes:
        if not 12 < len(packet) <= MAX_PACKET:
            raise Unprotectable
        try:
            opened: bytes = self._inbound.unprotect_rtcp(packet)
        except pylibsrtp.Error:
            raise Unprotectable from None
        return opened
