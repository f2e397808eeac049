"""Sound between settled addresses goes straight; what is to be judged does not. `test_mux_mutants` runs these too."""

from __future__ import annotations

from tests.signaling.ice.test_mux import AWAY, DTLS, HOME, Hub, srtp


def test_what_settles_and_goes_straight_is_what_would_be_delivered_and_sent() -> None:
    hub = Hub().at_home()
    assert hub.mux.settled(srtp(), HOME, 0) == "call"
    assert hub.mux.straight("call", 80) == HOME
    assert hub.mux.settled(b"", HOME, 0) is None
    assert hub.mux.settled(DTLS, HOME, 0) is None, "a handshake is judged"
    assert hub.mux.settled(b"\xc0" * 60, HOME, 0) is None
    assert hub.mux.settled(srtp(), AWAY, 0) is None, "nobody's address"
    assert hub.mux.straight("another", 80) is None


def test_nothing_settles_or_goes_straight_while_a_call_is_moving() -> None:
    hub = Hub().at_home()
    hub.check(AWAY)
    for address in (HOME, AWAY):
        assert hub.mux.settled(srtp(), address, 0) is None
    assert hub.mux.straight("call", 80) is None
    hub.mux.validate("call", AWAY)
    assert hub.mux.settled(srtp(), AWAY, 0) == "call"
    assert hub.mux.settled(srtp(), HOME, 0) is None, "a newer packet from there would move it back"
    assert hub.mux.straight("call", 80) == AWAY


def test_a_first_address_is_not_settled_before_it_is_validated() -> None:
    hub = Hub()
    hub.open()
    assert hub.mux.straight("call", 80) is None
    hub.check(HOME)
    assert hub.mux.settled(srtp(), HOME, 0) is None
    assert hub.mux.straight("call", 80) is None, "bytes are counted until then"
