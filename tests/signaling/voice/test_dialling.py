"""Calls by ticket over real sockets: who may make one, and when it takes the attachment's voice over."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub.keys.call_tickets import CallTickets
from hub.store.promise import SessionKey, StoreUnavailable
from legato.session.state import State
from legato.wire.up import Dial, PlayedUntil
from media.frames import Frame
from media.opus import FRAME
from media.rtc.call import Call, CallState
from media.voice.foreseen import Foreseen
from media.voice.owning import Claim
from media.voice.rest import Report
from signaling.voice.call_port import CallPort
from signaling.voice.calls import AskedTicket, GivenTicket, OfferRefused
from signaling.voice.dialling import MOST_AT_ONCE, Dialling, Keys
from tests.support.call_peer import ICE_PASSWORD, CallPeer
from tests.support.call_sockets import HOST, PeerSocket, call_port, settled
from tests.support.certificates import minted

SECRET = b"the secret of a hub, 32 bytes ok"
KEY = SessionKey("main", "s_1")
CHECK = b"\0\1"


class Rings:
    """Two frames; counts how often they are asked for."""

    def __init__(self) -> None:
        self.read = 0

    async def frames(self, track: str, start: int, end: int) -> list[Frame]:
        self.read += 1
        return [Frame(0, b"one"), Frame(FRAME, b"two")]


class Voice:
    """What stands for a session's voice: keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, bool | None, CallState]] = []
        self.up: list[Call] = []
        self.over: list[str] = []
        self.claims: list[Claim] = []
        self.claim = self.claims.append
        self.heard: list[bytes] = []
        self.reports: list[Report | None] = []
        self.keeper = Rings()
        self.known = {"a_1"}
        self.has_call = self.known.__contains__
        self.changed = asyncio.Event()
        self.broken = False

    def knows(self, attachment: str) -> bool:
        return attachment in self.known

    async def ear_for(self, attachment: str, participant: str) -> Any:
        return self

    def hear(self, attachment: str, packet: Any, now: int) -> None:
        self.heard.append(packet.payload)
        self.changed.set()

    async def returning(self, participant: str, heard: Report | None, foreseen: Foreseen, *_: Any) -> str:
        self.reports.append(heard)
        await (foreseen or self.keeper).frames("t_1", 0, 2 * FRAME)
        self.changed.set()
        if self.broken:
            raise StoreUnavailable("test")
        return participant

    def begin(self, ear: Any, call: str, carrier: Call, returning: str, **more: Any) -> None:
        self.begun.append((call, more["ready"], carrier.state))
        self.claims.append(more["claim"])
        self.changed.set()

    def connected(self, attachment: str, carrier: Call) -> None:
        self.up.append(carrier)
        self.changed.set()

    def ended(self, attachment: str, carrier: Call, reason: str) -> None:
        self.over.append(reason)
        self.changed.set()

    async def until(self, true: Any) -> None:
        while not true():
            self.changed.clear()
            await self.changed.wait()


class Desk:
    def __init__(self, voice: Voice) -> None:
        self.here = {KEY: voice}.get

    @asynccontextmanager
    async def voice(self, key: SessionKey) -> AsyncIterator[Voice | None]:
        yield self.here(key)


class Hub:
    """A call port that takes calls by ticket."""

    def __init__(self, port: CallPort) -> None:
        self.port = port
        self.voice, self.state = Voice(), State()
        self.wall = 1_000
        self.revoked: set[str] = set()
        self.misused: list[str] = []
        self.tasks: set[asyncio.Task[None]] = set()
        keys = Keys(
            tickets=CallTickets(SECRET, os.urandom),
            ice=SECRET,
            revoked=lambda ticket: ticket.origin in self.revoked,
            wall=lambda: self.wall,
            random_bits=lambda bits: int.from_bytes(os.urandom(bits // 8)),
            misused=lambda ticket: self.misused.append(ticket.attachment),
        )
        self.dialling = Dialling(cast("Any", Desk(self.voice)), port, keys, self.spawn)

    def spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def line(self, attachment: str = "a_1") -> Any:
        ticket = SimpleNamespace(root="j_1", allows=lambda capability: True)
        actor = SimpleNamespace(participant="p_ada", attachment=attachment)
        room = SimpleNamespace(key=KEY, state=self.state)
        return SimpleNamespace(arrival=SimpleNamespace(room=room, actor=actor, ticket=ticket))

    def given(self, peer: CallPeer, attachment: str = "a_1", *, waits: bool = False) -> GivenTicket:
        asked = AskedTicket(peer.certificate.fingerprint, 111, 1, waits)
        return self.dialling.ticket(self.line(attachment), asked)


@asynccontextmanager
async def hub() -> AsyncIterator[Hub]:
    async with call_port() as port:
        yield Hub(port)


@asynccontextmanager
async def phone(
    here: Hub, attachment: str = "a_1", *, waits: bool = False, later: bool = False
) -> AsyncIterator[PeerSocket]:
    """A page with a ticket, or (`later`) with what follows it; nothing sent yet."""
    peer = CallPeer()
    given = here.given(peer, attachment, waits=waits)
    by = given.next if later else given
    assert by is not None
    peer.hub_ufrag, peer.hub_password, peer.hub_fingerprint = by.ufrag, by.password, by.fingerprint
    with PeerSocket((HOST, here.port.port)) as one:
        one.peer = peer
        yield one


def key_of(one: PeerSocket) -> str:
    return f"{one.peer.hub_ufrag}:peer"


async def test_the_first_check_makes_a_call_that_begins_once_the_handshake_is_over() -> None:
    async with hub() as here, phone(here) as one:
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        ((name, ready, state),) = here.voice.begun
        assert name.startswith("c_")
        assert (ready, state) == (None, CallState.CONNECTED)
        one.send(one.peer.speak(b"hello"))
        await here.voice.until(lambda: here.voice.heard)
        assert here.voice.heard == [b"hello"]


async def test_what_a_call_is_to_hear_is_read_while_its_handshake_goes_on() -> None:
    async with hub() as here, phone(here) as one:
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        assert len(here.voice.reports) == 2, "when it comes it is judged anew"
        assert here.voice.keeper.read == 1


async def test_a_page_that_says_so_begins_at_once() -> None:
    async with hub() as here, phone(here) as one:
        heard = PlayedUntil(message="m_1", samples=4_800)
        here.dialling.announce(here.line(), Dial(call=key_of(one), ready=True, heard=heard))
        await here.voice.until(lambda: here.voice.begun)
        assert here.voice.reports == [Report("m_1", 4_800)]
        assert here.voice.begun[0][1:] == (True, CallState.WAITING)
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        assert len(here.voice.begun) == 1


async def test_a_page_may_say_its_password_after_the_call_began() -> None:
    async with hub() as here, phone(here) as one:
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        here.dialling.announce(here.line(), Dial(call=key_of(one), password="too short"))
        here.dialling.announce(here.line(), Dial(call=key_of(one), password=ICE_PASSWORD))
        await asyncio.gather(*here.tasks)
        assert len(here.voice.begun) == 1
        with PeerSocket((HOST, here.port.port)) as elsewhere:
            elsewhere.peer = one.peer
            elsewhere.send(one.peer.check(nominated=False))
            while not any(datagram[:2] == CHECK for datagram in elsewhere.received):
                await elsewhere.arrival()


async def test_a_call_that_cannot_begin_is_closed() -> None:
    async with hub() as here, phone(here) as one:
        here.voice.broken = True
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.reports)
        while here.port.stats().calls:
            await one.arrival()
        assert here.voice.begun == []


async def waiting(here: Hub, one: PeerSocket) -> None:
    """Let the page's call wait: its handshake is over, and the hub knows it."""
    one.send(one.peer.check())
    while one.peer.srtp is None:
        await one.arrival()
    one.send(one.peer.speak(b"before"))
    await settled(here.port)
    await asyncio.gather(*here.tasks)


async def test_a_call_that_waits_stands_and_is_not_begun() -> None:
    async with hub() as here, phone(here, waits=True) as one:
        await waiting(here, one)
        assert here.port.stats().calls == 1
        assert (here.voice.begun, here.voice.up, here.voice.heard) == ([], [], [])


async def test_a_call_that_waited_begins_when_its_page_says_so_and_hears_from_then_on() -> None:
    async with hub() as here, phone(here, waits=True) as one:
        await waiting(here, one)
        here.dialling.announce(here.line(), Dial(call=key_of(one), ready=True))
        await here.voice.until(lambda: here.voice.up)
        assert here.voice.begun[0][1:] == (True, CallState.CONNECTED)
        one.send(one.peer.speak(b"after"))
        await here.voice.until(lambda: here.voice.heard)
        assert here.voice.heard == [b"after"]


async def test_a_call_that_waits_may_be_called_by_before_its_handshake_is_over() -> None:
    async with hub() as here, phone(here, waits=True) as one:
        here.dialling.announce(here.line(), Dial(call=key_of(one), ready=True))
        await here.voice.until(lambda: here.voice.begun)
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        assert len(here.voice.begun) == 1


async def test_a_call_that_waits_in_vain_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.voice.dialling.WAIT_S", 0.0)
    async with hub() as here, phone(here, waits=True) as one:
        one.send(one.peer.check())
        await settled(here.port)
        await asyncio.gather(*here.tasks)
        assert (here.port.stats().calls, here.voice.begun) == (0, [])


async def test_a_call_that_is_called_by_does_not_end_for_having_waited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signaling.voice.dialling.WAIT_S", 0.0)
    async with hub() as here, phone(here, waits=True) as one:
        here.dialling.announce(here.line(), Dial(call=key_of(one), ready=True))
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        assert here.port.stats().calls == 1


async def test_a_node_lets_only_so_many_calls_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.voice.dialling.MOST_WAITING", 1)
    async with hub() as here, phone(here, waits=True) as one, phone(here, waits=True) as other:
        for each in (one, other):
            each.send(each.peer.check())
            await settled(here.port)
        assert here.port.stats().calls == 1


async def test_nobody_announces_the_call_of_another_attachment() -> None:
    async with hub() as here, phone(here) as one:
        here.dialling.announce(here.line("a_2"), Dial(call=key_of(one), ready=True))
        await asyncio.gather(*here.tasks)
        assert here.voice.begun == []


async def test_who_has_only_the_ticket_takes_nothing_over_and_its_holder_is_told() -> None:
    async with hub() as here, phone(here) as one:
        one.peer.certificate = minted()
        one.send(one.peer.check())
        await one.arrival()
        while here.port.mux.where(key_of(one)) is not None:
            await settled(here.port)
        assert (here.voice.begun, here.misused) == ([], ["a_1"])


async def test_nobody_is_told_of_the_holders_own_calls_and_of_handshakes_that_break_off() -> None:
    async with hub() as here, phone(here) as one, phone(here) as other:
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        here.voice.up[0].close()
        other.send(other.peer.check())
        await other.arrival()
        await here.port.close()
        assert here.misused == []


async def test_a_ticket_that_is_over_or_called_back_meets_silence() -> None:
    async with hub() as here, phone(here) as one:
        here.revoked.add("j_1")
        one.send(one.peer.check())
        await settled(here.port)
        here.revoked.clear()
        here.wall += 86_400
        one.send(one.peer.check())
        await settled(here.port)
        assert (one.received, here.voice.begun) == ([], [])


async def test_a_call_for_an_attachment_that_is_closed_is_closed() -> None:
    async with hub() as here, phone(here) as one:
        here.voice.known.clear()
        here.dialling.announce(here.line(), Dial(call=key_of(one), ready=True))
        await asyncio.gather(*here.tasks)
        assert (here.port.stats().calls, here.voice.begun) == (0, [])


async def test_a_ticket_outlives_a_turn_of_the_hubs_certificate() -> None:
    async with hub() as here, phone(here) as one:
        here.port.certificates.turn(minted())
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        here.port.certificates.turn(minted())
        async with phone(here) as other:
            other.peer.hub_ufrag, other.peer.hub_password = one.peer.hub_ufrag, one.peer.hub_password
            calls = here.port.stats().calls
            here.dialling.announce(here.line(), Dial(call=f"{one.peer.hub_ufrag}:late", ready=True))
            assert here.port.stats().calls == calls


async def test_what_follows_a_ticket_calls_for_a_day_longer_under_the_hubs_next_certificate() -> None:
    async with hub() as here:
        here.port.certificates.next = following = minted()
        async with phone(here, later=True) as one:
            here.port.certificates.turn(following, minted())
            here.port.certificates.turn(minted(), minted())
            here.wall += 2 * 86_400 - 1
            one.send(one.peer.check())
            await here.voice.until(lambda: here.voice.up)
            calls, here.wall = here.port.stats().calls, here.wall + 1
            late = Dial(call=f"{one.peer.hub_ufrag}:late", ready=True)
            here.dialling.announce(here.line(), late)
            assert here.port.stats().calls == calls


async def test_a_node_that_turned_its_certificate_late_takes_what_another_gave_out() -> None:
    async with hub() as here:
        here.port.certificates.next = minted()
        async with phone(here, later=True) as one:
            one.send(one.peer.check())
            await here.voice.until(lambda: here.voice.up)


async def test_a_ticket_serves_a_few_calls_at_once_and_no_more() -> None:
    async with hub() as here, phone(here) as one:
        for number in range(MOST_AT_ONCE + 3):
            here.dialling.announce(here.line(), Dial(call=f"{one.peer.hub_ufrag}:page{number}", ready=False))
        assert here.port.stats().calls == MOST_AT_ONCE


async def test_the_end_of_the_call_is_told() -> None:
    async with hub() as here, phone(here) as one:
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        here.voice.up[0].close()
        assert here.voice.over == ["hub"]


@pytest.mark.parametrize(
    "asked",
    [AskedTicket("AB", 111, 1), AskedTicket(":".join(["AB"] * 32), 5, 1), AskedTicket("", 111, 15)],
)
async def test_a_ticket_for_what_is_no_offer_is_refused(asked: AskedTicket) -> None:
    async with hub() as here:
        with pytest.raises(OfferRefused):
            here.dialling.ticket(here.line(), asked)
