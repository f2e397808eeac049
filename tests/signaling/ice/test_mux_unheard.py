"""A call that is not heard any more is sent to wherever its peer may hear. `test_mux_mutants` runs these too."""

from __future__ import annotations

from signaling.ice.paths import Address
from signaling.ice.stun import read_check
from signaling.ice.unheard import AFTER, LATELY, UNTIL
from tests.signaling.ice.test_mux import (
    AWAY,
    HOME,
    PEER_PASSWORD,
    SSRC,
    THIRD,
    TICKET,
    Hub,
    last_sent,
    sent_to,
    srtp,
)
from tests.support.checks import answer

REPORT = bytes([0x80, 201]) + bytes(6) + SSRC.to_bytes(4, "big") + bytes(40)


def ready(hub: Hub, address: Address, key: str = "call") -> None:
    """The peer holds this address ready, and answers the hub's challenge there."""
    challenge = last_sent(hub.check(address, key, nominated=False))
    hub.now += 200
    hub.hear(answer(challenge, PEER_PASSWORD, "192.0.2.1", 1), address)


def frame(hub: Hub, key: str = "call") -> list[Address]:
    """Where a frame of 80 bytes goes."""
    straight = hub.mux.straight(key, 80)
    return [straight] if straight is not None else sent_to(hub.mux.send(key, bytes(80)))


def speaking(*others: Address) -> Hub:
    """A call that sends sound from HOME, and holds others ready."""
    hub = Hub().at_home()
    for address in others:
        ready(hub, address)
    assert hub.mux.settled(srtp(), HOME, hub.now) == "call"
    return hub


def test_a_call_that_falls_silent_is_sent_to_at_each_address_that_it_has_proven() -> None:
    hub = speaking(AWAY, THIRD)
    assert [frame(hub) for _ in range(AFTER)] == [[HOME]] * AFTER
    assert not hub.mux.unheard("call")
    assert frame(hub) == [HOME, THIRD, AWAY]
    assert hub.mux.unheard("call")


def test_sound_ends_it_and_a_report_does_not() -> None:
    hub = speaking(AWAY)
    for _ in range(AFTER):
        frame(hub)
    hub.hear(REPORT, HOME)
    assert hub.mux.settled(REPORT, HOME, hub.now) == "call"
    assert frame(hub) == [HOME, AWAY]
    hub.mux.settled(srtp(2), HOME, hub.now)
    assert frame(hub) == [HOME]
    for _ in range(AFTER):
        frame(hub)
    hub.hear(srtp(3), HOME)
    assert frame(hub) == [HOME]


def test_sound_from_another_address_ends_it_and_moves_the_call_there() -> None:
    hub = speaking(AWAY)
    for _ in range(AFTER + 1):
        frame(hub)
    hub.hear(srtp(7), AWAY)
    hub.mux.newest("call", AWAY, 92, hub.now)
    assert frame(hub) == [AWAY]
    assert not hub.mux.unheard("call")


def test_after_three_seconds_it_is_over_until_sound_comes_again() -> None:
    hub = speaking(AWAY)
    assert [len(frame(hub)) for _ in range(UNTIL)] == [1] * AFTER + [2] * (UNTIL - AFTER)
    assert [frame(hub) for _ in range(300)] == [[HOME]] * 300
    assert not hub.mux.unheard("call")
    hub.mux.settled(srtp(2), HOME, hub.now)
    assert [frame(hub) for _ in range(AFTER + 1)][-1] == [HOME, AWAY]


def test_a_call_that_never_sent_sound_is_not_missed() -> None:
    hub = Hub().at_home()
    ready(hub, AWAY)
    assert [frame(hub) for _ in range(300)] == [[HOME]] * 300


def test_an_address_that_proved_nothing_is_sent_nothing() -> None:
    hub = speaking()
    for _ in range(50):
        hub.check(AWAY, nominated=False)
    assert [frame(hub) for _ in range(50)] == [[HOME]] * 50


def test_an_address_that_was_not_heard_of_late_does_not_count() -> None:
    hub = speaking(AWAY)
    hub.now += LATELY + 1
    hub.mux.settled(srtp(2), HOME, hub.now)
    assert [frame(hub) for _ in range(AFTER + 1)][-1] == [HOME]


def test_a_call_on_its_way_to_an_unproven_address_is_sent_to_as_any_that_moves() -> None:
    hub = speaking(THIRD)
    for _ in range(AFTER + 1):
        frame(hub)
    hub.check(AWAY)
    assert frame(hub) == [AWAY, HOME]


def test_an_address_held_ready_is_challenged_once_in_200_ms() -> None:
    hub = Hub().at_home()
    assert len(sent_to(hub.check(AWAY, nominated=False))) == 2
    assert len(sent_to(hub.check(AWAY, nominated=False))) == 1
    hub.now += 200
    recorded = hub.checked(nominated=False)
    assert len(sent_to(hub.hear(recorded, AWAY))) == 2
    hub.now += 200
    assert len(sent_to(hub.hear(recorded, AWAY))) == 1, "a repeated check asks for nothing"


def test_a_peer_that_says_its_password_is_challenged_at_once_and_says_it_once() -> None:
    hub = Hub()
    key = f"{TICKET}:peer"
    hub.mux.open(key, "peer", "")
    hub.check(HOME, TICKET)
    hub.mux.validate(key, HOME, by_handshake=True)
    assert len(sent_to(hub.check(AWAY, TICKET, nominated=False))) == 1
    (challenge,) = hub.mux.introduce(key, PEER_PASSWORD, hub.now)
    assert challenge.address == AWAY
    asked = read_check(challenge.datagram)
    assert asked is not None
    assert (asked.hub_ufrag, asked.peer_ufrag) == ("peer", TICKET), "the other way round from the hub"
    assert hub.mux.introduce(key, "another password of the peer", hub.now) == []
    assert hub.mux.introduce("nobody's", PEER_PASSWORD, hub.now) == []
    hub.hear(answer(challenge.datagram, PEER_PASSWORD, "192.0.2.1", 1), AWAY)
    hub.mux.settled(srtp(), HOME, hub.now)
    assert [frame(hub, key) for _ in range(AFTER + 1)][-1] == [HOME, AWAY]


def test_an_address_whose_challenge_was_lost_is_asked_again_with_the_next_check_from_another() -> None:
    hub = Hub().at_home()
    hub.check(AWAY, nominated=False)
    hub.now += 1
    hub.check(THIRD, nominated=False)
    hub.now += 199
    assert sent_to(hub.check(HOME)) == [HOME, THIRD], "the latest that was heard of first"
    hub.now += 200
    assert sent_to(hub.hear(hub.checked(), HOME)) == [HOME, THIRD]
