"""A sieve in front of the node's UDP socket: what can be nobody's is dropped by the kernel, before it costs the hub
a wake-up, a read and an object.

It is a program of the kernel's classic packet filter, over the UDP header (8 bytes) and what follows it. It knows no
calls and no secrets, so it refuses by form alone, and only what the mux would meet with silence: what is empty, what
is of no kind that RFC 7983 tells apart, STUN that is neither a binding request nor its answer or lacks the cookie,
records that are not of DTLS 1.0 to 1.2, RTP that is shorter than its header.

The program is data; where the kernel does not take it, everything goes through and the mux judges alone.
"""

from __future__ import annotations

import socket
import struct
from array import array
from typing import Final, NamedTuple

ATTACH_FILTER: Final = 26
"""`SO_ATTACH_FILTER` of Linux."""

_PAYLOAD: Final = 8
_COOKIE: Final = 0x2112A442
_INSTRUCTION: Final = struct.Struct("=HBBI")

LENGTH: Final = 0x80
BYTE: Final = 0x30
HALF: Final = 0x28
WORD: Final = 0x20
EQUAL: Final = 0x15
AT_LEAST: Final = 0x35
RETURN: Final = 0x06
WHOLE: Final = 0xFFFFFFFF


class Step(NamedTuple):
    """An instruction. A test goes on at label `yes` or `no`; without one, at the next step."""

    code: int
    value: int = 0
    yes: str = ""
    no: str = ""
    label: str = ""


STEPS: Final = (
    Step(LENGTH),
    Step(AT_LEAST, _PAYLOAD + 1, no="drop"),
    Step(BYTE, _PAYLOAD),
    Step(AT_LEAST, 192, yes="drop"),
    Step(AT_LEAST, 128, yes="rtp"),
    Step(AT_LEAST, 26, yes="drop"),
    Step(AT_LEAST, 20, yes="dtls"),
    Step(AT_LEAST, 4, yes="drop"),
    Step(WORD, _PAYLOAD + 4),
    Step(EQUAL, _COOKIE, no="drop"),
    Step(HALF, _PAYLOAD),
    Step(EQUAL, 0x0001, yes="pass"),
    Step(EQUAL, 0x0101, yes="pass", no="drop"),
    Step(BYTE, _PAYLOAD + 1, label="dtls"),
    Step(EQUAL, 0xFE, yes="pass", no="drop"),
    Step(LENGTH, label="rtp"),
    Step(AT_LEAST, _PAYLOAD + 12, no="drop"),
    Step(RETURN, WHOLE, label="pass"),
    Step(RETURN, 0, label="drop"),
)


def assembled(steps: tuple[Step, ...] = STEPS) -> bytes:
    """The program as the kernel reads it."""
    places = {step.label: at for at, step in enumerate(steps) if step.label}

    def over(at: int, label: str) -> int:
        return places[label] - at - 1 if label else 0

    return b"".join(
        _INSTRUCTION.pack(step.code, over(at, step.yes), over(at, step.no), step.value)
        for at, step in enumerate(steps)
    )


def sift(udp: socket.socket) -> bool:
    """Put the sieve in front of this socket; False where the kernel has none."""
    program = array("B", assembled())
    place, _ = program.buffer_info()
    try:
        # The kernel copies the program before it returns.
        udp.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, struct.pack("@HP", len(STEPS), place))
    except OSError:
        return False
    return True
