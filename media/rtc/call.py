"""A call: DTLS, then protected audio both ways and the reports about it. Not a peer connection.

A call is a machine with a port below (`Outlet`: where its datagrams go) and callbacks above. It holds no
task, no timer and no socket: its shell hands it the datagrams that the mux found to be its own, calls
`expire` when `next_deadline` says so, and asks nothing else of it. Everything it is given was sent from an
address that an authentic check opened; nothing that comes is trusted further than that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, Protocol

from media.rtc.certificate import DtlsCertificate
from media.rtc.dtls import Dtls, Role, Stage
from media.rtc.flows import Inflow, Outflow
from media.rtc.proofs import ECHO_BITS, Address, Proofs
from media.rtc.rtcp import Reports
from media.rtc.rtp import AudioPacket
from media.rtc.srtp import HotPath, LibSrtp, Unprotectable

ARRIVAL_TIMEOUT: Final = 15_000
"""Milliseconds from the answer to the first check of the browser."""
SILENCE_TIMEOUT: Final = 30_000
"""Milliseconds without anything authentic, after which a call is over."""
REPORT_EVERY: Final = 1000


class CallState(Enum):
    """`WAITING` for the browser's first check, `CONNECTING` while DTLS shakes hands: as client, until its own last
    word; then as named."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    CLOSED = "closed"
    FAILED = "failed"


class Ending(Enum):
    """Why a call is over."""

    HUB = "hub"
    PEER = "peer"
    SILENT = "silent"
    NEVER_CAME = "never_came"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    FINGERPRINT = "fingerprint"
    PROFILE = "profile"


NEXT: Final = {
    CallState.WAITING: {CallState.CONNECTING, CallState.CLOSED, CallState.FAILED},
    CallState.CONNECTING: {CallState.CONNECTED, CallState.CLOSED, CallState.FAILED},
    CallState.CONNECTED: {CallState.CLOSED},
    CallState.CLOSED: set[CallState](),
    CallState.FAILED: set[CallState](),
}


class Outlet(Protocol):
    """What a call needs from below."""

    def transmit(self, datagram: bytes) -> bool:
        """Send to where the call is now, or, if its sound is missing, to wherever its peer may hear: whether the latter
        is so."""

    def transmit_to(self, datagram: bytes, address: Address) -> None:
        """Send to this address only."""

    def unproven(self) -> Address | None:
        """Where the call is sent to, while nothing has shown that the peer receives there."""

    def validate(self, address: Address, by_handshake: bool) -> None:
        """The peer has shown that it receives at this address."""

    def claim(self, ssrc: int) -> None:
        """The peer's stream has this SSRC."""

    def checked(self) -> int | None:
        """When the peer's last connectivity check came."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What offer and answer agreed on. `fingerprints`: SHA-256 as in SDP, one of which the peer must have."""

    payload_type: int
    fingerprints: Sequence[str]
    role: Role = Role.CLIENT
    level_extension: int | None = None
    cname: str = "legato"
    ssrc: int | None = None
    """Of the hub's stream, where the peer was told it beforehand; None: any."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """Called synchronously, from within the datagram's arrival: be brief."""

    on_audio: Callable[[AudioPacket, int], None]
    on_state: Callable[["Call"], None]


class CallStats(NamedTuple):
    """Counts since the start. Inbound loss and jitter (ms) are ours; the `peer_` ones as the peer reports."""

    packets_received: int
    packets_sent: int
    octets_sent: int
    rejected: int
    lost: int
    jitter: float
    peer_lost: int
    peer_fraction_lost: float
    peer_jitter: float
    rtt: int | None


class Call:
    """See the module. `state` and `ending` say how it stands; everything else is for its shell."""

    def __init__(
        self,
        key: str,
        terms: Terms,
        certificate: DtlsCertificate,
        outlet: Outlet,
        handlers: Handlers,
        bits: Callable[[int], int],
        now: int,
    ) -> None:
        """`bits`: so many random bits, as an integer (`secrets.randbits`)."""
        self.key = key
        self.state = CallState.WAITING
        self.ending: Ending | None = None
        self.confirmed = False
        """The peer has shown that it has the keys."""
        self.ssrc = bits(32) if terms.ssrc is None else terms.ssrc
        self._terms = terms
        self._outlet = outlet
        self._transmit = outlet.transmit
        self._handlers = handlers
        self._on_audio = handlers.on_audio
        self._bits = bits
        self._dtls = Dtls(certificate, terms.role, terms.fingerprints)
        self._path: HotPath | None = None  # while the call is connected
        self._reports = Reports(self.ssrc, terms.cname)
        self._in = Inflow(terms.payload_type, terms.level_extension, outlet.claim)
        self._out = Outflow(terms.payload_type, self.ssrc, bits(15), bits(32))
        self._proofs = Proofs()
        self._rejected = 0
        self._unheard = False
        self._heard = now
        self._report_at = 0

    def arrive(self, now: int) -> None:
        """The first authentic check came: the call has an address."""
        if self.state is CallState.WAITING:
            self._heard = now
            self._enter(CallState.CONNECTING)
            self._send_all(self._dtls.start(now))

    def receive(self, datagram: bytes, address: Address, now: int) -> bool:
        """One datagram; whether it is an authentic audio packet, newer than any before."""
        if datagram[0] < 128:
            self._handshake(datagram, address, now)
            return False
        path = self._path
        if path is None or len(datagram) < 12:
            self._rejected += 1
            return False
        try:
            if 64 <= datagram[1] & 0x7F < 96:
                self._report(path.unprotect_report(datagram), now)
                return False
            frame = self._in.receive(datagram, path, now)
        except Unprotectable:
            self._rejected += 1
            return False
        self._heard = now
        if not self.confirmed:
            self._confirm()
        if frame is not None:
            self._on_audio(frame, now)
        return self._in.newest

    def send_audio(self, opus: bytes, samples: int, skipped: int = 0) -> int | None:
        """Send one frame of `samples` (48 kHz), `skipped` samples after the end of the last one.

        Returns its RTP timestamp, or None if the call is not connected. Pacing is the caller's.
        """
        path = self._path
        if path is None:
            return None
        packet, stamp = self._out.packet(opus, samples, skipped, self._unheard)
        self._unheard = self._transmit(path.protect(packet))
        return stamp

    def moved(self, now: int) -> None:
        """The call is sent to another address from now on: report there soon, so that it can be proven."""
        self._report_at = now

    def next_deadline(self) -> int | None:
        """When to call `expire`; None when the call is over."""
        if self.state is CallState.WAITING:
            return self._heard + ARRIVAL_TIMEOUT
        if self.state is CallState.CONNECTING:
            return self._dtls.next_deadline()
        if self.state is not CallState.CONNECTED:
            return None
        shaking = None if self.confirmed else self._dtls.next_deadline()
        return self._report_at if shaking is None else min(shaking, self._report_at)

    def expire(self, now: int) -> None:
        """Do what is due."""
        if self.state is CallState.WAITING and now >= self._heard + ARRIVAL_TIMEOUT:
            self._end(CallState.FAILED, Ending.NEVER_CAME)
        if not self.confirmed and self.state in (CallState.CONNECTING, CallState.CONNECTED):
            self._send_all(self._dtls.expire(now))
            self._follow_dtls(None, now)
        if self.state is CallState.CONNECTED and now >= self._report_at:
            if now - max(self._heard, self._outlet.checked() or 0) >= SILENCE_TIMEOUT:
                self._goodbye(Ending.SILENT)
            else:
                self._tell(now)

    def close(self) -> None:
        """Hang up; a call that is over is left as it is."""
        if self.state in (CallState.WAITING, CallState.CONNECTING, CallState.CONNECTED):
            self._goodbye(Ending.HUB)

    def stats(self) -> CallStats:
        """How the call goes."""
        quality, stream = self._reports.quality, self._in.stream
        return CallStats(
            packets_received=self._in.received,
            packets_sent=self._out.packets,
            octets_sent=self._out.octets,
            rejected=self._rejected,
            lost=stream.lost if stream else 0,
            jitter=stream.jitter / 16 / 48 if stream else 0.0,
            peer_lost=quality.lost,
            peer_fraction_lost=quality.fraction_lost,
            peer_jitter=quality.jitter / 48,
            rtt=quality.rtt,
        )

    def _handshake(self, datagram: bytes, address: Address, now: int) -> None:
        if self.state in (CallState.CONNECTING, CallState.CONNECTED):
            self._send_all(self._dtls.receive(datagram, now))
            self._follow_dtls(address, now)

    def _follow_dtls(self, address: Address | None, now: int) -> None:
        dtls = self._dtls
        self.confirmed = dtls.stage is Stage.READY
        if self.state is CallState.CONNECTING and dtls.keys is not None:
            if address is not None:
                self._outlet.validate(address, by_handshake=True)
            self._path = LibSrtp(dtls.keys)
            self._heard = now
            self._report_at = now + self._interval()
            self._enter(CallState.CONNECTED)
        elif dtls.stage is Stage.FAILED and dtls.failure is not None:
            spoke = self.state is CallState.CONNECTED
            self._end(CallState.CLOSED if spoke else CallState.FAILED, Ending[dtls.failure.name])
        elif dtls.stage is Stage.CLOSED:
            self._end(CallState.CLOSED, Ending.PEER)

    def _confirm(self) -> None:
        self._dtls.confirm()
        self.confirmed = True

    def _report(self, compound: bytes, now: int) -> None:
        self._heard = now
        self._confirm()
        learned = self._reports.read(compound, now)
        if learned.echoed is None:
            return
        address = self._proofs.echoed(learned.echoed, self._reports.sent(learned.echoed))
        if address is not None:
            self._outlet.validate(address, by_handshake=False)

    def _tell(self, now: int) -> None:
        """A report to where the call is, and one with a secret mark to an address that is to be proven."""
        self._report_at = now + self._interval()
        path = self._path
        if path is None:
            return
        unproven = self._outlet.unproven()
        if unproven is None:
            self._proofs.clear()
        elif self._out.packets and self._proofs.usable:
            report, mark = self._write_report(now, self._bits(ECHO_BITS))
            self._proofs.expect(mark, unproven)
            self._outlet.transmit_to(path.protect_report(report), unproven)
        report, _ = self._write_report(now, 0)
        self._outlet.transmit(path.protect_report(report))

    def _write_report(self, now: int, skew: int) -> tuple[bytes, int]:
        out = self._out
        return self._reports.write(now, out.timestamp, out.packets, out.octets, self._in.stream, skew)

    def _interval(self) -> int:
        """0.5 to 1.5 of the usual, so that calls do not report in step (RFC 3550 §6.2)."""
        return REPORT_EVERY // 2 + self._bits(10) * REPORT_EVERY // 1024

    def _goodbye(self, ending: Ending) -> None:
        self._send_all(self._dtls.close())
        self._end(CallState.CLOSED, ending)

    def _end(self, state: CallState, ending: Ending) -> None:
        if state in NEXT[self.state]:
            self.ending = ending
            self._path = None
            self._enter(state)
            self._let_go()

    def _let_go(self) -> None:
        """Nothing is sent or told any more. Whom it told knows the call, too: unless they are let go, both are kept
        until the collector comes by, and with them what OpenSSL holds, of which the collector knows nothing."""
        self._in.end()
        del self._dtls, self._outlet, self._transmit, self._handlers, self._on_audio, self._bits

    def _enter(self, state: CallState) -> None:
        self.state = state
        self._handlers.on_state(self)

    def _send_all(self, datagrams: Sequence[bytes]) -> None:
        for datagram in datagrams:
            self._outlet.transmit(datagram)
