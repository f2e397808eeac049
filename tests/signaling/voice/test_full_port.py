"""A node whose port loses what callers say takes no new calls, and says so; who has a call there may call again."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from hub.metrics import Metrics
from legato.client import Client
from signaling.voice.minding import minding
from tests.signaling.test_serving import node, ticket
from tests.signaling.voice.test_dialling import hub, phone
from tests.support.call_peer import CallPeer
from tests.support.call_sockets import HOST, PeerSocket, call_port, deafen, flood, settled
from tests.support.checks import check

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a socket lost")


async def test_it_is_silent_to_new_calls_by_ticket() -> None:
    async with hub() as here, phone(here) as one:
        here.voice.known.clear()
        deafen(here.port)
        await settled(here.port)
        one.send(one.peer.check())
        await settled(here.port)
        assert here.port.stats().calls == 0
        assert one.received == []


async def test_who_has_a_call_here_may_come_back_by_ticket() -> None:
    async with hub() as here, phone(here) as one:
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        deafen(here.port)
        await settled(here.port)
        key = f"{one.peer.hub_ufrag}:another"
        with PeerSocket((HOST, here.port.port)) as page:
            page.send(check(key, one.peer.hub_password, os.urandom(12)))
            await settled(here.port)
        assert here.port.mux.checked(key) is not None


async def test_it_says_so_in_the_log_and_the_counters_and_that_it_is_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("signaling.voice.minding.MIND_S", 0.0)
    caplog.set_level(logging.WARNING, "legato.voice")
    metrics = Metrics()
    async with call_port() as port:
        task = asyncio.get_running_loop().create_task(minding(port, metrics))
        while not port.full:
            flood(port)
            await asyncio.sleep(0)
        assert b"legato_calls_full 1.0" in metrics.expose()
        while port.full:  # noqa: ASYNC110 - the log is what tells, and it is asked after
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert b"legato_calls_full 0.0" in metrics.expose()
    assert b"legato_calls_lost_total 0.0" not in metrics.expose()
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


@pytest.mark.store
@pytest.mark.timeout(120)
async def test_an_offer_is_told_to_try_elsewhere_or_later_unless_its_attachment_has_a_call_here(
    socket_folder: Path,
) -> None:
    async with (
        node(socket_folder) as here,
        ClientSession() as http,
        Client(here.url, ticket=ticket(here)) as one,
        Client(here.url, ticket=ticket(here)) as two,
    ):

        async def offered(page: Client) -> tuple[int, str, dict[str, Any]]:
            assert page.attached is not None
            headers = {"Authorization": f"Bearer {page.attached.connection}"}
            path = f"{here.url}/v1/sessions/s_1/calls"
            async with http.post(path, json={"sdp": CallPeer().offer()}, headers=headers) as answer:
                said = await answer.json()
                return answer.status, answer.headers.get("Retry-After", ""), said.get("error", {})

        assert (await offered(one))[0] == 201
        deafen(here.voice.door.port)
        status, after, error = await offered(two)
        assert (status, after, error["reason"], error["field"]) == (503, "10", "overloaded", "calls")
        assert (await offered(one))[0] == 201
        async with http.get(f"{here.url}/readyz") as answer:
            assert (answer.status, (await answer.json())["reason"]) == (503, "overloaded")
