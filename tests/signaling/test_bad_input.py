"""What a hostile or broken client sends, over real sockets: a clear answer, no traceback, and nobody else's trouble.

Every test runs beside an innocent page that must go on being served, and ends by looking at the log.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession

from signaling.gate import GateLimits
from tests.signaling.doors import PATIENT, WAIT_S, Doors, Page, doors

DEEP = "[" * 40 + "]" * 40

NO_JSON = {
    "nothing": "",
    "words": "hello",
    "half": '{"type":"attach"',
    "two": '{"type":"ping"}{"type":"ping"}',
    "not a number": '{"type":"ping","n":NaN}',
    "infinite": '{"type":"ping","n":1e999}',
    "huge": '{"type":"ping","n":' + "9" * 400 + "}",
    "beyond 2^53": '{"type":"ping","n":9007199254740993}',
    "twice": '{"type":"ping","type":"detach"}',
    "lone surrogate": '{"type":"signal","name":"x","data":"\\ud800"}',
    "deep": '{"type":"signal","name":"x","data":' + DEEP + "}",
    "very deep": "[" * 30_000,
    "noise": "\x00\x01\x02",
}

NONSENSE: dict[str, Any] = {
    "a list": [],
    "a number": 5,
    "no type": {"seq": 1},
    "a type that is a list": {"type": ["do"]},
    "seq a text": {"type": "do", "seq": "one", "commands": []},
    "seq 0": {"type": "do", "seq": 0, "commands": [{"type": "leave"}]},
    "seq below": {"type": "do", "seq": -5, "commands": [{"type": "leave"}]},
    "seq a fraction": {"type": "do", "seq": 1.5, "commands": []},
    "attach again": {"type": "attach", "v": 1, "ticket": "x", "producer": "w"},
    "work": {"type": "work", "v": 1, "ticket": "x", "name": "n", "worker": "k"},
    "capacity": {"type": "capacity", "free": 3},
    "a signal without a name": {"type": "signal", "name": "", "data": 1},
    "a private signal": {"type": "signal", "name": "_here", "data": {"attachment": "x", "node": "y"}},
    "a signal too large": {"type": "signal", "name": "x", "data": "y" * 5_000},
    "history of nothing": {"type": "history", "id": 1, "limit": 0},
    "credit below": {"type": "credit", "events": -1},
}

BATCHES: dict[str, tuple[Any, str]] = {
    "no command": ([], "malformed"),
    "too many": ([{"type": "leave"}] * 65, "too_large"),
    "unknown": ([{"type": "fly"}], "unknown_command"),
    "no type": ([{}], "malformed"),
    "not an object": ([7], "malformed"),
    "a role of one's own": (
        [{"type": "post_message", "message": "m", "parts": [{"kind": "shell"}]}],
        "malformed",
    ),
    "no id": ([{"type": "post_message", "message": "../x", "parts": [{"text": "x"}]}], "malformed"),
    "an agent's work": ([{"type": "start_response", "response": "r_1"}], "not_allowed"),
    "too long": ([{"type": "post_message", "message": "m", "parts": [{"text": "x" * 50_000}]}], "too_large"),
    "what is not there": ([{"type": "end_message", "message": "m_nobody"}], "not_found"),
}


@pytest.fixture(autouse=True)
def nothing_is_logged_but_words(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Bad input is no error of ours: no traceback, nothing above a warning."""
    with caplog.at_level(logging.INFO):
        yield
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]


@asynccontextmanager
async def beside_an_innocent_page(**options: Any) -> AsyncIterator[Doors]:
    """Doors, and a page that says something before and after; both are in the log, once."""
    async with doors(**options) as here, Page.attached(here, "p_innocent") as page:
        beating = asyncio.create_task(_beat(page))
        await page.acked(await page.post("before", "m_before"))
        yield here
        await page.acked(await page.post("after", "m_after"))
        async with Page.attached(here, "p_late") as late:
            entries = late.got[0]["snapshot"]["entries"]
            assert {"m_before", "m_after"} <= entries.keys()
        beating.cancel()


async def _beat(page: Page) -> None:
    while True:
        await page.send({"type": "ping"})
        await asyncio.sleep(0.5)


@pytest.mark.parametrize("raw", NO_JSON.values(), ids=NO_JSON.keys())
async def test_what_is_no_json_closes_its_connection_with_4000(raw: str) -> None:
    async with beside_an_innocent_page() as here:
        for attached in (False, True):
            async with Page.at(here) as page:
                if attached:
                    await page.attach(here.ticket())
                await page.send(raw)
                assert await page.closed() == 4000
                assert page.got[-1]["type"] == "closing"
                assert page.got[-1]["reason"] == "malformed"


async def test_envelopes_that_make_no_sense_are_refused_and_the_connection_goes_on() -> None:
    async with beside_an_innocent_page() as here, Page.attached(here) as page:
        for envelope in list(NONSENSE.values())[:15]:
            await page.send(envelope)
            refused = await page.until("refused")
            assert refused["seq"] == 0
            assert refused["reason"] in ("malformed", "wrong_order", "too_large")
        await page.acked(await page.post("still here"))


async def test_many_of_them_close_it() -> None:
    async with beside_an_innocent_page() as here, Page.attached(here) as page:
        for envelope in list(NONSENSE.values()) * 3:
            await page.send(envelope)
        assert await page.closed() == 4000


@pytest.mark.parametrize("envelope", NONSENSE.values(), ids=NONSENSE.keys())
async def test_before_a_client_is_in_nonsense_closes_at_once(envelope: object) -> None:
    first = isinstance(envelope, dict) and envelope.get("type") in ("attach", "work")
    code = 4001 if first else 4000  # a first envelope, though its ticket is none
    async with doors() as here, Page.at(here) as page:
        await page.send(envelope)
        assert await page.closed() == code


@pytest.mark.parametrize(("commands", "reason"), BATCHES.values(), ids=BATCHES.keys())
async def test_a_batch_that_makes_no_sense_is_refused_under_its_sequence(commands: Any, reason: str) -> None:
    async with beside_an_innocent_page() as here, Page.attached(here) as page:
        for _ in range(2):  # a retry is refused alike
            await page.send({"type": "do", "seq": 1, "commands": commands})
            refused = await page.until("refused")
            assert (refused["seq"], refused["reason"]) == (1, reason)
        page.sequence = 1
        await page.acked(await page.post("the next one"))


async def test_envelopes_of_types_that_nobody_knows_are_ignored() -> None:
    async with doors() as here, Page.attached(here) as page:
        await page.send({"type": "from_the_future", "deep": {"er": [1, 2, 3]}})
        await page.acked(await page.post("fine"))


async def test_one_byte_too_many_closes_with_1009() -> None:
    async with beside_an_innocent_page() as here, Page.attached(here) as page:
        await page.send('{"type":"ping"' + " " * 70_000 + "}")
        assert await page.closed() == 1009


async def test_noise_in_binary_envelopes_is_refused(run_seed: int) -> None:
    random = Random(run_seed)
    async with beside_an_innocent_page() as here, Page.attached(here) as page:
        for size in (0, 1, 15, 16, 17, 400):
            await page.socket.send_bytes(random.randbytes(size))
            assert (await page.until("refused"))["field"] == "audio"
        await page.acked(await page.post("still here"))


async def test_bytes_that_are_no_websocket_end_their_own_connection(run_seed: int) -> None:
    random = Random(run_seed)
    # Some of it is the beginning of a frame that never ends: then the time for a first envelope is what ends it.
    async with beside_an_innocent_page(limits=replace(PATIENT, setup_ms=5_000)) as here:
        for _ in range(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
            writer.write(
                b"GET /v1/connect HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
                + random.randbytes(300)
            )
            async with asyncio.timeout(WAIT_S):
                assert (await reader.read(1_000)).startswith(b"HTTP/1.1 101")
                while await reader.read(1_000):
                    pass
            writer.close()


async def test_noise_instead_of_http_gets_a_typed_error_or_silence(run_seed: int) -> None:
    random = Random(run_seed)
    async with beside_an_innocent_page() as here:
        heads = [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 500 + b"\r\n",
            b"GET / HTTP/1.1\r\nA: " + b"b" * 20_000 + b"\r\n\r\n",
            b"POST /v1/attach HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            b"POST /v1/attach HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
            b"GET /\x00 HTTP/1.1\r\n\r\n",
            *(random.randbytes(200) + b"\r\n\r\n" for _ in range(10)),
        ]
        for head in heads:
            reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
            writer.write(head)
            async with asyncio.timeout(WAIT_S):
                answer = await reader.read(4_096)
            assert not answer or answer.split()[1][:1] == b"4", answer[:100]
            assert b"Traceback" not in answer
            writer.close()


async def test_bodies_that_are_too_large_or_no_json_get_typed_errors() -> None:
    async with beside_an_innocent_page() as here, ClientSession() as client:
        for raw, status, reason in (
            (b"x" * 70_000, 413, "too_large"),
            (b"{", 400, "malformed"),
            (DEEP.encode(), 400, "malformed"),
            (b'{"title": 5}', 400, "malformed"),
            (b'{"title": "x", "titel": "y"}', 400, "malformed"),
        ):
            headers = {
                "Authorization": f"Bearer {here.ticket('p_boss', 'supervisor', '*')}",
                "Content-Type": "application/json",
            }
            async with client.post(f"{here.url}/v1/sessions", data=raw, headers=headers) as answer:
                assert answer.status == status
                assert (await answer.json())["error"]["reason"] == reason


async def test_a_head_or_a_body_that_does_not_come_is_not_waited_for() -> None:
    gate = GateLimits(header_ms=1_500)
    async with beside_an_innocent_page(gate=gate) as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        async with asyncio.timeout(WAIT_S):
            with suppress(ConnectionError):
                assert not await reader.read(100)
        writer.close()


@pytest.mark.timeout(120)
async def test_two_thousand_half_open_sockets_do_not_keep_an_honest_page_out() -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert limit > 5_000, "this test needs descriptors"
    async with beside_an_innocent_page() as here:
        opened = [await asyncio.open_connection("127.0.0.1", here.port) for _ in range(2_000)]
        for _, writer in opened[::2]:
            writer.write(b"GET /v1/conn")
        async with Page.attached(here) as page:
            await page.acked(await page.post("I got in"))
        for _, writer in opened:
            writer.close()


async def test_a_flood_of_batches_is_told_to_wait_and_what_was_acknowledged_is_there() -> None:
    limits = replace(PATIENT, batches_a_second=1)
    async with beside_an_innocent_page(limits=limits) as here, Page.attached(here) as page:
        change = {"type": "change_activity", "activity": "idle"}
        for sequence in range(1, 600):
            await page.send({"type": "do", "seq": sequence, "commands": [change]})
        await page.send({"type": "ping", "n": 1})
        await page.until("pong", lambda each: each.get("n") == 1)
        reasons = {each["reason"] for each in page.got if each["type"] == "refused"}
        assert "too_fast" in reasons
        assert reasons <= {"too_fast", "sequence_gap"}
        slow = next(each for each in page.got if each.get("reason") == "too_fast")
        assert slow["retry_after_ms"] > 0


async def test_a_flood_of_questions_closes() -> None:
    async with beside_an_innocent_page() as here, Page.attached(here) as page:
        for number in range(200):
            await page.send({"type": "history", "id": number})
        assert await page.closed() == 4029
        assert page.got[-1]["retry_after_ms"] > 0


async def test_random_paths_and_methods_get_typed_errors(run_seed: int) -> None:
    random = Random(run_seed)
    async with beside_an_innocent_page() as here, ClientSession() as client:
        for _ in range(60):
            path = "/" + "/".join(
                random.choice(["v1", "sessions", "..", "%00", "s_1", "a" * 300]) for _ in range(4)
            )
            method = random.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "TRACE"])
            try:
                async with client.request(method, here.url + path, data=os.urandom(50)) as answer:
                    assert 400 <= answer.status < 500
                    if method != "HEAD":
                        assert json.loads(await answer.read())["error"]["reason"]
            except ClientError:
                pass  # an URL that the client itself does not send


async def test_a_first_envelope_that_never_comes_closes_with_4008() -> None:
    async with doors(limits=replace(PATIENT, setup_ms=200)) as here, Page.at(here) as page:
        assert await page.closed() == 4008
        message = page.got[-1]
        assert (message["reason"], message["detail"]) == ("timed_out", "opening")
