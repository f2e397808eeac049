"""The call port over real sockets: what works, and what hostile bytes cannot do."""

import asyncio
import random
import socket
import struct
import sys

import pytest

from media.rtc.call import CallState, Ending
from media.rtc.dtls import Dtls, Role
from media.rtc.rtp import UNHEARD
from signaling.ice.mux import Dropped, MuxFull
from signaling.ice.paths import Limits
from signaling.ice.tcp_port import MAX_FRAME, MAX_PER_HOST
from signaling.voice.sdp import read_offer
from tests.support.call_peer import CallPeer
from tests.support.call_sockets import (
    CERTIFICATE,
    HOST,
    Ear,
    PeerSocket,
    Socket,
    call_port,
    calling,
    connected,
    settled,
)
from tests.support.certificates import minted

CLIENT_HELLO = Dtls(minted(), Role.CLIENT, []).start(0)[0]
FATAL_ALERT = bytes([21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40])
SCTP_ENDLESS = bytes.fromhex("1388138800000000000000000100000c0000000000000000")
RTP_BAD_EXTENSION = bytes([0x90, 111]) + bytes(10) + b"\xbe\xde\xff\xff"
REMB_BAD = bytes([0x8F, 206, 0, 5]) + bytes(8) + b"REMB" + bytes([255, 0, 0, 0])
SPRAY = [
    b"",
    CLIENT_HELLO,
    FATAL_ALERT,
    SCTP_ENDLESS,
    RTP_BAD_EXTENSION,
    REMB_BAD,
    b"\x16",
    b"\x80",
    bytes(20),
]


async def test_sound_flows_both_ways_over_udp() -> None:
    async with call_port() as port, connected(port) as (peer, call, ear):
        for _ in range(50):
            peer.send(peer.peer.speak(b"up"))
        await ear.heard(50)
        assert [p.extended for p in ear.packets] == list(range(50))
        assert call.send_audio(b"down", 960) is not None
        while not peer.peer.heard:
            await peer.arrival()
        assert peer.peer.heard[0].endswith(b"down")
        assert port.mux.where(call.key) == (peer.address, True)


async def test_sound_flows_both_ways_over_tcp() -> None:
    async with call_port() as port:
        ear, peer = Ear(), CallPeer()
        answer, call = port.accept(read_offer(peer.offer()), ear.hear, ear.turn)
        assert f" tcp 1526726399 {HOST} {port.port} typ host tcptype passive" in answer
        peer.take(answer)
        reader, writer = await asyncio.open_connection(HOST, port.port)

        def send(datagram: bytes) -> None:
            writer.write(struct.pack("!H", len(datagram)) + datagram)

        async def receive() -> None:
            while not peer.heard:
                (size,) = struct.unpack("!H", await reader.readexactly(2))
                for reply in peer.receive(await reader.readexactly(size)):
                    send(reply)

        receiving = asyncio.create_task(receive())
        send(peer.check())
        await ear.connected(call)
        split = peer.speak(b"in two pieces")
        framed = struct.pack("!H", len(split)) + split
        writer.write(framed[:1])
        await writer.drain()
        writer.write(framed[1:])
        await ear.heard(1)
        call.send_audio(b"down", 960)
        await receiving
        assert peer.heard[0].endswith(b"down")
        writer.close()
        await writer.wait_closed()
        await settled(port)
        assert port.mux.where(call.key) is None


async def test_a_call_over_ipv6_and_ipv4_on_one_port() -> None:
    async with call_port(host=None) as port:
        for host in (HOST, "::1") if socket.has_dualstack_ipv6() else (HOST,):
            ear, peer = Ear(), CallPeer()
            answer, call = port.accept(read_offer(peer.offer()), ear.hear, ear.turn)
            peer.take(answer)
            with PeerSocket((host, port.port), (host, 0)) as one:
                one.peer = peer
                one.send(peer.check())
                await ear.connected(call)


async def test_a_port_on_all_addresses_answers_from_the_one_that_was_asked() -> None:
    """On Linux the whole of 127.0.0.0/8 is this machine, and 192.0.2.7 is not; elsewhere only 127.0.0.1 may be."""
    async with call_port(host=None, advertise=(HOST, "127.0.0.2", "192.0.2.7")) as port:
        for asked in (HOST, "127.0.0.2") if sys.platform == "linux" else (HOST,):
            ear, peer = Ear(), CallPeer()
            answer, call = port.accept(read_offer(peer.offer()), ear.hear, ear.turn)
            peer.take(answer)
            with PeerSocket((asked, port.port)) as one:  # it hears nothing from elsewhere
                one.peer = peer
                one.send(peer.check())
                await ear.connected(call)
                one.send(peer.speak(b"heard"))
                await ear.heard(1)


async def test_the_port_of_a_hub_is_nobody_elses() -> None:
    async with call_port(host="0.0.0.0", tcp=False) as port:
        for host in ("0.0.0.0", HOST):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with pytest.raises(OSError, match="in use"):
                    other.bind((host, port.port))


async def test_only_what_is_advertised_is_shown() -> None:
    async with call_port(host=None, advertised_port=7) as port:
        answer, _ = port.accept(read_offer(CallPeer().offer()), lambda *_: None)
        shown = [line.split()[4:6] for line in answer.splitlines() if line.startswith("a=candidate")]
        assert shown == [[HOST, "7"], [HOST, "7"]]
        assert CERTIFICATE.fingerprint in answer


async def test_a_third_party_cannot_hinder_a_call_from_being_set_up() -> None:
    """ASVS 17.2.6: hellos, alerts, noise and nothing, sprayed before each step of the handshake."""
    async with call_port() as port:
        with Socket((HOST, port.port)) as third:
            noise = random.Random(1)
            for _ in range(6):
                async with calling(port) as (peer, call, ear):
                    genuine = peer.answer

                    def with_spray(datagram: bytes, genuine=genuine) -> None:  # type: ignore[no-untyped-def]
                        for attack in [*SPRAY, noise.randbytes(100)] * 5:
                            third.send(attack)
                        genuine(datagram)

                    peer.answer = with_spray  # type: ignore[method-assign]
                    for attack in SPRAY * 5:
                        third.send(attack)
                    peer.send(peer.peer.check())
                    await ear.connected(call)
                    peer.send(peer.peer.speak(b"heard"))
                    await ear.heard(1)
            assert third.received == []


async def test_hostile_bytes_from_the_peer_itself_harm_at_most_its_own_call() -> None:
    async with (
        call_port() as port,
        connected(port) as (good, _, good_ear),
        connected(port) as (bad, call, ear),
    ):
        noise = random.Random(2)
        attacks = [*SPRAY, *(bytes([first]) + noise.randbytes(40) for first in range(256))]
        attacks += [bad.peer.check()[:n] for n in range(120)]
        for attack in attacks:
            bad.send(attack)
        await settled(port)
        for one, its in ((good, good_ear), (bad, ear)):
            one.send(one.peer.speak(b"still here"))
            await its.heard(1)
        assert call.state is CallState.CONNECTED
        assert call.stats().rejected > 0


async def test_to_strangers_the_port_is_silent_whatever_they_send() -> None:
    async with call_port() as port, connected(port) as (peer, _, ear):
        with Socket((HOST, port.port)) as third:
            check = peer.peer.check()
            noise = random.Random(3)
            for attack in [
                *SPRAY,
                *(check[:n] for n in range(len(check))),
                *(noise.randbytes(n) for n in range(200)),
            ]:
                third.send(attack)
            await settled(port)
            assert third.received == []
            assert port.mux.dropped[Dropped.UNOPENED] >= 1, "what is of no kind the kernel has dropped before"
            peer.send(peer.peer.speak())
            await ear.heard(1)


class Ready(PeerSocket):
    """An address that the peer holds ready: it answers checks there, and keeps the frames that come."""

    def answer(self, datagram: bytes) -> None:
        if datagram[0] < 128:
            super().answer(datagram)

    @property
    def frames(self) -> list[bytes]:
        return [datagram for datagram in self.received if datagram[0] >= 128]


async def test_a_call_that_falls_silent_is_heard_where_its_peer_holds_an_address_ready() -> None:
    async with call_port() as port, connected(port) as (peer, call, ear):
        with Ready((HOST, port.port)) as ready:
            ready.peer = peer.peer
            ready.send(peer.peer.check(nominated=False))
            await settled(port)
            peer.send(peer.peer.speak(b"the last word"))
            await ear.heard(1)
            while len(ready.frames) < 2:
                call.send_audio(b"down", 960)
                await settled(port)
            first, second = ready.frames[:2]
            assert (first[0], second[0]) == (0x80, 0x81)
            assert second[12:16] == UNHEARD.to_bytes(4, "big"), "it says so"
            assert port.mux.where(call.key) == (peer.address, True), "where it is sent to has not changed"


async def test_a_replayed_check_and_replayed_audio_move_nothing() -> None:
    async with call_port() as port, connected(port) as (peer, call, ear):
        check, audio = peer.peer.check(), peer.peer.speak()
        peer.send(check)
        peer.send(audio)
        await ear.heard(1)
        before = port.mux.where(call.key)
        with Socket((HOST, port.port)) as third:
            for _ in range(3):
                third.send(check)
                third.send(audio)
                third.send(CLIENT_HELLO)
            await settled(port)
            assert third.received == []
            assert port.mux.where(call.key) == before
            assert len(ear.packets) == 1


async def test_a_copied_packet_that_wins_the_race_is_followed_three_bytes_for_one_and_taken_back() -> None:
    async with call_port() as port, connected(port) as (peer, call, ear):
        with Socket((HOST, port.port)) as third:
            peer.send(peer.peer.speak())
            await ear.heard(1)
            third.send(peer.peer.speak())
            await ear.heard(2)
            for _ in range(100):
                call.send_audio(bytes(80), 960)
            while len(peer.peer.heard) < 100:
                await peer.arrival()
            assert sum(map(len, third.received)) <= 3 * third.sent
            peer.send(peer.peer.speak())
            await ear.heard(3)
            assert port.mux.where(call.key) == (peer.address, True)


async def test_to_an_address_that_is_not_validated_go_at_most_three_bytes_for_one() -> None:
    """An authentic check, and then nothing: the handshake is sent again and again, within the bound."""
    async with call_port() as port, calling(port) as (peer, call, _):
        with Socket((HOST, port.port)) as silent:
            silent.send(peer.peer.check())
            await silent.arrival()
            for _ in range(12):
                due = call.next_deadline()
                assert due is not None
                call.expire(due)
            await settled(port)
            assert 0 < sum(map(len, silent.received)) <= 3 * silent.sent


async def test_audio_follows_the_phone_to_a_new_address_at_once() -> None:
    async with call_port() as port, connected(port) as (peer, call, ear):
        peer.send(peer.peer.speak())
        await ear.heard(1)
        with PeerSocket((HOST, port.port)) as moved:
            moved.peer = peer.peer
            moved.send(peer.peer.speak(bytes(80)))
            await ear.heard(2)
            call.send_audio(b"after the move", 960)
            while not any(h.endswith(b"after the move") for h in peer.peer.heard):
                await moved.arrival()
            while port.mux.where(call.key) != (moved.address, True):
                moved.send(peer.peer.speak(bytes(80)))
                await ear.heard(len(ear.packets) + 1)


async def test_candidates_of_an_offer_get_no_packet() -> None:
    canaries = [Socket(None) for _ in range(2)]
    listed = [("169.254.169.254", 80), ("127.0.0.1", 6379)]
    listed += [c.address for c in canaries]
    lines = [f"a=candidate:{i} 1 udp 2113937151 {h} {p} typ host\n" for i, (h, p) in enumerate(listed)]
    async with call_port() as port, calling(port, "".join(lines * 75)) as (peer, call, ear):
        sent: list[object] = []
        send = port.dispatch
        port.dispatch = lambda data, to: (sent.append(to), send(data, to))  # type: ignore[assignment, method-assign, func-returns-value]
        peer.send(peer.peer.check())
        await ear.connected(call)
        call.send_audio(b"x", 960)
        assert set(sent) == {peer.address}
        assert [c.received for c in canaries] == [[], []]
    for canary in canaries:
        canary.close()


async def test_a_peer_that_hangs_up_is_forgotten() -> None:
    async with call_port() as port, connected(port) as (peer, call, ear):
        assert peer.peer.dtls is not None
        for datagram in peer.peer.dtls.close():
            peer.send(datagram)
        await ear.until(lambda: call.state is CallState.CLOSED)
        assert call.ending is Ending.PEER
        assert not port.mux.knows(peer.address)


async def test_the_number_of_calls_is_bounded() -> None:
    async with call_port(limits=Limits(calls=1)) as port, connected(port):
        with pytest.raises(MuxFull):
            port.accept(read_offer(CallPeer().offer()), lambda *_: None)


async def test_a_turned_certificate_is_that_of_new_calls() -> None:
    async with call_port() as port, connected(port) as (old, old_call, old_ear):
        port.certificates.turn(minted())
        async with connected(port) as (new, new_call, _):
            assert new.peer.hub_fingerprint == port.certificates.current.fingerprint
            assert old.peer.hub_fingerprint == CERTIFICATE.fingerprint
            old.send(old.peer.speak())
            await old_ear.heard(1)
            assert (old_call.state, new_call.state) == (CallState.CONNECTED, CallState.CONNECTED)
            assert port.stats().calls == 2


async def test_closing_the_port_says_goodbye_to_every_call() -> None:
    async with call_port() as port, connected(port) as (peer, call, _):
        await port.close()
        assert call.state is CallState.CLOSED
        await peer.arrival()
        assert peer.peer.dtls is not None
        assert peer.peer.dtls.stage.value == "closed"


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("attack", [b"\xff\xff" + bytes(10), struct.pack("!H", MAX_FRAME + 1)])
async def test_a_frame_that_is_too_long_closes_its_connection(attack: bytes) -> None:
    async with call_port() as port:
        reader, writer = await asyncio.open_connection(HOST, port.port)
        writer.write(attack)
        assert await ended(reader)
        writer.close()


async def test_who_does_not_authenticate_in_time_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.ice.tcp_port.AUTHENTICATE_WITHIN", 0.05)
    async with call_port() as port:
        reader, writer = await asyncio.open_connection(HOST, port.port)
        writer.write(struct.pack("!H", 0) + struct.pack("!H", len(CLIENT_HELLO)) + CLIENT_HELLO)
        assert await ended(reader)
        writer.close()


async def test_connections_from_one_host_are_bounded() -> None:
    async with call_port() as port:
        opened = [await asyncio.open_connection(HOST, port.port) for _ in range(MAX_PER_HOST + 1)]
        assert await ended(opened[-1][0])
        assert not opened[0][0].at_eof()
        for _, writer in opened:
            writer.close()
