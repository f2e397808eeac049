"""A session on a worker's connection: as on one of its own, and no neighbour's trouble is its own."""

from __future__ import annotations

import asyncio
from typing import cast

import aiohttp
import pytest

from legato.client.carrier import Carrier, Channel
from legato.client.socket import Socket
from legato.client.transport import Transport
from legato.wire.carried import BINARY, ENDS, OPENS, TEXT, Piece, carried, decode_carried, encode_piece
from legato.wire.strict import MAX_BYTES

HUB = "http://hub.example"
NO_HTTP = cast("aiohttp.ClientSession", None)


class Line:
    """The worker's socket: it keeps what it is given."""

    def __init__(self) -> None:
        self.said: list[list[Piece]] = []
        self.behind = False

    def send_binary(self, raw: bytes) -> None:
        assert len(raw) <= MAX_BYTES + 13
        self.said.append(decode_carried(raw))


class Session:
    """Somebody who has a transport. `fails`: hearing anything does."""

    def __init__(self, carrier: Carrier, hub: str = HUB, *, fails: bool = False) -> None:
        self.heard: list[bytes] = []
        self.sounds: list[bytes] = []
        self.open = self.over = False
        self._fails = fails
        self.transport = carrier.connect(hub, self._opened, self._received, self.sounds.append, self._closed)

    def run(self) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(self.transport.run(NO_HTTP))

    def _opened(self, _: Transport) -> None:
        self.open = True
        self.transport.send(b"attach")

    def _received(self, _: Transport, raw: bytes) -> None:
        if self._fails:
            raise ValueError("no envelope")
        self.heard.append(raw)

    def _closed(self, _: Transport) -> None:
        self.over = True


def at_work() -> tuple[Carrier, Line]:
    carrier, line = Carrier(), Line()
    carrier.begin(HUB, cast("Socket", line))
    return carrier, line


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_session_of_another_hub_or_of_none_has_a_connection_of_its_own() -> None:
    carrier, _ = at_work()
    assert isinstance(Session(carrier).transport, Channel)
    assert isinstance(Session(carrier, "http://other.example").transport, Socket)
    carrier.retire()
    assert isinstance(Session(carrier).transport, Socket)
    assert isinstance(Session(Carrier(), "").transport, Socket)


async def test_what_sessions_say_in_one_pass_leaves_together_and_what_comes_is_theirs_alone() -> None:
    carrier, line = at_work()
    ada, eve = Session(carrier), Session(carrier)
    tasks = [ada.run(), eve.run()]
    await settle()
    ada.transport.send(b"words")
    assert eve.transport.send_audio(b"sound")
    await settle()
    assert line.said == [
        [Piece(1, OPENS, b"attach"), Piece(2, OPENS, b"attach")],
        [Piece(1, TEXT, b"words"), Piece(2, BINARY, b"sound")],
    ]
    carrier.received(
        carried(
            [encode_piece(2, TEXT, b"hello"), encode_piece(1, BINARY, b"sound"), encode_piece(9, TEXT, b"?")]
        )
    )
    assert (ada.heard, ada.sounds, eve.heard, eve.sounds) == ([], [b"sound"], [b"hello"], [])
    carrier.end()
    await asyncio.gather(*tasks)
    assert ada.over
    assert eve.over


async def test_a_session_leaves_after_its_last_word_and_the_hub_is_told() -> None:
    carrier, line = at_work()
    ada = Session(carrier)
    task = ada.run()
    await settle()
    ada.transport.send(b"detach")
    ada.transport.close()
    ada.transport.send(b"late")
    await task
    await settle()
    assert line.said[-1] == [Piece(1, TEXT, b"detach"), Piece(1, ENDS)]
    carrier.received(carried([encode_piece(1, TEXT, b"late"), encode_piece(1, ENDS)]))
    assert (ada.heard, ada.over) == ([], True)


async def test_a_session_that_the_hub_ends_is_over_and_says_nothing_more() -> None:
    carrier, line = at_work()
    ada = Session(carrier)
    task = ada.run()
    await settle()
    carrier.received(carried([encode_piece(1, TEXT, b"closing"), encode_piece(1, ENDS)]))
    await task
    await settle()
    assert ada.heard == [b"closing"]
    assert line.said == [[Piece(1, OPENS, b"attach")]]


async def test_what_goes_wrong_in_a_session_ends_it_and_no_other() -> None:
    carrier, line = at_work()
    ada, eve = Session(carrier, fails=True), Session(carrier)
    tasks = [ada.run(), eve.run()]
    await settle()
    carrier.received(carried([encode_piece(1, TEXT, b"hello"), encode_piece(2, TEXT, b"hello")]))
    with pytest.raises(ValueError, match="no envelope"):
        await tasks[0]
    await settle()
    assert line.said[-1] == [Piece(1, ENDS)]
    assert (eve.heard, eve.over) == ([b"hello"], False)
    eve.transport.close()
    await tasks[1]


async def test_a_session_whose_connection_goes_before_it_began_never_opens() -> None:
    carrier, _ = at_work()
    ada = Session(carrier)
    task = ada.run()
    ada.transport.close()
    await task
    assert (ada.open, ada.over) == (False, True)


async def test_a_session_that_begins_after_its_connection_went_is_over_at_once() -> None:
    carrier, line = at_work()
    ada = Session(carrier)
    carrier.end()
    async with asyncio.timeout(30):
        await ada.run()
    assert ada.over
    assert line.said == []


async def test_much_at_once_goes_in_envelopes_that_the_hub_takes() -> None:
    carrier, line = at_work()
    ada = Session(carrier)
    task = ada.run()
    await settle()
    sizes = [MAX_BYTES, 1, 40_000, 40_000, MAX_BYTES - 8, 5]
    for size in sizes:
        ada.transport.send(bytes(size))
    await settle()
    assert [len(piece.envelope) for each in line.said[1:] for piece in each] == sizes
    carrier.end()
    await task


async def test_live_sound_waits_where_too_much_is_in_line() -> None:
    carrier, line = at_work()
    ada = Session(carrier)
    task = ada.run()
    await settle()
    line.behind = True
    assert not ada.transport.send_audio(b"sound")
    line.behind = False
    assert ada.transport.send_audio(b"sound")
    carrier.end()
    assert not ada.transport.send_audio(b"sound")
    await task
