"""A call against a peer of its own kind, without sockets: every datagram is carried by hand."""

import gc
import weakref
from dataclasses import replace
from typing import Any

import pytest

from media.rtc.call import (
    ARRIVAL_TIMEOUT,
    NEXT,
    SILENCE_TIMEOUT,
    Call,
    CallState,
    Ending,
    Handlers,
    Terms,
)
from media.rtc.dtls import Role
from media.rtc.flows import MAX_STREAMS
from media.rtc.parts import AIORTC_VERSION, WrongPart, check_parts
from media.rtc.proofs import Address
from media.rtc.rtp import UNHEARD, AudioPacket, read_header, write_packet
from tests.support.call_peer import LEVEL_EXTENSION, PAYLOAD_TYPE, SSRC, CallPeer
from tests.support.certificates import minted

HOME: Address = ("192.0.2.1", 1)
AWAY: Address = ("192.0.2.1", 2)
HUB = minted()


class Wire:
    """An `Outlet` that keeps what is sent, and the peer at its other end."""

    def __init__(self, role: Role = Role.CLIENT, wrong_fingerprint: bool = False, **terms: Any) -> None:
        self.sent: list[tuple[bytes, Address | None]] = []
        self.validated: list[tuple[Address, bool]] = []
        self.claimed: list[int] = []
        self.unproven_at: Address | None = None
        self.last_check: int | None = None
        self.unheard = False
        self.heard: list[AudioPacket] = []
        self.states: list[CallState] = []
        self.now = 1000
        self.random = 0
        self.peer = CallPeer(Role.SERVER if role is Role.CLIENT else Role.CLIENT, HUB.fingerprint)
        named = HUB if wrong_fingerprint else self.peer.certificate
        agreed = Terms(PAYLOAD_TYPE, [named.fingerprint], role, LEVEL_EXTENSION)
        self.call = Call(
            "key",
            replace(agreed, **terms),
            HUB,
            self,
            Handlers(
                lambda packet, _: self.heard.append(packet), lambda call: self.states.append(call.state)
            ),
            self.bits,
            self.now,
        )

    def bits(self, count: int) -> int:
        self.random += 1
        return self.random % (1 << count)

    def transmit(self, datagram: bytes) -> bool:
        self.sent.append((datagram, None))
        return self.unheard

    def transmit_to(self, datagram: bytes, address: Address) -> None:
        self.sent.append((datagram, address))

    def unproven(self) -> Address | None:
        return self.unproven_at

    def validate(self, address: Address, by_handshake: bool) -> None:
        self.validated.append((address, by_handshake))

    def claim(self, ssrc: int) -> None:
        self.claimed.append(ssrc)

    def checked(self) -> int | None:
        return self.last_check

    def taken(self) -> list[tuple[bytes, Address | None]]:
        found, self.sent = self.sent, []
        return found

    def connect(self) -> "Wire":
        self.call.arrive(self.now)
        first = self.peer.start(self.now) if self.peer.role is Role.CLIENT else []
        while first or self.sent:
            replies = [r for datagram, _ in self.taken() for r in self.peer.receive(datagram, self.now)]
            for datagram in first + replies:
                self.call.receive(datagram, HOME, self.now)
            first = []
        assert self.call.state is CallState.CONNECTED
        return self

    def say(self, payload: bytes = b"opus", ssrc: int = SSRC) -> bool:
        return self.call.receive(self.peer.speak(payload, ssrc), HOME, self.now)

    def spoken(self) -> list[bytes]:
        """The hub has said its last flight, and the peer its own: that is what is on its way."""
        self.call.arrive(self.now)
        while self.peer.srtp is None:
            replies = [r for datagram, _ in self.taken() for r in self.peer.receive(datagram, self.now)]
            if self.peer.srtp is None:
                for datagram in replies:
                    self.call.receive(datagram, HOME, self.now)
        return replies


def test_the_hub_speaks_with_its_own_last_flight() -> None:
    wire = Wire()
    wire.spoken()
    assert wire.call.state is CallState.CONNECTED
    assert wire.validated == [(HOME, True)], "the peer signed what only this address was sent"
    assert wire.call.send_audio(b"at once", 960) is not None
    wire.peer.receive(wire.taken()[-1][0])
    assert len(wire.peer.heard) == 1


@pytest.mark.parametrize("shown", ["sound", "report"])
def test_a_lost_last_flight_of_the_peer_is_made_good_by_what_it_protects(shown: str) -> None:
    wire = Wire()
    wire.spoken()
    assert wire.call.next_deadline() == wire.now + 20
    if shown == "sound":
        wire.say()
    else:
        wire.call.receive(wire.peer.echo(wire.now), HOME, wire.now)
    assert due(wire) >= wire.now + 500
    wire.taken()
    wire.call.expire(wire.now + 60)
    assert wire.taken() == []


def test_a_peer_that_shows_nothing_is_sent_the_last_flight_again_and_given_up() -> None:
    wire = Wire()
    wire.spoken()
    start = wire.now
    while wire.call.state is CallState.CONNECTED:
        wire.now = due(wire)
        wire.call.expire(wire.now)
    assert (wire.call.state, wire.call.ending) == (CallState.CLOSED, Ending.TIMEOUT)
    assert 14_000 < wire.now - start <= 15_000


@pytest.mark.parametrize("role", list(Role))
def test_sound_goes_both_ways(role: Role) -> None:
    wire = Wire(role).connect()
    assert wire.say(b"from the phone")
    assert [(p.payload, p.extended, p.ssrc) for p in wire.heard] == [(b"from the phone", 0, SSRC)]
    assert wire.call.send_audio(b"from the hub", 960) is not None
    wire.peer.receive(wire.taken()[-1][0])
    header = read_header(wire.peer.heard[0])
    assert header is not None
    assert wire.peer.heard[0][header.start :] == b"from the hub"
    assert wire.validated == [(HOME, True)]
    assert wire.claimed == [SSRC]
    assert wire.states == [CallState.CONNECTING, CallState.CONNECTED]


def test_timestamps_count_samples_and_a_pause_is_marked() -> None:
    wire = Wire().connect()
    stamps = [wire.call.send_audio(b"x", 960), wire.call.send_audio(b"x", 480)]
    stamps += [wire.call.send_audio(b"x", 960, skipped=4800), wire.call.send_audio(b"x", 960)]
    start = stamps[0]
    assert start is not None
    assert [s - start for s in stamps if s is not None] == [0, 960, 1440 + 4800, 1440 + 4800 + 960]
    for datagram, _ in wire.taken():
        wire.peer.receive(datagram)
    headers = [h for h in map(read_header, wire.peer.heard) if h is not None]
    assert [h.marker for h in headers] == [True, False, True, False]
    assert [h.timestamp for h in headers] == stamps
    assert [h.sequence - headers[0].sequence for h in headers] == [0, 1, 2, 3]


def test_a_frame_says_that_the_peer_is_not_heard_once_the_outlet_has_said_so() -> None:
    wire = Wire().connect()
    wire.unheard = True
    for _ in range(2):
        wire.call.send_audio(b"x", 960)
    wire.unheard = False
    for _ in range(2):
        wire.call.send_audio(b"x", 960)
    for datagram, _ in wire.taken():
        wire.peer.receive(datagram)
    said = [packet[12:16] == UNHEARD.to_bytes(4, "big") for packet in wire.peer.heard]
    assert said == [False, True, True, False]
    headers = [h for h in map(read_header, wire.peer.heard) if h is not None]
    assert [p[h.start : h.end] for p, h in zip(wire.peer.heard, headers, strict=True)] == [b"x"] * 4


def test_nothing_is_sent_before_the_call_stands_or_after_its_end() -> None:
    wire = Wire()
    assert wire.call.send_audio(b"x", 960) is None
    assert not wire.call.receive(bytes([0x80, 111]) + bytes(60), HOME, wire.now)
    wire.connect().call.close()
    wire.taken()
    assert wire.call.send_audio(b"x", 960) is None
    assert not wire.say()
    assert wire.taken() == []
    assert wire.call.next_deadline() is None


def test_a_replayed_or_forged_packet_is_counted_and_not_heard() -> None:
    wire = Wire().connect()
    packet = wire.peer.speak()
    assert wire.call.receive(packet, HOME, wire.now)
    assert not wire.call.receive(packet, HOME, wire.now)
    assert not wire.call.receive(packet[:-1] + bytes([packet[-1] ^ 1]), HOME, wire.now)
    for noise in (b"\x80", b"\x80\xc8", b"\x80" * 12, b"\x80" * 1400, b"\x9f" + b"\xff" * 40):
        assert not wire.call.receive(noise, HOME, wire.now)
    assert len(wire.heard) == 1
    assert wire.call.stats().rejected == 7


def test_a_late_packet_is_heard_but_is_not_the_newest() -> None:
    wire = Wire().connect()
    early, late = wire.peer.speak(b"1"), wire.peer.speak(b"2")
    assert wire.call.receive(late, HOME, wire.now)
    assert not wire.call.receive(early, HOME, wire.now)
    assert [p.extended for p in wire.heard] == [1, 0]
    assert wire.call.stats().packets_received == 2


def test_indexes_go_on_over_the_wrap_of_the_sequence() -> None:
    wire = Wire().connect()
    wire.peer.sequence = 65_500
    assert all(wire.say() for _ in range(100))
    assert [p.extended for p in wire.heard] == list(range(65_500, 65_600))
    assert [p.sequence for p in wire.heard[35:37]] == [65_535, 0]


def test_another_stream_takes_over_and_what_is_left_of_the_old_is_not_heard() -> None:
    wire = Wire().connect()
    wire.say(b"old")
    late = wire.peer.speak(b"late")
    wire.say(b"new", ssrc=77)
    assert not wire.call.receive(late, HOME, wire.now)
    assert [(p.payload, p.ssrc) for p in wire.heard] == [(b"old", SSRC), (b"new", 77)]
    assert wire.claimed == [SSRC, 77]


def test_the_number_of_streams_is_bounded() -> None:
    wire = Wire().connect()
    for ssrc in range(100, 150):
        wire.say(ssrc=ssrc)
    assert len(wire.heard) == MAX_STREAMS
    assert wire.call.stats().rejected == 50 - MAX_STREAMS


def test_only_the_agreed_payload_is_heard() -> None:
    wire = Wire().connect()
    assert wire.peer.srtp is not None
    comfort = wire.peer.srtp.protect(write_packet(13, False, 5, 5, SSRC, b"noise"))
    assert wire.call.receive(comfort, HOME, wire.now)
    assert wire.heard == []


def test_a_handshake_with_another_certificate_fails() -> None:
    wire = Wire(wrong_fingerprint=True)
    with pytest.raises(AssertionError):
        wire.connect()
    assert (wire.call.state, wire.call.ending) == (CallState.FAILED, Ending.FINGERPRINT)


def test_a_call_that_nobody_comes_to_fails() -> None:
    wire = Wire()
    assert wire.call.next_deadline() == wire.now + ARRIVAL_TIMEOUT
    wire.call.expire(wire.now + ARRIVAL_TIMEOUT - 1)
    assert wire.call.state is CallState.WAITING
    wire.call.expire(wire.now + ARRIVAL_TIMEOUT)
    assert (wire.call.state, wire.call.ending) == (CallState.FAILED, Ending.NEVER_CAME)


def test_a_handshake_that_stalls_fails() -> None:
    wire = Wire()
    wire.call.arrive(wire.now)
    while (due := wire.call.next_deadline()) is not None:
        wire.call.expire(due)
    assert (wire.call.state, wire.call.ending) == (CallState.FAILED, Ending.TIMEOUT)
    assert 10 < len(wire.sent) < 40


def test_a_goodbye_of_the_peer_ends_the_call_and_ours_ends_it_there() -> None:
    wire = Wire().connect()
    assert wire.peer.dtls is not None
    for datagram in wire.peer.dtls.close():
        wire.call.receive(datagram, HOME, wire.now)
    assert (wire.call.state, wire.call.ending) == (CallState.CLOSED, Ending.PEER)
    other = Wire().connect()
    other.call.close()
    other.call.close()
    assert len(other.taken()) == 1
    assert (other.call.state, other.call.ending) == (CallState.CLOSED, Ending.HUB)
    assert other.states.count(CallState.CLOSED) == 1


def test_a_call_that_is_over_is_freed_without_a_collector() -> None:
    gc.disable()
    try:
        wire = Wire().connect()
        assert wire.say()
        kept = weakref.ref(wire.call)
        wire.call.close()
        del wire
        assert kept() is None
    finally:
        gc.enable()


def due(wire: Wire) -> int:
    found = wire.call.next_deadline()
    assert found is not None
    return found


def test_a_call_reports_every_half_to_one_and_a_half_seconds() -> None:
    wire = Wire().connect()
    for _ in range(20):
        before = wire.now
        wire.now = due(wire)
        assert 500 <= wire.now - before <= 1500
        wire.say()
        wire.call.expire(wire.now)
        assert len(wire.taken()) == 1


def test_silence_ends_a_call_but_checks_keep_it() -> None:
    wire = Wire().connect()
    start = wire.now
    while wire.call.state is CallState.CONNECTED and wire.now < start + 2 * SILENCE_TIMEOUT:
        wire.now = due(wire)
        wire.last_check = wire.now
        wire.call.expire(wire.now)
    assert wire.call.state is CallState.CONNECTED
    while wire.call.state is CallState.CONNECTED:
        wire.now = due(wire)
        wire.call.expire(wire.now)
    assert wire.call.ending is Ending.SILENT
    assert SILENCE_TIMEOUT <= wire.now - (wire.last_check or 0) <= SILENCE_TIMEOUT + 1500


def test_an_unproven_address_is_proven_by_the_echo_of_a_report_that_only_it_was_sent() -> None:
    wire = Wire().connect()
    wire.call.send_audio(b"x", 960)
    wire.taken()
    wire.unproven_at = AWAY
    wire.call.moved(wire.now)
    wire.now = due(wire)
    wire.call.expire(wire.now)
    (secret, only), (plain, everywhere) = wire.taken()
    assert (only, everywhere) == (AWAY, None)
    wire.peer.reports_about_hub(plain, wire.call.ssrc, wire.now)
    wire.call.receive(wire.peer.echo(wire.now + 10), HOME, wire.now + 10)
    assert wire.validated == [(HOME, True)]
    wire.peer.reports_about_hub(secret, wire.call.ssrc, wire.now)
    wire.call.receive(wire.peer.echo(wire.now + 20), AWAY, wire.now + 20)
    assert wire.validated == [(HOME, True), (AWAY, False)]


def test_who_guesses_at_echoes_proves_nothing_and_ends_the_game() -> None:
    wire = Wire().connect()
    wire.call.send_audio(b"x", 960)
    wire.unproven_at = AWAY
    wire.now = due(wire)
    wire.call.expire(wire.now)
    for guess in range(100):
        wire.call.receive(wire.peer.guess(wire.call.ssrc, 0xF0000000 + guess), AWAY, wire.now)
    assert wire.validated == [(HOME, True)]
    wire.taken()
    wire.now = due(wire)
    wire.call.expire(wire.now)
    assert [address for _, address in wire.taken()] == [None]


def test_the_round_trip_and_the_peers_loss_are_known() -> None:
    wire = Wire().connect()
    wire.call.send_audio(b"x", 960)
    wire.now = due(wire)
    wire.call.expire(wire.now)
    report = wire.taken()[-1][0]
    wire.peer.reports_about_hub(report, wire.call.ssrc, wire.now + 30)
    wire.call.receive(wire.peer.echo(wire.now + 50), HOME, wire.now + 80)
    assert wire.call.stats().rtt in (60, 61)


def test_an_ended_call_never_lives_again() -> None:
    assert all(not NEXT[state] for state in (CallState.CLOSED, CallState.FAILED))
    assert set(NEXT) == set(CallState)


def test_a_hub_with_another_aiortc_refuses_to_start() -> None:
    check_parts(AIORTC_VERSION)
    with pytest.raises(WrongPart, match="aiortc"):
        check_parts("1.17.0")
