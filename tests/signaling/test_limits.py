"""The rows of PROTOCOL.md §14, over real sockets, beside an innocent page: `docs/bad-input.md` lists them all."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from aiohttp import ClientSession

from signaling.gate import GateLimits
from tests.signaling.doors import PATIENT, WAIT_S, Doors, Page, doors
from tests.signaling.test_bad_input import beside_an_innocent_page

QUIET = {"type": "change_activity", "activity": "idle"}


def text_of(envelope: object) -> str:
    return json.dumps(envelope)


def posted(texts: list[str]) -> dict[str, object]:
    parts = [{"text": text} for text in texts]
    return {"type": "do", "seq": 1, "commands": [{"type": "post_message", "message": "m_1", "parts": parts}]}


async def test_signals_beyond_the_rate_are_dropped_and_the_connection_goes_on() -> None:
    limits = replace(PATIENT, signals_a_second=1)
    async with (
        beside_an_innocent_page(limits=limits) as here,
        Page.attached(here) as page,
        Page.attached(here, "p_watcher") as watcher,
    ):
        for number in range(200):
            await page.send({"type": "signal", "name": "level", "data": number})
        await page.acked(await page.post("still here", "m_loud"))
        await watcher.told("message_posted")
        levels = [
            signal["data"]
            for envelope in watcher.got
            if envelope["type"] == "signals"
            for signal in envelope["signals"]
            if signal["name"] == "level"
        ]
        assert len(levels) < 100


async def test_a_text_at_its_limit_is_taken_and_one_character_more_is_refused() -> None:
    async with doors() as here:
        for size, kind in ((48 * 1024, "acks"), (48 * 1024 + 1, "refused")):
            async with Page.attached(here, f"p_{size}") as page:
                sent = posted(["x" * size])
                sent["commands"][0]["message"] = f"m_{size}"  # type: ignore[index]
                await page.send(sent)
                answer = await page.until(kind)
                assert kind == "acks" or answer["reason"] == "too_large"


async def test_an_open_message_grows_to_its_limit_and_no_further() -> None:
    async with beside_an_innocent_page() as here, Page.attached(here) as page:
        await page.send(
            {"type": "do", "seq": 1, "commands": [{"type": "start_message", "message": "m_long"}]}
        )
        await page.acked(1)
        for index in range(6):
            grow = {"type": "grow_message", "message": "m_long", "index": index, "text": "x" * 48_000}
            await page.send({"type": "do", "seq": 2 + index, "commands": [grow]})
        refused = await page.until("refused")
        assert (refused["seq"], refused["reason"]) == (7, "too_large")


async def test_text_beyond_the_rate_closes() -> None:
    limits = replace(PATIENT, bytes_a_second=1_000, bytes_at_once=100_000)
    async with beside_an_innocent_page(limits=limits) as here, Page.attached(here) as page:
        for number in range(8):
            await page.send({"type": "from_the_future", "n": number, "text": "x" * 20_000})
        assert await page.closed() == 4029


async def test_more_batches_in_flight_than_may_be_are_told_to_wait() -> None:
    limits = replace(PATIENT, in_flight=4)
    async with beside_an_innocent_page(limits=limits) as here, Page.attached(here) as page:
        batches = [{"type": "do", "seq": seq, "commands": [QUIET]} for seq in range(1, 200)]
        for batch in batches:
            await page.send(batch)
        await page.send({"type": "ping", "n": 1})
        await page.until("pong", lambda each: each.get("n") == 1)
        reasons = {each["reason"] for each in page.got if each["type"] == "refused"}
        assert "too_fast" in reasons
        assert reasons <= {"too_fast", "sequence_gap"}
        await page.acked(1)


async def test_participants_have_so_many_attachments_and_no_more() -> None:
    async with beside_an_innocent_page() as here:
        await attach_all(here, 16)


async def attach_all(here: Doors, most: int) -> None:
    """That many get in; the next is told that it is too many."""
    async with ClientSession() as client:
        sockets = []
        for number in range(most + 1):
            socket = await client.ws_connect(f"{here.url}/v1/connect", protocols=("legato.1",))
            sockets.append(socket)
            first = {"type": "attach", "v": 1, "ticket": here.ticket("p_many"), "producer": f"w_{number}"}
            await socket.send_str(text_of(first))
            answer = json.loads((await socket.receive(WAIT_S)).data)
            if number < most:
                assert answer["type"] == "attached"
            else:
                assert (answer["type"], answer["reason"]) == ("closing", "overloaded")
        for socket in sockets:
            await socket.close()


@pytest.mark.parametrize(
    ("labels", "status"),
    [
        ({"x" * 64: "y" * 256}, 201),
        ({f"l{number}": "y" for number in range(32)}, 201),
        ({f"l{number}": "y" for number in range(33)}, 413),
        ({"x": "y" * 257}, 413),
        ({"x" * 65: "y"}, 400),
    ],
)
async def test_labels_are_bounded(labels: dict[str, str], status: int) -> None:
    async with beside_an_innocent_page() as here, ClientSession() as client:
        headers = {"Authorization": f"Bearer {here.ticket('p_boss', 'supervisor', '*')}"}
        async with client.post(f"{here.url}/v1/sessions", json={"labels": labels}, headers=headers) as answer:
            assert answer.status == status, await answer.text()


async def test_a_body_that_pauses_too_long_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.http.access.BODY_S", 0.2)
    async with beside_an_innocent_page() as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        ticket = here.ticket("p_boss", "supervisor", "*")
        head = f"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ticket}\r\n"
        writer.write(head.encode() + b"Content-Type: application/json\r\nContent-Length: 40\r\n\r\n{")
        async with asyncio.timeout(WAIT_S):
            answer = await reader.read(4_096)
        assert answer.split()[1] == b"408"
        assert b"timed_out" in answer
        writer.close()


async def test_of_half_open_sockets_beyond_the_bound_the_oldest_goes() -> None:
    async with beside_an_innocent_page(gate=GateLimits(half_open=8, header_ms=PATIENT.setup_ms)) as here:
        opened = [await asyncio.open_connection("127.0.0.1", here.port) for _ in range(9)]
        async with asyncio.timeout(WAIT_S):
            assert await ended(opened[0][0])
        assert not opened[-1][0].at_eof()
        for _, writer in opened:
            writer.close()


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True
