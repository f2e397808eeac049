"""The handshake, its losses, and what a third party can throw at it."""

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL

from media.rtc.certificate import MTU
from media.rtc.dtls import HANDSHAKE_TIMEOUT, Dtls, Failure, Role, Stage
from media.rtc.exporter import EARLY
from tests.support.certificates import minted, minted_rsa

HUB, PEER = minted(), minted()
CLIENT_HELLO = Dtls(PEER, Role.CLIENT, []).start(0)[0]
ALERT = bytes([21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40])


def pair(role: Role = Role.CLIENT, expected: str = PEER.fingerprint) -> tuple[Dtls, Dtls]:
    other = Role.SERVER if role is Role.CLIENT else Role.CLIENT
    return Dtls(HUB, role, [expected]), Dtls(PEER, other, [HUB.fingerprint])


def shake(hub: Dtls, peer: Dtls, noise: Sequence[bytes] = ()) -> int:
    """Carry datagrams both ways until there are none; `noise` reaches the hub before each. How many went."""
    carried = 0
    to_peer, to_hub = hub.start(0), peer.start(0)
    while to_peer or to_hub:
        carried += len(to_peer) + len(to_hub)
        assert all(len(d) <= MTU for d in to_peer + to_hub)
        for datagram in noise:
            assert hub.receive(datagram, 0) == []
        replies = [r for d in to_peer for r in peer.receive(d, 0)]
        to_peer = [r for d in to_hub for r in hub.receive(d, 0)]
        to_hub = replies
    return carried


@pytest.mark.parametrize("role", list(Role))
def test_both_ends_have_the_same_keys_in_either_role(role: Role) -> None:
    hub, peer = pair(role)
    assert shake(hub, peer) <= 6
    assert (hub.stage, peer.stage) == (Stage.READY, Stage.READY)
    assert hub.keys is not None
    assert peer.keys is not None
    assert (hub.keys.outbound, hub.keys.inbound) == (peer.keys.inbound, peer.keys.outbound)
    assert hub.keys.profile.openssl_profile == b"SRTP_AEAD_AES_128_GCM"


def test_a_certificate_that_the_offer_did_not_name_is_refused() -> None:
    hub, peer = pair(expected=HUB.fingerprint)
    shake(hub, peer)
    assert (hub.stage, hub.failure, hub.keys) == (Stage.FAILED, Failure.FINGERPRINT, None)


def test_a_fingerprint_may_be_in_lower_case_and_one_of_several() -> None:
    hub = Dtls(HUB, Role.CLIENT, [HUB.fingerprint, PEER.fingerprint.lower()])
    shake(hub, Dtls(PEER, Role.SERVER, [HUB.fingerprint]))
    assert hub.stage is Stage.READY


def test_noise_alerts_and_foreign_hellos_do_not_disturb_a_handshake() -> None:
    noise = [
        ALERT,
        CLIENT_HELLO,
        b"\x16",
        bytes([22]) * 60,
        bytes([20, 0xFE, 0xFD]) + bytes(10),
        CLIENT_HELLO[:-1],
    ]
    hub, peer = pair()
    shake(hub, peer, noise)
    assert hub.stage is Stage.READY


def test_a_lost_flight_is_sent_again_after_40_ms_and_then_ever_slower() -> None:
    hub, _ = pair()
    first = hub.start(1000)
    times = []
    for _ in range(6):
        due = hub.next_deadline()
        assert due is not None
        assert hub.expire(due - 1) == []
        assert hub.expire(due)[0][13:14] == first[0][13:14]
        times.append(due - 1000)
    assert times == [40, 120, 280, 600, 1240, 2240]


@given(st.sets(st.integers(0, 7), max_size=4))
def test_a_handshake_survives_the_loss_of_any_first_datagrams(lost: set[int]) -> None:
    hub, peer = pair()
    now, count = 0, 0
    to_peer, to_hub = hub.start(0), peer.start(0)
    for _ in range(200):
        if hub.stage is Stage.READY and peer.stage is Stage.READY:
            return
        arrived: list[list[bytes]] = [[], []]
        for side, datagrams in enumerate((to_peer, to_hub)):
            for datagram in datagrams:
                if count not in lost:
                    arrived[side].append(datagram)
                count += 1
        now += 20
        to_peer = [r for d in arrived[1] for r in hub.receive(d, now)] + hub.expire(now)
        to_hub = [r for d in arrived[0] for r in peer.receive(d, now)] + peer.expire(now)
    # All that can still be missing is the server's last flight, which only OpenSSL's own timer repeats.
    assert peer.stage is Stage.READY
    assert hub.stage is Stage.SPEAKING


def spoken(role: Role = Role.CLIENT) -> tuple[Dtls, Dtls, list[bytes], list[bytes]]:
    """Hub and peer before the last two flights, and these: of the client, and what the server says to it."""
    hub, peer = pair(role)
    client, server = (hub, peer) if role is Role.CLIENT else (peer, hub)
    server.start(0)
    said = [r for d in client.start(0) for r in server.receive(d, 0)]
    last = [r for d in said for r in client.receive(d, 0)]
    return hub, peer, last, [r for d in last for r in server.receive(d, 0)]


@pytest.mark.parametrize("suite", sorted(EARLY))
def test_a_client_has_the_keys_with_its_own_last_flight(suite: str) -> None:
    theirs = minted_rsa() if "-RSA-" in suite else minted()
    theirs.context.set_cipher_list(suite.encode())
    hub, peer = Dtls(HUB, Role.CLIENT, [theirs.fingerprint]), Dtls(theirs, Role.SERVER, [HUB.fingerprint])
    peer.start(0)
    for datagram in [r for d in hub.start(0) for r in peer.receive(d, 0)]:
        last = hub.receive(datagram, 0)
    assert (hub.stage, peer.keys) == (Stage.SPEAKING, None)
    early = hub.keys
    assert early is not None
    for datagram in [r for d in last for r in peer.receive(d, 0)]:
        hub.receive(datagram, 0)
    assert (hub.stage, hub.keys) == (Stage.READY, early)
    assert peer.keys is not None
    assert (peer.keys.inbound, peer.keys.outbound) == (early.outbound, early.inbound)


def test_a_suite_without_authenticated_encryption_is_waited_for() -> None:
    theirs = minted()
    theirs.context.set_cipher_list(b"ECDHE-ECDSA-AES128-SHA")
    hub, peer = Dtls(HUB, Role.CLIENT, [theirs.fingerprint]), Dtls(theirs, Role.SERVER, [HUB.fingerprint])
    stages = []
    to_peer = hub.start(0)
    peer.start(0)
    while to_peer:
        to_peer = [r for d in to_peer for s in peer.receive(d, 0) for r in hub.receive(s, 0)]
        stages.append(hub.stage)
    assert stages == [Stage.SHAKING, Stage.READY]


def test_a_server_waits_for_the_peers_last_word() -> None:
    hub, peer, last, _ = spoken(Role.SERVER)
    assert last
    assert (hub.stage, peer.stage) == (Stage.READY, Stage.SPEAKING)


def test_the_last_flight_is_sent_again_twice_as_soon_until_something_shows_that_it_came() -> None:
    hub, _, last, _ = spoken()
    assert [hub.next_deadline(), hub.expire(19), hub.expire(20)] == [20, [], last]
    assert hub.next_deadline() == 60
    hub.confirm()
    assert (hub.stage, hub.next_deadline(), hub.expire(60)) == (Stage.READY, None, [])


def test_without_the_peers_last_flight_a_confirmed_association_stands_and_can_still_take_it() -> None:
    hub, _, _, _ = spoken()
    hub.confirm()
    assert hub.close() == []
    hub, peer, _, late = spoken()
    hub.confirm()
    for datagram in late:
        assert hub.receive(datagram, 900) == []
    (farewell,) = hub.close()
    peer.receive(farewell, 900)
    assert peer.stage is Stage.CLOSED


def test_who_never_shows_that_it_has_the_keys_is_given_up() -> None:
    hub, _, _, _ = spoken()
    hub.expire(HANDSHAKE_TIMEOUT)
    assert (hub.stage, hub.failure, hub.keys) == (Stage.FAILED, Failure.TIMEOUT, None)


def test_another_certificate_is_refused_before_a_word_is_said() -> None:
    hub, peer = pair(expected=HUB.fingerprint)
    peer.start(0)
    assert [r for d in hub.start(0) for s in peer.receive(d, 0) for r in hub.receive(s, 0)] == []
    assert (hub.stage, hub.failure, hub.keys) == (Stage.FAILED, Failure.FINGERPRINT, None)


def test_a_handshake_that_nobody_answers_is_given_up() -> None:
    hub, _ = pair()
    hub.start(5)
    hub.expire(4 + HANDSHAKE_TIMEOUT)
    assert hub.stage is Stage.SHAKING
    assert hub.expire(5 + HANDSHAKE_TIMEOUT) == []
    assert (hub.stage, hub.failure, hub.next_deadline()) == (Stage.FAILED, Failure.TIMEOUT, None)


def test_a_goodbye_closes_the_other_end() -> None:
    hub, peer = pair()
    shake(hub, peer)
    for datagram in peer.close():
        hub.receive(datagram, 0)
    assert (hub.stage, peer.stage) == (Stage.CLOSED, Stage.CLOSED)


def test_what_decrypts_after_the_handshake_is_read_and_dropped() -> None:
    """A chunk that looped another stack for ever, and an acknowledgement that blocked it, from a real peer."""
    raw = SSL.Connection(PEER.context)
    raw.set_ciphertext_mtu(MTU)
    raw.set_accept_state()
    hub = Dtls(HUB, Role.CLIENT, [PEER.fingerprint])
    to_peer = hub.start(0)
    while to_peer:
        for datagram in to_peer:
            raw.bio_write(datagram)
        with suppress(SSL.WantReadError):
            raw.do_handshake()
        to_peer = hub.receive(raw.bio_read(4096), 0)
    assert hub.stage is Stage.READY
    endless = bytes.fromhex("1388138800000000000000000100000c0000000000000000")
    blocking = (
        bytes.fromhex("13881388000000000000000003000470")
        + bytes(10)
        + b"\x01\x18"
        + b"\x00\x01\xff\xff" * 250
    )
    for data in (endless, blocking, b"\0"):
        raw.send(data)
        assert hub.receive(raw.bio_read(4096), 0) == []
    assert hub.stage is Stage.READY


def test_a_forged_goodbye_closes_nothing() -> None:
    hub, peer = pair()
    shake(hub, peer)
    farewell = peer.close()[0]
    forged = farewell[:-1] + bytes([farewell[-1] ^ 1])
    for datagram in (forged, ALERT, ALERT[:14] + b"\0"):
        hub.receive(datagram, 0)
    assert hub.stage is Stage.READY


@given(st.binary(max_size=100), st.booleans(), st.booleans())
def test_no_bytes_raise_or_end_an_association(noise: bytes, dressed: bool, done: bool) -> None:
    hub, peer = pair()
    if done:
        shake(hub, peer)
    else:
        hub.start(0)
    if dressed:
        noise = bytes([23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 9]) + len(noise).to_bytes(2, "big") + noise
    hub.receive(noise, 0)
    assert hub.stage is (Stage.READY if done else Stage.SHAKING)


@pytest.mark.parametrize("role", list(Role))
def test_a_peer_with_an_rsa_certificate_is_served(role: Role) -> None:
    theirs = minted_rsa()
    other = Role.SERVER if role is Role.CLIENT else Role.CLIENT
    hub, peer = Dtls(HUB, role, [theirs.fingerprint]), Dtls(theirs, other, [HUB.fingerprint])
    shake(hub, peer)
    assert (hub.stage, peer.stage) == (Stage.READY, Stage.READY)


def test_a_peer_with_weak_protection_only_is_refused() -> None:
    weak = minted()
    weak.context.set_tlsext_use_srtp(b"SRTP_AES128_CM_SHA1_32")
    hub, peer = Dtls(HUB, Role.CLIENT, [weak.fingerprint]), Dtls(weak, Role.SERVER, [HUB.fingerprint])
    shake(hub, peer)
    assert hub.stage is not Stage.READY
