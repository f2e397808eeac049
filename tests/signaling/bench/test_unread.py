"""What a port had no room for is counted, so that a hub that does not read is not taken for a cheap one."""

from __future__ import annotations

import socket
import sys

import pytest

from signaling.bench.calls import unread


@pytest.mark.skipif(sys.platform != "linux", reason="counted by Linux alone")
def test_datagrams_that_a_full_port_lost_are_counted() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone,
    ):
        port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        port.bind(("127.0.0.1", 0))
        before = unread(port.getsockname()[1])
        for _ in range(200):
            phone.sendto(bytes(1_000), port.getsockname())
        lost = unread(port.getsockname()[1]) - before
        port.setblocking(False)
        came = 0
        while came + lost < 200:
            port.recv(2_048)  # raises if one is neither here nor counted
            came += 1
    assert before == 0
    assert lost > 100
