"""The protected path of a call's sound (RFC 3711, RFC 7714).

`HotPath` is all that a call asks of it, for every packet of every call: four functions from bytes to bytes.
A native implementation with these four could take the place of libsrtp without a line changing elsewhere.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

import pylibsrtp
from pylibsrtp._binding import ffi, lib

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


_ROOM: Final = ffi.new("char[]", 2048)
_BYTES: Final = ffi.buffer(_ROOM)
_SIZE: Final = ffi.new("int *")
"""Where packets are turned, one after another, in place. One loop does it for all calls of a process."""


def _turned(turn: Callable[[Any, Any, Any], int], session: Any, packet: bytes, least: int = 13) -> bytes:
    """The packet as `turn` (one of libsrtp's four functions) leaves it. Raises Unprotectable if it refuses, or if it
    has not `least` bytes."""
    size = len(packet)
    if not least <= size <= MAX_PACKET:
        raise Unprotectable
    _BYTES[0:size] = packet
    _SIZE[0] = size
    if turn(session, _ROOM, _SIZE):
        raise Unprotectable
    turned: bytes = _BYTES[0 : _SIZE[0]]
    return turned


class LibSrtp:
    """`HotPath` by libsrtp. A few kB; made when the handshake is over.

    pylibsrtp's own wrapper around the four functions costs as much as they do, so they are called directly.
    """

    def __init__(self, keys: SrtpKeys) -> None:
        profile = keys.profile.libsrtp_profile
        inbound = pylibsrtp.Policy(keys.inbound, pylibsrtp.Policy.SSRC_ANY_INBOUND, srtp_profile=profile)
        inbound.window_size = _WINDOW
        outbound = pylibsrtp.Policy(keys.outbound, pylibsrtp.Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)
        outbound.window_size = _WINDOW
        # They own what the two pointers point to.
        self._owners = pylibsrtp.Session(inbound), pylibsrtp.Session(outbound)
        self._in, self._out = (owner._srtp[0] for owner in self._owners)

    def protect(self, packet: bytes) -> bytes:
        return _turned(lib.srtp_protect, self._out, packet)

    def protect_report(self, packet: bytes) -> bytes:
        return _turned(lib.srtp_protect_rtcp, self._out, packet, 8)

    def unprotect(self, packet: bytes) -> bytes:
        return _turned(lib.srtp_unprotect, self._in, packet)

    def unprotect_report(self, packet: bytes) -> bytes:
        return _turned(lib.srtp_unprotect_rtcp, self._in, packet)
