"""Noise at a port, from somebody who knows nothing.

`python -m signaling.bench.sprayer PORT RATE SECONDS` says `ready 0`, sprays, and then says one line of JSON: datagrams
sent, and the bytes that came back (there should be none).

A quarter is random; the rest is what hurt other stacks: nothing at all, ClientHellos, fatal alerts, checks without
a secret, malformed RTP and RTCP, an SCTP chunk without an end.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from contextlib import suppress
from random import Random
from typing import Final

from hub.keys.certificates import make_certificate
from media.rtc.certificate import DtlsCertificate
from media.rtc.dtls import Dtls, Role
from signaling.ice import stun

SLICE_S: Final = 0.002
SOCKETS: Final = 8
FATAL_ALERT: Final = bytes([21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40])
SCTP_ENDLESS: Final = bytes.fromhex("1388138800000000000000000100000c0000000000000000")
RTP_BAD_EXTENSION: Final = bytes([0x90, 111]) + bytes(10) + b"\xbe\xde\xff\xff"
REMB_BAD: Final = bytes([0x8F, 206, 0, 5]) + bytes(8) + b"REMB" + bytes([255, 0, 0, 0])


def noise(random: Random) -> list[bytes]:
    """Some of each kind."""
    certificate = DtlsCertificate(make_certificate(int(time.time())))
    hello = Dtls(certificate, Role.CLIENT, []).start(0)[0]
    check = stun.write_check(random.randbytes(12), "nobody:knows", "a password that is not one")
    kinds = [b"", hello, FATAL_ALERT, SCTP_ENDLESS, RTP_BAD_EXTENSION, REMB_BAD, check, check[:-4]]
    kinds += [b"\x80" + random.randbytes(60) for _ in range(4)]
    return kinds + [random.randbytes(random.randrange(1, 1200)) for _ in range(4)]


def spray(port: int, rate: int, seconds: float) -> tuple[int, int]:
    """Send; how many, and how many bytes came back."""
    random = Random(port)
    datagrams = noise(random)
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(SOCKETS)]
    for each in sockets:
        each.connect(("127.0.0.1", port))
        each.setblocking(False)
    began, sent = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        while sent < passed * rate:
            with suppress(OSError):  # what the kernel drops was sent as far as a sprayer is concerned
                sockets[sent % SOCKETS].send(datagrams[sent % len(datagrams)])
            sent += 1
        time.sleep(SLICE_S)
    back = 0
    for each in sockets:
        try:
            while answer := each.recv(2048):
                back += len(answer)
        except OSError:
            each.close()
    return sent, back


def main() -> None:
    """See the module."""
    port, rate, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    print("ready 0", flush=True)
    sent, back = spray(port, rate, seconds)
    print(json.dumps({"sent": sent, "back": back}), flush=True)


if __name__ == "__main__":
    main()
