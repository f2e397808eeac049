"""All calls of a tool and all notices under way are with who is to hear them at once, and what waits was not sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web

from hub.node.errands import AT_ONCE, Came
from hub.node.notifying import AT_ONCE as NOTICES
from hub.node.registered import HubTool
from signaling.callees import Callee, Callees
from signaling.outside import NoAnswer, Outside
from tests.signaling.doors import WAIT_S
from tests.signaling.test_callees import KEY, ONCE, there


@asynccontextmanager
async def charging(port: int) -> AsyncIterator[Callees]:
    callees = Callees([Callee(HubTool("charge"), f"http://127.0.0.1:{port}/", KEY, True)], lambda: 0.0)
    try:
        yield callees
    finally:
        await callees.close()


async def no_progress(text: str, step: int, steps: int) -> None:
    raise AssertionError


@asynccontextmanager
async def slow(together: int) -> AsyncIterator[int]:
    """The port of a callee that answers nobody before so many are there."""
    barrier = asyncio.Barrier(together)

    async def answered(_: web.BaseRequest) -> web.StreamResponse:
        await barrier.wait()
        return web.json_response("slow")

    runner = web.ServerRunner(web.Server(answered, handler_cancellation=True), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_as_many_calls_as_a_node_has_under_way_are_with_a_slow_callee_at_once() -> None:
    async with slow(AT_ONCE) as port, charging(port) as callees:
        calls = [callees.call(replace(ONCE, key=f"tool_{n}"), WAIT_S, no_progress) for n in range(AT_ONCE)]
        assert await asyncio.gather(*calls) == [Came("finished", '"slow"')] * AT_ONCE


async def test_as_many_notices_as_a_node_tries_at_once_are_with_a_slow_receiver() -> None:
    outside = Outside(private=True)
    async with slow(NOTICES) as port:
        told = (outside.post(f"http://127.0.0.1:{port}/", b"{}", {}) for _ in range(NOTICES))
        assert await asyncio.gather(*told) == [200] * NOTICES
    await outside.close()


async def test_of_a_call_whose_time_is_over_before_it_was_sent_it_is_known_that_it_was_not_done() -> None:
    async with there("hang") as callee, charging(callee.port) as callees:
        held = [asyncio.create_task(callees.call(ONCE, 600.0, no_progress)) for _ in range(AT_ONCE)]
        async with asyncio.timeout(WAIT_S):
            while len(callee.got) < AT_ONCE:
                callee.came.clear()
                await callee.came.wait()
        late = await callees.call(replace(ONCE, key="tool_late"), 0.3, no_progress)
        assert late.outcome == "failed"
        assert len(callee.got) == AT_ONCE
        for each in held:
            each.cancel()
        await asyncio.gather(*held, return_exceptions=True)


async def test_a_wait_for_a_connection_ends_and_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.outside.REACH_S", 0.2)
    outside = Outside(private=True, at_once=1)
    async with there("hang") as callee:
        url = f"http://127.0.0.1:{callee.port}/"
        reached: list[str] = []

        async def asked(who: str) -> None:
            async with outside.ask(url, b"", {}, lambda: reached.append(who)):
                pass

        first = asyncio.create_task(asked("first"))
        await asyncio.wait_for(callee.came.wait(), WAIT_S)
        with pytest.raises(NoAnswer) as silence:
            async with asyncio.timeout(WAIT_S):
                await asked("second")
        assert (silence.value.sent, silence.value.never, reached) == (False, False, ["first"])
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await outside.close()
