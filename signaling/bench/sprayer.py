"""Noise at a port, from somebody who knows nothing, and who sends again what innocent callers were overheard to send.

`python -m signaling.bench.sprayer PORT RATE SECONDS [FILE]` says `ready 0`, sprays, and then says one line of JSON:
datagrams sent, and the bytes that came back (there should be none). FILE holds datagrams that were overheard (checks
and protected sound and reports), one a line, in hex: they are sent beside the noise, a quarter as many, from addresses
of their own. `replayed` says how many, and `times` how many times the bytes that such an address sent came back to it
at most: the checks are authentic, and only who remembers having seen them is silent.

A quarter is random; the rest is what hurt other stacks: nothing at all, ClientHellos, fatal alerts, checks without
a secret, malformed RTP and RTCP, an SCTP chunk without an end.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from hub.keys.certificates import make_certificate
from media.rtc.certificate import DtlsCertificate
from media.rtc.dtls import Dtls, Role
from signaling.ice import stun

SLICE_S: Final = 0.002
SOCKETS: Final = 8
NOISE_FOR_EACH: Final = 4
"""Datagrams of noise for each that is sent again."""

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


class Source:
    """An address that sends some datagrams, again and again, and counts bytes both ways."""

    def __init__(self, port: int, datagrams: list[bytes]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setblocking(False)
        self._datagrams = datagrams
        self.count = self.sent = self.back = 0

    def send(self) -> None:
        """The next one."""
        datagram = self._datagrams[self.count % len(self._datagrams)]
        self.count += 1
        with suppress(OSError):  # what the kernel drops was sent as far as a sprayer is concerned
            self._socket.send(datagram)
            self.sent += len(datagram)

    def fetch(self) -> None:
        """Count what came back so far."""
        with suppress(OSError):
            while answer := self._socket.recv(2048):
                self.back += len(answer)


def spray(port: int, rate: int, seconds: float, overheard: list[bytes]) -> dict[str, float]:
    """Send; what of it is told."""
    random = Random(port)
    datagrams = noise(random)
    noises = [Source(port, random.sample(datagrams, len(datagrams))) for _ in range(SOCKETS)]
    replays = [Source(port, overheard[first::SOCKETS]) for first in range(min(SOCKETS, len(overheard)))]
    began, sent = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        while sent < passed * rate:
            noises[sent % SOCKETS].send()
            if replays and sent % NOISE_FOR_EACH == 0:
                replays[sent // NOISE_FOR_EACH % len(replays)].send()
            sent += 1
        time.sleep(SLICE_S)
        for each in replays:
            each.fetch()
    for each in noises:
        each.fetch()
    return {
        "sent": sent,
        "back": sum(each.back for each in noises),
        "replayed": sum(each.count for each in replays),
        "times": max((each.back / each.sent for each in replays if each.sent), default=0.0),
    }


def main() -> None:
    """See the module."""
    port, rate, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    files = [Path(name) for name in sys.argv[4:]]
    overheard = [bytes.fromhex(line) for file in files for line in file.read_text().split()]
    print("ready 0", flush=True)
    print(json.dumps(spray(port, rate, seconds, overheard)), flush=True)


if __name__ == "__main__":
    main()
