"""The sieve lets through whatever can be somebody's, and drops what the mux would meet with silence."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.keys.certificates import make_certificate
from media.rtc.certificate import DtlsCertificate
from media.rtc.dtls import Dtls, Role, Stage
from signaling.ice import stun
from signaling.ice.mux import Mux
from signaling.ice.sieve import AT_LEAST, BYTE, EQUAL, HALF, LENGTH, RETURN, WORD, assembled, sift
from tests.support.checks import check

HEADER = bytes(8)
TRANSACTION = b"transaction!"
CHECK = check("call:peer", "the password", TRANSACTION, True)
ANSWER = stun.write_success(TRANSACTION, "192.0.2.1", 4000, "the password")
SIZES = {BYTE: ">B", HALF: ">H", WORD: ">I"}


def passes(datagram: bytes) -> bool:
    """What the kernel makes of the program, as its documentation has it (networking/filter)."""
    packet = HEADER + datagram
    steps = list(struct.iter_unpack("=HBBI", assembled()))
    at = held = 0
    while True:
        code, yes, no, value = steps[at]
        at += 1
        if code == RETURN:
            return bool(value)
        if code == LENGTH:
            held = len(packet)
        elif code in SIZES:
            if value + struct.calcsize(SIZES[code]) > len(packet):
                return False  # a load beyond the packet ends the program: dropped
            (held,) = struct.unpack_from(SIZES[code], packet, value)
        else:
            assert code in (EQUAL, AT_LEAST)
            at += yes if (held == value if code == EQUAL else held >= value) else no


def handshake() -> list[bytes]:
    """Every datagram of one, of both sides."""
    one, two = (DtlsCertificate(make_certificate(1_700_000_000)) for _ in range(2))
    client = Dtls(one, Role.CLIENT, [two.fingerprint])
    server = Dtls(two, Role.SERVER, [one.fingerprint])
    server.start(0)
    sent: list[bytes] = []
    waiting = [(server, each) for each in client.start(0)]
    while waiting:
        to, datagram = waiting.pop(0)
        sent.append(datagram)
        other = client if to is server else server
        waiting += [(other, each) for each in to.receive(datagram, 0)]
    assert client.stage is server.stage is Stage.READY
    return [*sent, *client.close()]


def test_all_that_a_call_consists_of_passes() -> None:
    sound = bytes([0x80, 111]) + bytes(60)
    report = bytes([0x81, 200]) + bytes(40)
    for datagram in (CHECK, ANSWER, sound, report, *handshake()):
        assert passes(datagram), datagram[:4]


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x00",
        b"\x05" * 60,
        b"\x40" * 60,
        b"\xc0" * 60,
        b"\xff" * 60,
        bytes([22, 3, 3]) + bytes(60),
        bytes([26, 0xFE, 0xFD]) + bytes(60),
        b"\x80" + bytes(10),
        CHECK[:4] + bytes(4) + CHECK[8:],
        b"\x00\x11" + CHECK[2:],
        b"\x01\x11" + ANSWER[2:],
    ],
)
def test_what_is_of_no_kind_is_dropped(datagram: bytes) -> None:
    assert not passes(datagram)


NEARLY = st.builds(
    lambda head, rest: head + CHECK[len(head) :] + rest, st.binary(max_size=8), st.binary(max_size=8)
)


@given(st.binary(max_size=200) | NEARLY)
def test_the_mux_makes_nothing_of_what_is_dropped(datagram: bytes) -> None:
    mux = Mux(b"secret", bytes)
    mux.open("call", "peer", "its password")
    if not passes(datagram):
        assert mux.receive(datagram, ("192.0.2.1", 4000), 0) == []
        assert stun.read_check(datagram) is None
        assert stun.read_reply(datagram) is None


def test_the_kernel_makes_the_same_of_it() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
    ):
        here.bind(("127.0.0.1", 0))
        assert sift(here) == hasattr(socket, "AF_PACKET"), "on Linux"
        here.settimeout(30)
        for datagram in (b"", b"\x05" * 60, b"\x80" + bytes(10), CHECK, b"\xff" * 9, ANSWER):
            there.sendto(datagram, here.getsockname())
        assert [here.recv(2048), here.recv(2048)] == [CHECK, ANSWER]
