"""DTLS 1.2 for SRTP keys (RFC 5764) as a machine without sockets or tasks.

Datagrams go in, datagrams come out, and the stage says how far it is. Only what a peer with an authentic
address sent gets here, but it is judged once more before OpenSSL sees it: whole records of version 1.2, no
plaintext alerts (anybody could forge one; who really gives up falls silent), no ClientHello where the
hub is the client.

OpenSSL repeats a lost flight after one second at first. A call must stand within a tenth of that, so the
last flight is sent again byte for byte after 40 ms, then after twice as long each time; a receiver drops
what it already has by its record number.

As client the hub does not wait for the peer's last flight (RFC 7918): with its own the keys are there, and the
peer has shown that the certificate is its own and that it was sent our hello, by signing what was in it. That last
flight may be lost, and a peer that has sent it repeats it for nothing but new record numbers, which OpenSSL gives
after its second only: so an authentic packet by these keys, which takes that flight's place, ends the handshake too.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from typing import Final, NamedTuple

from OpenSSL import SSL

from media.rtc.certificate import MTU, DtlsCertificate, fingerprint_of
from media.rtc.exporter import exported_early
from media.rtc.parts import PROFILES, SRTPProtectionProfile

HANDSHAKE_TIMEOUT: Final = 15_000
FIRST_RESEND: Final = 40
MAX_RESEND: Final = 1000
MAX_DATAGRAM: Final = 2048
_OVERFULL: Final = 65_536
_LABEL: Final = b"EXTRACTOR-dtls_srtp"
_ALERT: Final = 21
_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1


class Stage(Enum):
    """How far the handshake is. `SPEAKING`: the keys are there, and nothing shows yet that the peer has them."""

    NEW = "new"
    SHAKING = "shaking"
    SPEAKING = "speaking"
    READY = "ready"
    FAILED = "failed"
    CLOSED = "closed"


class Role(Enum):
    """Who speaks first. As client the hub saves a round trip."""

    CLIENT = "client"
    SERVER = "server"


class Failure(Enum):
    """Why a handshake failed."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    FINGERPRINT = "fingerprint"
    PROFILE = "profile"


class SrtpKeys(NamedTuple):
    """Master key and salt of each direction, and what they are for."""

    profile: SRTPProtectionProfile
    outbound: bytes
    inbound: bytes


class Dtls:
    """One association. `keys` is there from SPEAKING on; `failure` when FAILED."""

    def __init__(self, certificate: DtlsCertificate, role: Role, fingerprints: Sequence[str]) -> None:
        """`fingerprints`: SHA-256, as in SDP; the peer's certificate must match one of them."""
        self.stage = Stage.NEW
        self.keys: SrtpKeys | None = None
        self.failure: Failure | None = None
        self._role = role
        self._fingerprints = frozenset(f.upper() for f in fingerprints)
        self._connection = SSL.Connection(certificate.context)
        self._connection.set_ciphertext_mtu(MTU)
        if role is Role.CLIENT:
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()
        self._flight: list[bytes] = []
        self._resend_after = FIRST_RESEND
        self._resend_at = 0
        self._give_up_at = 0
        self._done = False
        """OpenSSL's handshake is over, too."""

    def start(self, now: int) -> list[bytes]:
        """Begin: the ClientHello, if the hub is the client."""
        self.stage = Stage.SHAKING
        self._give_up_at = now + HANDSHAKE_TIMEOUT
        return self._shake(now)

    def receive(self, datagram: bytes, now: int) -> list[bytes]:
        """One datagram of the peer; what to send in return. Never raises on any bytes."""
        if not self._sound(datagram):
            return []
        if self.stage in (Stage.SHAKING, Stage.SPEAKING):
            self._connection.bio_write(datagram)
            return self._shake(now)
        if self.stage is Stage.READY:
            self._connection.bio_write(datagram)
            return self._drain()
        return []

    def confirm(self) -> None:
        """Something came that was protected by the peer's keys: it has them, and needs no flight again."""
        if self.stage is Stage.SPEAKING:
            self.stage = Stage.READY
            self._flight = []

    def next_deadline(self) -> int | None:
        """When to call `expire`; None once the handshake is over."""
        if self.stage not in (Stage.SHAKING, Stage.SPEAKING):
            return None
        return min(self._resend_at, self._give_up_at) if self._flight else self._give_up_at

    def expire(self, now: int) -> list[bytes]:
        """Send the last flight again if it is due, or give up."""
        if self.stage not in (Stage.SHAKING, Stage.SPEAKING):
            return []
        if now >= self._give_up_at:
            return self._fail(Failure.TIMEOUT)
        if not self._flight or now < self._resend_at:
            return []
        self._resend_after = min(2 * self._resend_after, MAX_RESEND)
        self._resend_at = now + self._resend_after
        # OpenSSL's own repetition has new record numbers, which the peer answers even if it is done.
        if self._connection.DTLSv1_handle_timeout():
            return self._outgoing() or self._flight
        return self._flight

    def close(self) -> list[bytes]:
        """Say goodbye (close-notify) if there is an association."""
        farewell: list[bytes] = []
        if self.stage is Stage.READY:
            with suppress(SSL.Error):
                self._connection.shutdown()
            farewell = self._outgoing()
        if self.stage is not Stage.FAILED:
            self.stage = Stage.CLOSED
        return farewell

    def _shake(self, now: int) -> list[bytes]:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return self._new_flight(now)
        except SSL.Error:
            return self._fail(Failure.REFUSED)
        self._done = True
        self._flight = []
        if self.keys is None:
            self._agree(self._connection.export_keying_material)
        if self.stage is not Stage.FAILED:
            self.stage = Stage.READY
        return self._outgoing()

    def _new_flight(self, now: int) -> list[bytes]:
        outgoing = self._outgoing()
        if not outgoing:
            return outgoing
        self._flight = outgoing
        self._resend_after = FIRST_RESEND
        if self._role is Role.CLIENT and self.keys is None:
            self._agree(lambda label, length: exported_early(self._connection, label, length))
        if self.keys is not None:
            self.stage = Stage.SPEAKING
            # What is said before the peer has this flight is lost on it.
            self._resend_after = FIRST_RESEND // 2
        self._resend_at = now + self._resend_after
        return outgoing if self.stage is not Stage.FAILED else []

    def _agree(self, export: Callable[[bytes, int], bytes | None]) -> None:
        """Make the keys, if `export` can by now; fail if the peer is another than was told."""
        name = self._connection.get_selected_srtp_profile()
        profile = next((p for p in PROFILES if p.openssl_profile == name), None)
        length = 2 * (profile.key_length + profile.salt_length) if profile is not None else 0
        material = export(_LABEL, length)
        if material is None:
            return
        certificate = self._connection.get_peer_certificate()
        if certificate is None or fingerprint_of(certificate) not in self._fingerprints:
            self._fail(Failure.FINGERPRINT)
        elif profile is None:
            self._fail(Failure.PROFILE)
        else:
            client, server = (profile.get_key_and_salt(material, i) for i in (0, 1))
            outbound, inbound = (client, server) if self._role is Role.CLIENT else (server, client)
            self.keys = SrtpKeys(profile, outbound, inbound)

    def _drain(self) -> list[bytes]:
        """After the handshake only goodbyes and repeated flights matter; application data is not spoken."""
        try:
            while self._connection.recv(MAX_DATAGRAM):
                pass
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.stage = Stage.CLOSED
        except SSL.Error:
            # One bad record is its sender's trouble: the keys are made, the call goes on without it.
            pass
        return self._outgoing()

    def _fail(self, failure: Failure) -> list[bytes]:
        self.stage = Stage.FAILED
        self.failure = failure
        self.keys = None
        self._flight = []
        return self._outgoing()

    def _outgoing(self) -> list[bytes]:
        """What OpenSSL wrote, cut between records into datagrams of at most MTU bytes."""
        try:
            written = self._connection.bio_read(_OVERFULL)
        except SSL.Error:
            return []
        datagrams: list[bytes] = []
        start = at = 0
        while at < len(written):
            end = at + 13 + int.from_bytes(written[at + 11 : at + 13], "big")
            if end - start > MTU and at > start:
                datagrams.append(written[start:at])
                start = at
            at = end
        return [*datagrams, written[start:]]

    def _sound(self, datagram: bytes) -> bool:
        """Whether a datagram is nothing but whole DTLS records that the peer may send."""
        size = len(datagram)
        if not 13 <= size <= MAX_DATAGRAM:
            return False
        at = 0
        while at < size:
            if at + 13 > size or not 20 <= datagram[at] <= 23 or datagram[at + 1] != 0xFE:
                return False
            if datagram[at + 2] not in (0xFD, 0xFF):
                return False
            end = at + 13 + int.from_bytes(datagram[at + 11 : at + 13], "big")
            if end > size or end == at + 13:
                return False
            plaintext = datagram[at + 3 : at + 5] == b"\0\0"
            if plaintext and not self._expected(datagram[at], datagram[at + 13]):
                return False
            at = end
        return True

    def _expected(self, content: int, first: int) -> bool:
        if content == _ALERT or (self._done and self._role is Role.CLIENT):
            return False
        return not (content == _HANDSHAKE and first == _CLIENT_HELLO and self._role is Role.CLIENT)
