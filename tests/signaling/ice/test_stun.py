"""STUN against RFC 5769's vectors, an independent implementation, and garbage."""

import pytest
from aioice import stun as other
from hypothesis import given
from hypothesis import strategies as st

from signaling.ice import stun
from signaling.ice.freshness import TransactionMemory
from tests.support.checks import answer, check

# RFC 5769 §2.1: an ICE check with a SOFTWARE attribute and spaces as padding.
VECTOR = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff"
    "80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249"
    "c1b571a280280004e57a3bcf"
)
PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
CHECK = check("hub1:peer", PASSWORD, b"transaction!", nominated=True)


def test_the_vector_of_the_rfc_is_read_and_authentic() -> None:
    read = stun.read_check(VECTOR)
    assert read is not None
    assert (read.hub_ufrag, read.peer_ufrag, read.nominated) == ("evtj", "h6vY", False)
    assert stun.authentic(VECTOR, read, PASSWORD)
    assert not stun.authentic(VECTOR, read, PASSWORD + "x")


def test_a_nomination_is_seen() -> None:
    read = stun.read_check(CHECK)
    assert read is not None
    assert read.nominated
    assert read.transaction == b"transaction!"


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1234:5678:11:2233:4455:6677", "2001:db8:1234:5678:11:2233:4455:6677"),
    ],
)
def test_an_answer_tells_the_address_that_it_goes_to(host: str, shown: str) -> None:
    message = other.parse_message(stun.write_success(b"transaction!", host, 32853, PASSWORD))
    assert message.check_message_integrity(PASSWORD.encode())
    assert message.message_class is other.Class.RESPONSE
    assert message.attributes["XOR-MAPPED-ADDRESS"] == (shown, 32853)


def test_a_challenge_is_read_by_others_and_its_answer_by_us() -> None:
    challenge = stun.write_check(b"abcdefghijkl", "peer:hub1", PASSWORD)
    message = other.parse_message(challenge)
    assert message.check_message_integrity(PASSWORD.encode())
    assert message.attributes["USERNAME"] == "peer:hub1"
    reply_bytes = answer(challenge, PASSWORD, "192.0.2.1", 4000)
    reply = stun.read_reply(reply_bytes)
    assert reply is not None
    assert reply.transaction == b"abcdefghijkl"
    assert stun.authentic(reply_bytes, reply, PASSWORD)
    assert not stun.authentic(reply_bytes, reply, "another")


def test_each_truncation_of_a_check_is_nothing() -> None:
    assert all(stun.read_check(CHECK[:n]) is None for n in range(len(CHECK)))


def test_each_truncation_with_its_length_mended_is_nothing() -> None:
    for n in range(20, len(CHECK)):
        mended = CHECK[:2] + (n - 20).to_bytes(2, "big") + CHECK[4:n]
        assert stun.read_check(mended) is None


@given(st.integers(0, len(CHECK) * 8 - 1))
def test_each_flipped_bit_makes_a_check_worthless(bit: int) -> None:
    flipped = bytearray(CHECK)
    flipped[bit // 8] ^= 1 << bit % 8
    read = stun.read_check(bytes(flipped))
    assert read is None or not stun.authentic(bytes(flipped), read, PASSWORD)


@given(st.binary(max_size=1500), st.booleans())
def test_no_bytes_raise(noise: bytes, dressed: bool) -> None:
    if dressed:
        noise = b"\0\1" + len(noise).to_bytes(2, "big") + stun.COOKIE.to_bytes(4, "big") + bytes(12) + noise
    for message in (stun.read_check(noise), stun.read_reply(noise)):
        assert message is None or not stun.authentic(noise, message, PASSWORD)


@pytest.mark.parametrize("missing", ["fingerprint", "integrity"])
def test_a_check_without_fingerprint_or_integrity_is_nothing(missing: str) -> None:
    assert stun.read_check(check("a:b", PASSWORD, bytes(12), **{missing: False})) is None


@pytest.mark.parametrize("username", ["", "hub1", "hub1:", ":peer", "hüb:peer"])
def test_a_username_that_is_not_two_fragments_is_nothing(username: str) -> None:
    assert stun.read_check(check(username, PASSWORD, bytes(12))) is None


def test_what_follows_the_integrity_does_not_count() -> None:
    # USE-CANDIDATE slipped in between integrity and fingerprint, where no password protects it.
    plain = check("hub1:peer", PASSWORD, b"transaction!", fingerprint=False)
    forged = other.parse_message(plain)
    forged.attributes["USE-CANDIDATE"] = None
    forged.add_fingerprint()
    read = stun.read_check(bytes(forged))
    assert read is not None
    assert not read.nominated


def test_a_required_attribute_that_is_unknown_is_met_with_silence() -> None:
    body = b"\x00\x03\x00\x04\x00\x00\x00\x06"
    whole = CHECK[:20] + body + CHECK[20:-8]
    whole = whole[:2] + (len(whole) - 12).to_bytes(2, "big") + whole[4:]
    whole += b"\x80\x28\x00\x04" + other.message_fingerprint(whole).to_bytes(4, "big")
    assert stun.read_check(whole) is None


def test_the_password_depends_on_secret_and_fragment() -> None:
    passwords = {stun.derive_password(s, u) for s in (b"one", b"two") for u in ("a", "b")}
    assert len(passwords) == 4
    assert stun.derive_password(b"one", "a") in passwords
    assert all(len(p) == 32 for p in passwords)


def test_no_transaction_is_ever_forgotten() -> None:
    memory = TransactionMemory()
    ids = [n.to_bytes(12, "big") for n in range(60_000)]
    fresh = sum(memory.add(i) for i in ids[:9_000])
    assert fresh >= 8_800
    for i in ids[9_000:]:
        memory.add(i)
    assert not any(memory.add(i) for i in ids[::7])


def test_the_memory_of_transactions_is_bounded() -> None:
    memory = TransactionMemory()
    for n in range(60_000):
        memory.add(n.to_bytes(12, "big"))
    assert sum(len(part) for part in memory._slices) <= 65_536
