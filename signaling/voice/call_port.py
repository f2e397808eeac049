"""The door of calls: one UDP port and the same TCP port, the mux behind them, and the calls behind it.

A thin shell: it turns the effects of `Mux` and the wishes of `Call` into sends and timers, and decides
nothing. Everything runs on one loop; callbacks are called from within the arrival of a datagram.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from media.rtc.call import Call, CallState, Handlers, Terms
from media.rtc.certificate import DtlsCertificate
from media.rtc.dtls import Role
from media.rtc.parts import check_parts
from media.rtc.rtp import AudioPacket
from signaling.ice.hearing import Hearing
from signaling.ice.mux import Deliver, Dialled, Effect, Moved, Mux, Transmit
from signaling.ice.paths import DEFAULT_LIMITS, Address, Limits
from signaling.ice.tcp_port import TcpPort
from signaling.ice.udp_ports import UdpPorts
from signaling.voice.answer import Candidate, HubSide, Transport, hub_is_client, write_answer
from signaling.voice.certificates import HubCertificates
from signaling.voice.sdp import Offer

_BIND_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class CallPortOptions:
    """How a node takes calls.

    `secret` derives the ICE passwords and is one for the hub; `advertise` holds the IP literals that
    answers show (and nothing else is shown), with `advertised_port` if it differs from the bound one. `former` is
    the hub's certificate before `certificate`: tickets that pin it are still about. `next` is the one after it: tickets
    pin that, too.
    `host` None binds all addresses; `port` 0 lets the system choose. `clock` counts monotonic ms.
    """

    secret: bytes
    certificate: DtlsCertificate
    advertise: Sequence[str]
    clock: Callable[[], int]
    host: str | None = None
    port: int = 0
    advertised_port: int | None = None
    tcp: bool = True
    limits: Limits = DEFAULT_LIMITS
    random_bytes: Callable[[int], bytes] = os.urandom
    random_bits: Callable[[int], int] = secrets.randbits
    former: DtlsCertificate | None = None
    next: DtlsCertificate | None = None


class PortStats(NamedTuple):
    """Calls now, and counts since the start: datagrams met with silence by reason (see `mux.Dropped`),
    datagrams that the kernel did not take, TCP connections refused, datagrams of callers lost for want of room."""

    calls: int
    dropped: dict[str, int]
    unsent: int
    refused: int
    lost: int


class CallPort:
    """Open with `start`, close with `close`; between them `accept` makes calls of offers."""

    def __init__(self, options: CallPortOptions) -> None:
        """Binds the ports. Raises OSError, or WrongPart if aiortc is not the version this was made for."""
        check_parts()
        self._options = options
        self._clock = options.clock
        self._udp, self._tcp = _bind(options)
        self._send = self._udp.send
        self.mux = Mux(options.secret, options.random_bytes, options.limits)
        self._seats: dict[str, _Seat] = {}
        self._hearing = Hearing()
        self._lost = 0
        self.certificates = HubCertificates(options.certificate, options.former, options.next)
        self.port = self._udp.port
        self.dialled: Callable[[Dialled], None] = lambda _: None
        """Called when a page dials by a ticket; whoever can read it calls `expect` before returning."""

    async def start(self) -> None:
        """Begin to read."""
        self._udp.start(self.receive)
        if self._tcp is not None:
            await self._tcp.start(self.receive, self.mux.knows, self.mux.forget)

    async def close(self) -> None:
        """Hang up every call and give the ports back."""
        for seat in list(self._seats.values()):
            seat.call.close()
        self._udp.close()
        if self._tcp is not None:
            await self._tcp.close()

    def accept(
        self,
        offer: Offer,
        on_audio: Callable[[AudioPacket, int], None],
        on_state: Callable[[Call], None] = lambda _: None,
    ) -> tuple[str, Call]:
        """The SDP answer to an offer, and its call. Raises MuxFull.

        `on_audio(packet, now)` and `on_state(call)` are called synchronously on the loop: be brief. A call
        that ends is given up by itself; its key is never used again.
        """
        options, certificate = self._options, self.certificates.current
        key = options.random_bytes(12).hex()
        password = self.mux.open(key, offer.ufrag, offer.password)
        terms = Terms(
            payload_type=offer.payload_type,
            fingerprints=offer.fingerprints,
            role=Role.CLIENT if hub_is_client(offer) else Role.SERVER,
            level_extension=offer.level_extension,
        )
        call = self._seat(key, terms, certificate, (on_audio, on_state))
        side = HubSide(
            ufrag=key,
            password=password,
            fingerprint=certificate.fingerprint,
            ssrc=call.ssrc,
            session=options.random_bits(62),
            candidates=self.candidates(),
        )
        return write_answer(offer, side), call

    def expect(
        self,
        key: str,
        terms: Terms,
        certificate: DtlsCertificate,
        handlers: tuple[Callable[[AudioPacket, int], None], Callable[[Call], None]],
    ) -> Call:
        """A call by ticket: `key` is the ticket's user fragment, a colon and the page's. Its `handlers` are as
        for `accept`. The same again is the call that is there. Raises MuxFull."""
        seat = self._seats.get(key)
        if seat is not None:
            return seat.call
        self.mux.open(key, key.partition(":")[2], "")
        return self._seat(key, terms, certificate, handlers)

    def introduce(self, key: str, password: str) -> None:
        """The page of a call by ticket says its ICE password."""
        for transmit in self.mux.introduce(key, password, self.now()):
            self.dispatch(*transmit)

    def _seat(
        self,
        key: str,
        terms: Terms,
        certificate: DtlsCertificate,
        told: tuple[Callable[[AudioPacket, int], None], Callable[[Call], None]],
    ) -> Call:
        seat = _Seat(self, key, told[1])
        bits, now = self._options.random_bits, self._options.clock()
        call = seat.call = Call(key, terms, certificate, seat, Handlers(told[0], seat.turned), bits, now)
        seat.receive = call.receive
        self._seats[key] = seat
        seat.arm()
        return seat.call

    def receive(self, datagram: bytes, address: Address) -> None:
        """One datagram from the network."""
        now = self._clock()
        key = self.mux.settled(datagram, address, now)
        if key is not None:
            self._seats[key].receive(datagram, address, now)
            return
        for effect in self.mux.receive(datagram, address, now):
            if not isinstance(effect, Dialled):
                self._do(effect, now)
                continue
            self.dialled(effect)
            if effect.key in self._seats:
                self.receive(datagram, address)

    def dispatch(self, datagram: bytes, address: Address) -> None:
        """Put a datagram on its way."""
        if len(address) > 2 and address[2] == "tcp" and self._tcp is not None:
            self._tcp.send(datagram, address)
        else:
            self._send(datagram, address)

    def release(self, key: str) -> None:
        """A call is over."""
        self._seats.pop(key, None)
        self.mux.close(key)

    def stats(self) -> PortStats:
        """How the door fares."""
        dropped = {why.value: count for why, count in self.mux.dropped.items()}
        refused = self._tcp.refused if self._tcp is not None else 0
        return PortStats(len(self._seats), dropped, self._udp.unsent, refused, self._lost)

    @property
    def full(self) -> bool:
        """Whether more calls come in already than are heard: new ones should go elsewhere."""
        return self._hearing.full

    def look(self) -> bool:
        """A second passed: whether it is `full` now and was not, or the other way round."""
        read, self._lost = self._udp.look()
        return self._hearing.look(read, self._lost)

    def now(self) -> int:
        return self._options.clock()

    def _do(self, effect: Effect, now: int) -> None:
        if isinstance(effect, Deliver):
            seat = self._seats.get(effect.key)
            if seat is None:
                return
            newest = seat.call.receive(effect.datagram, effect.address, now)
            if effect.trial and newest:
                for further in self.mux.newest(effect.key, effect.address, len(effect.datagram), now):
                    self._do(further, now)
            if effect.datagram[0] < 128:
                seat.arm()
        elif isinstance(effect, Transmit):
            self.dispatch(effect.datagram, effect.address)
        elif isinstance(effect, Moved):
            self._follow(effect, now)

    def _follow(self, moved: Moved, now: int) -> None:
        seat = self._seats.get(moved.key)
        if seat is None:
            return
        if moved.old is None:
            seat.call.arrive(now)
        else:
            seat.call.moved(now)
        seat.arm()

    def candidates(self) -> list[Candidate]:
        """Where pages reach this port: what answers and tickets show."""
        port = self._options.advertised_port or self.port
        transports = [Transport.UDP] if self._tcp is None else [Transport.UDP, Transport.TCP]
        return [Candidate(host, port, t) for t in transports for host in self._options.advertise]


class _Seat:
    """A call's place at the port: its `Outlet`, and its one timer."""

    call: Call
    receive: Callable[[bytes, Address, int], bool]
    """The call's."""

    def __init__(self, port: CallPort, key: str, on_state: Callable[[Call], None]) -> None:
        self._port = port
        self._mux = port.mux
        self._straight = port.mux.straight
        self._dispatch = port.dispatch
        self._key = key
        self._on_state = on_state
        self._timer: asyncio.TimerHandle | None = None
        self._due: int | None = None

    def transmit(self, datagram: bytes) -> bool:
        address = self._straight(self._key, len(datagram))
        if address is not None:
            self._dispatch(datagram, address)
            return False
        sent = self._mux.send(self._key, datagram)
        for transmit in sent:
            self._port.dispatch(*transmit)
        return len(sent) > 1 and self._mux.unheard(self._key)

    def transmit_to(self, datagram: bytes, address: Address) -> None:
        for transmit in self._mux.send_to(self._key, datagram, address):
            self._port.dispatch(*transmit)

    def unproven(self) -> Address | None:
        where = self._mux.where(self._key)
        return where[0] if where is not None and not where[1] else None

    def validate(self, address: Address, by_handshake: bool) -> None:
        self._mux.validate(self._key, address, by_handshake)

    def claim(self, ssrc: int) -> None:
        self._mux.claim(self._key, ssrc)

    def checked(self) -> int | None:
        return self._mux.checked(self._key)

    def turned(self, call: Call) -> None:
        """The call's state is another one."""
        if call.state in (CallState.CLOSED, CallState.FAILED):
            self._disarm()
            self._port.release(self._key)
        self._on_state(call)

    def arm(self) -> None:
        """Set the timer to the call's next deadline."""
        due = self.call.next_deadline()
        if due == self._due:
            return
        self._disarm()
        if due is not None:
            self._due = due
            wait = max(0, due - self._port.now()) / 1000
            self._timer = asyncio.get_running_loop().call_later(wait, self._ring)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._due = None

    def _ring(self) -> None:
        self._timer = self._due = None
        self.call.expire(self._port.now())
        self.arm()


def _bind(options: CallPortOptions) -> tuple[UdpPorts, TcpPort | None]:
    """Both ports with one number; where the system chooses it, until one is free for both."""
    for attempt in range(_BIND_ATTEMPTS):
        udp = UdpPorts(options.host, options.port, options.advertise)
        if not options.tcp:
            return udp, None
        try:
            return udp, TcpPort(options.host, udp.port)
        except OSError:
            udp.close()
            if options.port or attempt == _BIND_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")
