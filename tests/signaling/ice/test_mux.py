"""The rules of the mux, one by one. `test_mux_mutants` proves that these examples notice when one is broken."""

from collections.abc import Sequence

import pytest

from signaling.ice import mux as machine
from signaling.ice import stun
from signaling.ice.mux import Deliver, Dropped, Effect, Moved, Mux, MuxFull, Transmit
from signaling.ice.paths import Address, Limits
from tests.support.checks import answer, check

SECRET = b"the secret of a hub"
PEER_PASSWORD = "the password of the peer"
HOME: Address = ("192.0.2.10", 4000)
AWAY: Address = ("198.51.100.7", 5000)
THIRD: Address = ("203.0.113.66", 6000)
TCP: Address = ("192.0.2.10", 4000, "tcp")
DTLS = bytes([22]) + bytes(40)
SSRC = 0xCAFE


def srtp(number: int = 1, ssrc: int = SSRC, size: int = 80) -> bytes:
    return bytes([0x80, 111]) + number.to_bytes(2, "big") + bytes(4) + ssrc.to_bytes(4, "big") + bytes(size)


class Hub:
    """A mux with a call or two, and what it did."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.counter = 0
        self.mux: Mux = machine.Mux(SECRET, self.randomness, limits or Limits())
        self.now = 0

    def randomness(self, size: int) -> bytes:
        self.counter += 1
        return self.counter.to_bytes(size, "big")

    def open(self, key: str = "call") -> str:
        return self.mux.open(key, "peer", PEER_PASSWORD)

    def check(self, address: Address, key: str = "call", nominated: bool = True) -> list[Effect]:
        return self.mux.receive(self.checked(key, nominated), address, self.now)

    def checked(self, key: str = "call", nominated: bool = True) -> bytes:
        password = stun.derive_password(SECRET, key)
        return check(f"{key}:peer", password, self.randomness(12), nominated)

    def hear(self, datagram: bytes, address: Address) -> list[Effect]:
        return self.mux.receive(datagram, address, self.now)

    def at_home(self) -> "Hub":
        """With a call that is validated at HOME, and has a stream."""
        self.open()
        self.check(HOME)
        self.mux.validate("call", HOME, by_handshake=True)
        self.mux.claim("call", SSRC)
        return self

    def where(self, key: str = "call") -> tuple[Address, bool] | None:
        return self.mux.where(key)


def sent_to(effects: Sequence[Effect]) -> list[Address]:
    return [e.address for e in effects if isinstance(e, Transmit)]


def last_sent(effects: Sequence[Effect]) -> bytes:
    return [e.datagram for e in effects if isinstance(e, Transmit)][-1]


def moves(effects: Sequence[Effect]) -> list[Moved]:
    return [e for e in effects if isinstance(e, Moved)]


def test_the_first_check_gives_a_call_its_address_and_is_answered() -> None:
    hub = Hub()
    password = hub.open()
    effects = hub.check(HOME, nominated=False)
    assert sent_to(effects) == [HOME]
    assert [(m.old, m.new, m.validated) for m in moves(effects)] == [(None, HOME, False)]
    assert password == stun.derive_password(SECRET, "call")
    assert hub.where() == (HOME, False)


def test_nothing_unauthenticated_is_answered_or_delivered() -> None:
    hub = Hub()
    hub.open()
    wrong = [
        check("call:peer", "not the password", bytes(12)),
        check("other:peer", stun.derive_password(SECRET, "other"), bytes(12)),
        check("call:another", stun.derive_password(SECRET, "call"), bytes(12)),
        b"",
        DTLS,
        srtp(),
        b"\0",
        b"\x10" * 50,
        b"\xff" * 50,
    ]
    assert [hub.hear(datagram, THIRD) for datagram in wrong] == [[]] * len(wrong)
    assert hub.where() is None
    assert sum(hub.mux.dropped.values()) == len(wrong)


def test_what_comes_from_an_open_address_belongs_to_its_call() -> None:
    hub = Hub().at_home()
    assert hub.hear(DTLS, HOME) == [Deliver("call", DTLS, HOME, False)]
    assert hub.hear(srtp(), HOME) == [Deliver("call", srtp(), HOME, False)]
    assert hub.hear(b"", HOME) == []
    assert hub.hear(b"\x40" * 30, HOME) == []


def test_dtls_and_reports_from_elsewhere_reach_nobody() -> None:
    hub = Hub().at_home()
    report = bytes([0x80, 200]) + bytes(6) + SSRC.to_bytes(4, "big") + bytes(40)
    disguised = bytes([22, 111]) + bytes(6) + SSRC.to_bytes(4, "big") + bytes(40)
    assert hub.hear(DTLS, AWAY) == []
    assert hub.hear(disguised, AWAY) == []
    assert hub.hear(report, AWAY) == []
    assert hub.mux.dropped[Dropped.UNOPENED] == 3


def test_a_replayed_check_moves_nothing_and_is_not_answered_elsewhere() -> None:
    hub = Hub().at_home()
    recorded = hub.checked()
    hub.hear(recorded, HOME)
    assert hub.hear(recorded, THIRD) == []
    hub.now += 1
    assert hub.hear(recorded, THIRD) == []
    hub.now += 86_400_000
    for _ in range(200):
        hub.check(HOME)
    assert hub.hear(recorded, THIRD) == []
    assert hub.where() == (HOME, True)
    assert hub.hear(DTLS, THIRD) == []


def test_a_repeated_check_from_an_open_address_is_answered_but_does_not_move_the_call() -> None:
    hub = Hub().at_home()
    recorded = hub.checked(nominated=True)
    hub.hear(recorded, AWAY)
    hub.check(HOME)
    assert hub.where() == (HOME, True)
    effects = hub.hear(recorded, AWAY)
    assert sent_to(effects) == [AWAY]
    assert moves(effects) == []


def test_a_check_without_nomination_opens_an_address_but_does_not_move_the_call() -> None:
    hub = Hub().at_home()
    assert moves(hub.check(AWAY, nominated=False)) == []
    assert hub.where() == (HOME, True)
    assert hub.hear(DTLS, AWAY) == [Deliver("call", DTLS, AWAY, True)]


def test_a_fresh_nominated_check_moves_the_call_and_challenges_the_new_address() -> None:
    hub = Hub().at_home()
    effects = hub.check(AWAY)
    assert [(m.old, m.new, m.validated) for m in moves(effects)] == [(HOME, AWAY, False)]
    assert sent_to(effects) == [AWAY, AWAY]
    assert hub.where() == (AWAY, False)


def test_until_the_new_address_is_validated_both_get_the_call() -> None:
    hub = Hub().at_home()
    challenge = hub.check(AWAY)[-1]
    assert isinstance(challenge, Transmit)
    assert sent_to(hub.mux.send("call", b"x" * 20)) == [AWAY, HOME]
    reply = answer(challenge.datagram, PEER_PASSWORD, "192.0.2.1", 1)
    assert hub.hear(reply, AWAY) == []
    assert hub.where() == (AWAY, True)
    assert sent_to(hub.mux.send("call", b"x" * 20)) == [AWAY]


def test_the_answer_to_a_challenge_counts_only_from_where_it_was_sent_and_by_the_peer() -> None:
    hub = Hub().at_home()
    hub.check(THIRD, nominated=False)
    challenge = hub.check(AWAY)[-1]
    assert isinstance(challenge, Transmit)
    hub.hear(answer(challenge.datagram, PEER_PASSWORD, "192.0.2.1", 1), THIRD)
    hub.hear(answer(challenge.datagram, PEER_PASSWORD, "192.0.2.1", 1), HOME)
    hub.hear(answer(challenge.datagram, "guessed", "192.0.2.1", 1), AWAY)
    unasked = stun.write_check(b"never sent!!", "peer:call", PEER_PASSWORD)
    hub.hear(answer(unasked, PEER_PASSWORD, "192.0.2.1", 1), AWAY)
    assert hub.where() == (AWAY, False)


def test_the_newest_audio_moves_the_call_at_once() -> None:
    hub = Hub().at_home()
    assert hub.hear(srtp(7), AWAY) == [Deliver("call", srtp(7), AWAY, True)]
    assert hub.where() == (HOME, True)
    effects = hub.mux.newest("call", AWAY, len(srtp(7)), hub.now)
    assert [(m.old, m.new) for m in moves(effects)] == [(HOME, AWAY)]
    assert hub.hear(srtp(8), AWAY) == [Deliver("call", srtp(8), AWAY, False)]
    assert sent_to(hub.mux.send("call", b"x" * 50)) == [AWAY, HOME]


def test_the_old_address_takes_the_call_back_by_one_newer_packet() -> None:
    hub = Hub().at_home()
    hub.hear(srtp(7), THIRD)
    hub.mux.newest("call", THIRD, 92, hub.now)
    assert hub.hear(srtp(8), HOME) == [Deliver("call", srtp(8), HOME, True)]
    assert [m.validated for m in moves(hub.mux.newest("call", HOME, 92, hub.now))] == [True]
    assert hub.where() == (HOME, True)
    assert sent_to(hub.mux.send("call", b"x" * 50)) == [HOME]


def test_two_moves_without_proof_keep_the_last_proven_address() -> None:
    hub = Hub().at_home()
    hub.check(AWAY)
    assert sent_to(hub.check(THIRD)) == [THIRD, THIRD]
    assert sent_to(hub.mux.send("call", b"x" * 20)) == [THIRD, HOME]


def test_an_unvalidated_address_gets_at_most_three_times_what_it_sent() -> None:
    hub = Hub()
    hub.open()
    first = hub.checked()
    sent = sum(len(e.datagram) for e in hub.hear(first, HOME) if isinstance(e, Transmit))
    for _ in range(100):
        sent += sum(len(e.datagram) for e in hub.mux.send("call", b"x" * 60))
        sent += sum(len(e.datagram) for e in hub.mux.send_to("call", b"x", HOME))
    assert 3 * len(first) - 1 <= sent <= 3 * len(first)
    hub.mux.validate("call", HOME)
    assert sent_to(hub.mux.send("call", b"x" * 6000)) == [HOME]


def test_answers_to_checks_are_booked_too() -> None:
    hub = Hub().at_home()
    for _ in range(50):
        hub.check(AWAY, nominated=False)
    got = 50 * len(hub.checked())
    sent = sum(len(e.datagram) for _ in range(99) for e in hub.mux.send_to("call", b"x" * 500, AWAY))
    assert sent <= 3 * got - 50 * 60


def test_a_handshake_proves_the_address_only_if_the_call_was_never_elsewhere() -> None:
    hub = Hub()
    hub.open()
    hub.check(HOME)
    hub.check(AWAY)
    hub.mux.validate("call", AWAY, by_handshake=True)
    assert hub.where() == (AWAY, False)
    hub.mux.validate("call", AWAY)
    assert hub.where() == (AWAY, True)


def test_an_unproven_second_address_is_challenged_again_every_200_ms() -> None:
    hub = Hub()
    hub.open()
    hub.check(HOME)
    hub.check(AWAY)
    hub.now += 199
    assert len(sent_to(hub.check(AWAY))) == 1
    hub.now += 1
    assert len(sent_to(hub.check(AWAY))) == 2
    hub.now += 200
    assert sent_to(hub.hear(DTLS, AWAY)) == [AWAY]


def test_the_first_address_is_not_challenged() -> None:
    hub = Hub()
    hub.open()
    hub.check(HOME)
    hub.now += 1000
    assert sent_to(hub.check(HOME)) == [HOME]
    assert sent_to(hub.hear(DTLS, HOME)) == []


def test_tcp_proves_its_address() -> None:
    hub = Hub()
    hub.open()
    hub.check(TCP)
    assert hub.where() == (TCP, True)
    hub.mux.forget(TCP)
    assert hub.where() is None
    assert not hub.mux.knows(TCP)


def test_a_validated_address_cannot_be_taken_by_another_call() -> None:
    hub = Hub().at_home()
    hub.open("other")
    assert hub.check(HOME, key="other") == []
    assert hub.mux.dropped[Dropped.ADDRESS_TAKEN] == 1
    assert hub.hear(DTLS, HOME) == [Deliver("call", DTLS, HOME, False)]


def test_a_validated_address_that_fell_silent_may_be_taken() -> None:
    hub = Hub().at_home()
    hub.open("other")
    hub.now += 30_000
    hub.check(HOME, key="other")
    assert hub.hear(DTLS, HOME) == [Deliver("other", DTLS, HOME, False)]
    assert hub.where("call") is None


def test_trials_are_budgeted_per_source_and_per_call() -> None:
    hub = Hub(Limits(trials_per_source=3, trials_per_call=5)).at_home()
    tried = [bool(hub.hear(srtp(i), (THIRD[0], 7000 + i))) for i in range(10)]
    assert tried == [True] * 3 + [False] * 7
    others = [bool(hub.hear(srtp(i), (f"203.0.113.{i}", 1))) for i in range(10)]
    assert sum(others) == 2
    assert hub.mux.dropped[Dropped.OVER_BUDGET] == 15
    hub.now += 1000
    assert hub.hear(srtp(30), THIRD)


def test_only_a_known_stream_is_tried() -> None:
    hub = Hub().at_home()
    assert hub.hear(srtp(1, ssrc=0xBEEF), AWAY) == []
    hub.mux.close("call")
    assert hub.hear(srtp(1), AWAY) == []


def test_the_number_of_addresses_of_a_call_is_bounded() -> None:
    hub = Hub(Limits(paths=3)).at_home()
    for port in range(20):
        hub.now += 1
        hub.check(("203.0.113.1", port), nominated=False)
    known = [port for port in range(20) if hub.mux.knows(("203.0.113.1", port))]
    assert known == [18, 19]
    assert hub.where() == (HOME, True)


def test_the_number_of_calls_is_bounded() -> None:
    hub = Hub(Limits(calls=1))
    hub.open()
    with pytest.raises(MuxFull):
        hub.open("second")
    hub.mux.close("call")
    hub.open("second")


def test_a_key_is_used_once() -> None:
    hub = Hub()
    hub.open()
    with pytest.raises(ValueError, match="call"):
        hub.open()


def test_a_closed_call_leaves_nothing_behind() -> None:
    hub = Hub().at_home()
    hub.check(AWAY)
    hub.mux.close("call")
    hub.mux.close("call")
    assert hub.check(HOME) == []
    assert not hub.mux.knows(HOME)
    assert not hub.mux.knows(AWAY)
    assert hub.mux.send("call", b"x") == []
    assert hub.mux.newest("call", AWAY, 1, 0) == []
    assert hub.where() is None


TICKET = "t" * 64


def test_a_check_by_ticket_dials_and_makes_a_call_once_it_is_opened() -> None:
    hub = Hub()
    dialled = hub.checked(TICKET)
    assert hub.hear(dialled, HOME) == [machine.Dialled(f"{TICKET}:peer", TICKET, "peer")]
    hub.mux.open(f"{TICKET}:peer", "peer", "")
    assert hub.hear(dialled, HOME)[-1] == Moved(f"{TICKET}:peer", None, HOME, False)


def test_a_ticket_serves_another_call_beside_the_first() -> None:
    hub = Hub()
    hub.mux.open(f"{TICKET}:other", "other", "")
    assert hub.check(HOME, TICKET) == [machine.Dialled(f"{TICKET}:peer", TICKET, "peer")]


def test_a_forged_check_by_ticket_meets_silence() -> None:
    hub = Hub()
    assert hub.hear(check(f"{TICKET}:peer", "a guess", hub.randomness(12), True), HOME) == []
    assert hub.mux.dropped[machine.Dropped.UNAUTHENTICATED] == 1


def test_a_short_user_fragment_is_no_ticket() -> None:
    hub = Hub()
    assert hub.check(HOME, "t" * 63) == []


def test_a_call_without_a_password_of_the_peer_is_not_challenged() -> None:
    hub = Hub()
    hub.mux.open(f"{TICKET}:peer", "peer", "")
    hub.check(HOME, TICKET)
    moved = hub.check(AWAY, TICKET)
    assert moved[-1] == Moved(f"{TICKET}:peer", HOME, AWAY, False)
    assert len([one for one in moved if isinstance(one, Transmit)]) == 1
