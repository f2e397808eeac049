"""SSE and long-poll, with and without proxies in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, TCPConnector

from tests.signaling.doors import WAIT_S, Doors, Page, doors
from tests.support.http_proxies import buffering, cutting_idle

POST = {"type": "post_message", "message": "m_1", "parts": [{"text": "by post"}]}


def first(here: Doors, participant: str = "p_ada") -> dict[str, object]:
    return {"type": "attach", "v": 1, "ticket": here.ticket(participant), "producer": "w_1"}


class Stream:
    """A client of SSE."""

    def __init__(self, client: ClientSession, url: str, answer: ClientResponse) -> None:
        self._client = client
        self._url = url
        self._answer = answer
        self.connection = ""
        self.number = 0
        self.beats = 0
        self.kinds = set[str]()
        """The types of all that came."""

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str, envelope: object) -> AsyncIterator[Stream]:
        async with ClientSession() as client, client.post(f"{url}/v1/attach", json=envelope) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/event-stream"
            yield cls(client, url, answer)

    async def next(self) -> dict[str, Any]:
        """The next envelope; beats are counted on the way."""
        number = 0
        while True:
            line = await asyncio.wait_for(self._answer.content.readline(), WAIT_S)
            assert line, "the stream ended"
            if line.startswith(b":"):
                self.beats += 1
            elif line.startswith(b"id:"):
                number = int(line[3:])
            elif line.startswith(b"data:"):
                assert number == self.number + 1, "numbers are dense"
                self.number = number
                envelope: dict[str, Any] = json.loads(line[5:])
                self.kinds.add(envelope["type"])
                if envelope["type"] == "attached":
                    self.connection = envelope["connection"]
                return envelope

    async def until(self, kind: str) -> dict[str, Any]:
        while (envelope := await self.next())["type"] != kind:
            pass
        return envelope

    async def beat(self) -> None:
        """Wait for a beat."""
        while not (await asyncio.wait_for(self._answer.content.readline(), WAIT_S)).startswith(b":"):
            pass

    async def up(self, *envelopes: object) -> int:
        return await up(self._client, self._url, self.connection, *envelopes)


async def up(client: ClientSession, url: str, connection: str, *envelopes: object) -> int:
    headers = {"Authorization": f"Bearer {connection}"}
    async with client.post(f"{url}/v1/up", json=list(envelopes), headers=headers) as answer:
        return answer.status


async def poll(client: ClientSession, url: str, connection: str, after: int, wait_ms: int = 5_000) -> Any:
    headers = {"Authorization": f"Bearer {connection}"}
    body = {"connection": connection, "after": after, "wait_ms": wait_ms}
    async with client.post(f"{url}/v1/poll", json=body, headers=headers) as answer:
        return await answer.json() | {"status": answer.status}


async def test_a_stream_carries_what_a_socket_does() -> None:
    async with (
        doors() as here,
        Stream.at(here.url, first(here)) as stream,
        Page.attached(here, "p_bob") as bob,
    ):
        attached = await stream.until("attached")
        assert attached["participant"] == "p_ada"
        assert await stream.up({"type": "do", "seq": 1, "commands": [POST]}, {"type": "ping", "n": 4}) == 200
        assert (await bob.told("message_posted"))["parts"] == [{"text": "by post"}]
        for kind in ("events", "acks"):  # in whatever order, and whatever else there is between them
            while kind not in stream.kinds:
                await stream.next()


async def test_a_stream_beats_each_second_when_there_is_nothing_to_say() -> None:
    async with doors() as here, Stream.at(here.url, first(here)) as stream:
        await stream.until("attached")
        await stream.beat()


async def test_a_poll_goes_on_where_the_stream_was() -> None:
    async with doors() as here, ClientSession() as client:
        async with Stream.at(here.url, first(here)) as stream:
            await stream.until("attached")
            connection, number = stream.connection, stream.number
        assert await up(client, here.url, connection, {"type": "do", "seq": 1, "commands": [POST]}) == 200
        kinds: list[str] = []
        while "acks" not in kinds:
            page = await poll(client, here.url, connection, number)
            kinds += [envelope["type"] for envelope in page["envelopes"]]
            number = page["after"]


async def test_a_poll_whose_answer_was_lost_gets_it_again() -> None:
    async with doors() as here, ClientSession() as client:
        page = await _attached_by_poll(client, here, here.url)
        connection = page["envelopes"][0]["connection"]
        again = await poll(client, here.url, connection, 0)
        assert again["envelopes"][0]["type"] == "attached"
        assert (await poll(client, here.url, connection, 99, 0))["status"] == 410


async def test_behind_a_proxy_that_buffers_polling_works_while_no_stream_passes() -> None:
    async with doors() as here, buffering(here.port) as proxy, ClientSession() as client:
        url = f"http://127.0.0.1:{proxy.port}"
        stream = asyncio.create_task(_first_line(client, url, first(here)))
        done, _ = await asyncio.wait([stream], timeout=2.0)  # the clients' rule: no beat for 2 s
        assert not done
        stream.cancel()
        page = await _attached_by_poll(client, here, url)
        connection, after = page["envelopes"][0]["connection"], page["after"]
        assert await up(client, url, connection, {"type": "do", "seq": 1, "commands": [POST]}) == 200
        kinds: list[str] = []
        while not {"acks", "events"} <= set(kinds):
            page = await poll(client, url, connection, after)
            kinds += [envelope["type"] for envelope in page["envelopes"]]
            after = page["after"]


async def test_a_proxy_that_cuts_what_is_idle_never_finds_a_stream_idle() -> None:
    async with doors() as here, cutting_idle(here.port, 1.6) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        async with Stream.at(url, first(here)) as stream:
            await stream.until("attached")
            for _ in range(3):
                await stream.beat()
            assert proxy.cuts == 0


async def test_a_poll_that_such_a_proxy_cut_is_asked_again_and_misses_nothing() -> None:
    async with (
        doors() as here,
        cutting_idle(here.port, 1.0) as proxy,
        ClientSession(connector=TCPConnector(force_close=True)) as client,
    ):
        url = f"http://127.0.0.1:{proxy.port}"
        page = await _attached_by_poll(client, here, url)
        connection, after = page["envelopes"][0]["connection"], page["after"]
        kinds: list[str] = []
        cuts = 0
        while "acks" not in kinds:
            try:
                page = await poll(client, url, connection, after)
            except ClientError:
                cuts += 1
                assert await up(client, url, connection, {"type": "do", "seq": 1, "commands": [POST]}) == 200
                continue
            kinds += [envelope["type"] for envelope in page["envelopes"]]
            after = page["after"]
        assert cuts > 0
        assert kinds.count("acks") == 1


async def test_a_connection_that_is_not_known_is_refused() -> None:
    async with doors() as here, ClientSession() as client:
        assert await up(client, here.url, "c_nobody", {"type": "ping"}) == 401
        assert (await poll(client, here.url, "c_nobody", 0))["status"] == 401


async def test_a_stream_that_is_refused_says_why_and_ends() -> None:
    async with (
        doors() as here,
        Stream.at(here.url, {"type": "attach", "v": 1, "ticket": "no", "producer": "w"}) as stream,
    ):
        closing = await stream.until("closing")
        assert (closing["code"], closing["reason"]) == (4001, "ticket_refused")


async def _first_line(client: ClientSession, url: str, envelope: object) -> bytes:
    async with client.post(f"{url}/v1/attach", json=envelope) as answer:
        return await answer.content.readline()


async def _attached_by_poll(client: ClientSession, here: Doors, url: str) -> Any:
    headers = {"Accept": "application/json"}
    async with client.post(f"{url}/v1/attach", json=first(here), headers=headers) as answer:
        assert answer.content_type == "application/json"
        page = await answer.json()
        assert page["envelopes"][0]["type"] == "attached"
        return page
