"""What the hostile can do to innocent calls, over real sockets: nothing that is heard.

The same at 5 000 packets a second for a minute, with figures: `legato bench voice`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import struct
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from media.rtc.call import Call, CallState
from media.rtc.rtp import write_packet
from media.rtc.srtp import Unprotectable
from signaling.voice.call_port import CallPort
from signaling.voice.sdp import read_offer
from tests.support.call_peer import PAYLOAD_TYPE, SSRC
from tests.support.call_sockets import HOST, Ear, PeerSocket, call_port, calling, connected, settled
from tests.support.talking_peer import TalkingPeer

RATE, SECONDS, INNOCENT = 5_000, 3, 3
SOME = RATE // 10
"""Of what is sprayed: a busy machine lets the sprayer send less, and the hub read less of it."""

AGAIN_S = 0.5
"""After so long without an answer, what may have been lost is sent again."""

MOST_GROWN = 16 << 20
"""Bytes; one SCTP chunk grew another stack by 200 MB a second."""

SCTP_HEAD = struct.pack("!HHII", 5000, 5000, 1, 0)
ENDLESS = SCTP_HEAD + bytes.fromhex("0100000c") + bytes(4) + struct.pack("!HH", 0x8008, 0)
GAPS = b"".join(struct.pack("!HH", 2 + at * 200, 180 + at * 200) for at in range(280))
HUGE_SACK = SCTP_HEAD + struct.pack("!BBHIIHH", 3, 0, 16 + len(GAPS), 1, 65_535, 280, 0) + GAPS[:1080]


def orphan(number: int) -> bytes:
    """A DATA chunk in the middle of a message that never began."""
    return SCTP_HEAD + struct.pack("!BBHIHHI", 0, 0, 20, 1_000 + 2 * number, 0, 0, 51) + b"orph"


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def set_up(port: CallPort) -> None:
    """One more call; its first check may be lost like any datagram, and is sent again."""
    async with calling(port) as (phone, call, ear), asyncio.timeout(45):
        while call.state is not CallState.CONNECTED:
            phone.send(phone.peer.check())
            try:
                async with asyncio.timeout(AGAIN_S):
                    await ear.connected(call)
            except TimeoutError:
                continue


async def still_heard(phone: PeerSocket, ear: Ear) -> None:
    """Until a packet of it arrives: a kernel may drop some of what it is sent in a flood."""
    heard = len(ear.packets)
    async with asyncio.timeout(45):
        while len(ear.packets) == heard:
            phone.send(phone.peer.speak(b"and still"))
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S):
                    await ear.heard(heard + 1)


async def overheard(port: CallPort, phones: Sequence[PeerSocket], file: Path) -> None:
    """Each says something, and it is written down as somebody else may have seen it."""
    said = [phone.peer.check() for phone in phones] + [phone.peer.speak(b"overheard") for phone in phones]
    for phone, datagram in zip([*phones, *phones], said, strict=True):
        phone.send(datagram)
    await settled(port)
    await asyncio.to_thread(file.write_text, "\n".join(datagram.hex() for datagram in said))


async def sprayed_at(port: CallPort, heard: Path) -> dict[str, Any]:
    """A process sprays noise, and what was overheard; what it tells of it."""
    sprayer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "signaling.bench.sprayer"),
        *(str(port.port), str(RATE), str(SECONDS), str(heard)),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await sprayer.communicate()
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


@pytest.mark.timeout(120)
async def test_a_spray_of_noise_and_replays_hinders_no_call_and_no_set_up_and_gets_no_answer(
    tmp_path: Path,
) -> None:
    heard = tmp_path / "overheard"
    async with (
        call_port() as port,
        connected(port) as (one, _, one_ear),
        connected(port) as (two, _, two_ear),
    ):
        await overheard(port, (one, two), heard)
        before = resident()
        told = asyncio.create_task(sprayed_at(port, heard))
        set_ups = 0
        while not told.done():
            for phone in (one, two):
                phone.send(phone.peer.speak(b"still here"))
            await set_up(port)
            set_ups += 1
        sprayed = await told
        assert sprayed["sent"] > SOME
        assert sprayed["back"] == 0
        assert sprayed["replayed"] > SOME // 10
        assert sprayed["times"] == 0, "what was seen before is not answered elsewhere"
        assert set_ups > 0
        assert sum(port.stats().dropped.values()) > SOME // 10
        for phone, ear in ((one, one_ear), (two, two_ear)):
            await still_heard(phone, ear)
        assert resident() - before < MOST_GROWN


@asynccontextmanager
async def talking(port: CallPort) -> AsyncIterator[tuple[PeerSocket, TalkingPeer, Call, Ear]]:
    """A call whose peer also sends data."""
    ear, peer = Ear(), TalkingPeer()
    answer, call = port.accept(read_offer(peer.offer()), ear.hear, ear.turn)
    peer.take(answer)
    with PeerSocket((HOST, port.port)) as phone:
        phone.peer = peer
        phone.send(peer.check())
        await ear.connected(call)
        yield phone, peer, call, ear


async def test_sctp_inside_a_real_association_costs_nothing_and_is_not_answered() -> None:
    """Calls speak no SCTP: what hung, blocked or filled another stack is passed over unread."""
    async with (
        call_port() as port,
        connected(port) as (good, _, good_ear),
        talking(port) as (bad, peer, call, ear),
    ):
        await settled(port)
        bad.received.clear()
        before = resident()
        for data in [ENDLESS] * 50 + [HUGE_SACK] * 50 + [orphan(number) for number in range(2_000)]:
            for datagram in peer.say(data):
                bad.send(datagram)
            if len(data) < 40 and data[-4:] == b"orph" and struct.unpack("!I", data[16:20])[0] % 100 == 0:
                await settled(port)
        await settled(port)
        assert not [datagram for datagram in bad.received if 20 <= datagram[0] < 64]
        assert resident() - before < MOST_GROWN
        for phone, its in ((good, good_ear), (bad, ear)):
            phone.send(phone.peer.speak(b"still here"))
            await its.heard(1)
        assert call.state is CallState.CONNECTED


async def test_malformed_but_authentic_packets_are_their_senders_trouble() -> None:
    """Protected with the call's own keys: extensions, padding and reports that lie about their lengths."""
    noise = random.Random(4)
    async with (
        call_port() as port,
        connected(port) as (good, _, good_ear),
        connected(port) as (bad, call, ear),
    ):
        assert bad.peer.srtp is not None
        plain = write_packet(PAYLOAD_TYPE, False, 0, 0, SSRC, b"opus" * 10)
        for number in range(1, 400):
            lying = bytearray(plain[:2] + number.to_bytes(2, "big") + plain[4:])
            lying[0] = 0x80 | noise.choice([0x20, 0x10, 0x0F, 0x3F, 0])
            lying[-1] = noise.randrange(256)
            lying[12:16] = b"\xbe\xde" + noise.choice([b"\0\1", b"\0\x09", b"\xff\xff", b"\0\0"])
            with suppress(Unprotectable):  # some of them it does not even send
                bad.send(bad.peer.srtp.protect(bytes(lying)))
            report = bytes([0x80 | noise.randrange(32), noise.choice([200, 201, 203, 205, 206])])
            report += noise.choice([1, 2, 7, 65_535]).to_bytes(2, "big") + SSRC.to_bytes(4, "big")
            bad.send(bad.peer.srtp.protect_report(report + noise.randbytes(4 * noise.randrange(9))))
        await settled(port)
        bad.peer.sequence = 1_000
        for phone, its in ((good, good_ear), (bad, ear)):
            heard = len(its.packets)
            phone.send(phone.peer.speak(b"still here"))
            await its.heard(heard + 1)
        assert call.state is CallState.CONNECTED
