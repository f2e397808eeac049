"""Sessions on a worker's connection: each by a channel of its own, as if it had come alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from hub.store.promise import SessionKey
from legato.wire.carried import BINARY, ENDS, OPENS, TEXT, carried, decode_carried, encode_piece
from signaling.connection.channels import BEAT_MS
from tests.signaling.doors import WAIT_S, Doors, Page, doors

SHOP, INN = SessionKey("main", "s_shop"), SessionKey("main", "s_inn")


class Carrying:
    """A worker's connection. `got` is what came on each channel, in order; 0: what came on none."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.got: dict[int, list[dict[str, Any]]] = {}

    @classmethod
    @asynccontextmanager
    async def at(cls, here: Doors) -> AsyncIterator[Self]:
        async with (
            ClientSession() as client,
            client.ws_connect(f"{here.url}/v1/connect", protocols=("legato.1",), compress=0) as socket,
        ):
            worker = cls(socket)
            ticket = here.ticket("p_concierge", "agent", "*")
            work = {"type": "work", "v": 1, "ticket": ticket, "name": "concierge", "worker": "k_1"}
            await socket.send_str(json.dumps(work))
            assert (await worker.until(0, "working"))["carries"]
            beats = asyncio.create_task(worker.beat())
            try:
                yield worker
            finally:
                beats.cancel()

    async def beat(self) -> None:
        """However long a test takes, the worker is there."""
        with suppress(ConnectionError):
            while True:
                await self.socket.send_str('{"type":"ping"}')
                await asyncio.sleep(0.3)

    async def say(self, *pieces: tuple[int, int, object]) -> None:
        await self.socket.send_bytes(
            carried(
                [
                    encode_piece(on, what, b"" if it is None else json.dumps(it).encode())
                    for on, what, it in pieces
                ]
            )
        )

    async def attach(self, here: Doors, channel: int, session: str) -> dict[str, Any]:
        ticket = here.ticket("p_eve", session=session)
        first = {"type": "attach", "v": 1, "ticket": ticket, "producer": f"w_{channel}"}
        await self.say((channel, OPENS, first))
        return await self.until(channel, "attached")

    async def until(self, channel: int, kind: str) -> dict[str, Any]:
        """The next envelope of that type on the channel; others before it are forgotten."""
        async with asyncio.timeout(WAIT_S):
            while True:
                waiting = self.got.setdefault(channel, [])
                while waiting:
                    if (envelope := waiting.pop(0))["type"] == kind:
                        return envelope
                await self._next()

    async def closed(self) -> int:
        async with asyncio.timeout(WAIT_S):
            while not self.socket.closed:
                message = await self.socket.receive()
                if message.type is WSMsgType.TEXT:
                    self.got.setdefault(0, []).append(json.loads(message.data))
        return int(self.socket.close_code or 0)

    async def _next(self) -> None:
        message = await self.socket.receive()
        if message.type is WSMsgType.TEXT:
            self.got.setdefault(0, []).append(json.loads(message.data))
            return
        assert message.type is WSMsgType.BINARY, self.got
        for channel, what, envelope in decode_carried(message.data):
            said = {"type": "ends"} if what == ENDS else json.loads(envelope)
            self.got.setdefault(channel, []).append(said)


def words(sequence: int, text: str) -> dict[str, Any]:
    command = {"type": "post_message", "message": f"m_{text}", "parts": [{"text": text}]}
    return {"type": "do", "seq": sequence, "commands": [command]}


async def test_sessions_on_one_connection_do_not_hear_each_other() -> None:
    async with doors(sessions=(SHOP, INN)) as here, Carrying.at(here) as worker:
        shop = await worker.attach(here, 1, "s_shop")
        inn = await worker.attach(here, 2, "s_inn")
        assert (shop["session"], inn["session"]) == ("s_shop", "s_inn")
        assert shop["connection"] != inn["connection"]
        await worker.say((1, TEXT, words(1, "bread")), (2, TEXT, words(1, "beds")))
        for channel, text in ((1, "bread"), (2, "beds")):
            said = await worker.until(channel, "events")
            assert [event["message"] for event in said["events"]] == [f"m_{text}"]
        assert len(here.hall) == 3


async def test_a_channel_needs_no_beats_of_its_own() -> None:
    async with doors(sessions=(SHOP,)) as here, Carrying.at(here) as worker:
        assert (await worker.attach(here, 1, "s_shop"))["beat_ms"] == BEAT_MS


async def test_when_the_connection_is_gone_so_are_its_sessions() -> None:
    async with doors(sessions=(SHOP,)) as here, Page.at(here) as ada:
        async with Carrying.at(here) as worker:
            await ada.attach(here.ticket(session="s_shop"))
            attached = await worker.attach(here, 1, "s_shop")
        assert (await ada.told("attachment_away"))["attachment"] == attached["attachment"]


async def test_a_channel_ends_alone_and_what_was_on_its_way_is_ignored() -> None:
    async with doors(sessions=(SHOP, INN)) as here, Page.at(here) as ada, Carrying.at(here) as worker:
        await ada.attach(here.ticket(session="s_shop"))
        attached = await worker.attach(here, 1, "s_shop")
        await worker.attach(here, 2, "s_inn")
        await worker.say((1, ENDS, None), (1, TEXT, words(1, "late")), (1, ENDS, None))
        assert (await ada.told("attachment_away"))["attachment"] == attached["attachment"]
        await worker.say((2, TEXT, words(1, "beds")))
        await worker.until(2, "acks")
        assert worker.got.get(1, []) == []


async def test_the_hub_ends_a_channel_after_its_last_word_and_no_other() -> None:
    async with doors(sessions=(SHOP, INN)) as here, Carrying.at(here) as worker:
        await worker.attach(here, 2, "s_inn")
        await worker.attach(here, 1, "s_shop")
        await worker.say((1, TEXT, {"type": "detach"}))
        assert (await worker.until(1, "closing"))["reason"] == "detached"
        await worker.until(1, "ends")
        await worker.say((2, TEXT, words(1, "beds")))
        await worker.until(2, "acks")


async def test_a_channel_that_makes_no_sense_costs_itself_alone() -> None:
    async with doors(sessions=(SHOP,)) as here, Carrying.at(here) as worker:
        await worker.attach(here, 1, "s_shop")
        await worker.say((2, OPENS, {"type": "nonsense"}))
        assert (await worker.until(2, "closing"))["reason"] == "malformed"
        await worker.say((3, OPENS, words(1, "before anything")))
        assert (await worker.until(3, "closing"))["code"] == 4000
        await worker.say((1, TEXT, words(1, "bread")))
        await worker.until(1, "acks")


async def test_a_noisy_session_is_refused_and_its_neighbour_is_not() -> None:
    """400 batches at once are too many for one connection, and for one channel."""
    async with doors(sessions=(SHOP, INN)) as here, Carrying.at(here) as worker:
        await worker.attach(here, 1, "s_shop")
        await worker.attach(here, 2, "s_inn")
        await worker.say(
            *((1, TEXT, words(1, f"{number}")) for number in range(500)), (2, TEXT, words(1, "beds"))
        )
        await worker.until(2, "acks")
        assert {each["reason"] for each in worker.got[1] if each["type"] == "refused"} >= {"too_fast"}


async def test_a_worker_that_opens_a_channel_twice_is_wrong() -> None:
    async with doors(sessions=(SHOP,)) as here, Carrying.at(here) as worker:
        await worker.attach(here, 1, "s_shop")
        await worker.say((1, OPENS, {"type": "attach"}))
        assert await worker.closed() == 4000


async def test_what_is_no_carried_envelope_is_refused_as_any_that_makes_no_sense() -> None:
    async with doors() as here, Carrying.at(here) as worker:
        await worker.socket.send_bytes(b"\x01\x10\x00\x00\x00")
        refused = await worker.until(0, "refused")
        assert (refused["reason"], refused["field"]) == ("malformed", "carried")


async def test_who_is_in_a_session_has_no_channels() -> None:
    async with doors() as here, Page.attached(here) as ada:
        await ada.socket.send_bytes(carried([encode_piece(1, BINARY, bytes(16))]))
        refused = await ada.until("refused")
        assert (refused["reason"], refused["field"]) == ("malformed", "audio")


async def test_a_node_that_stops_tells_each_session_by_its_channel() -> None:
    async with doors(sessions=(SHOP,)) as here, Carrying.at(here) as worker:
        await worker.attach(here, 1, "s_shop")
        here.hall.drain(100)
        assert (await worker.until(1, "draining"))["nodes"] == ["https://hub.example"]
        await worker.until(0, "draining")
        await worker.say((1, TEXT, words(1, "bread")))
        await worker.until(1, "acks")
