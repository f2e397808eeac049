"""Who waits for a person keeps their place: over a kill of the node, and when whoever it was kept for does not come."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

import legato
from hub.keys.signer import TicketSigner
from legato.session import commands as c
from legato.session.tickets import ANY_SESSION
from signaling.cli.tickets import signer_here
from tests.e2e.minting import created, ticket_for
from tests.support.processes import QUIET, Tree, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

PATIENCE_S = 60.0


async def queue(http: aiohttp.ClientSession, hub: Tree, signer: TicketSigner) -> list[dict[str, Any]]:
    """Who waits, who is next first."""
    headers = {"Authorization": f"Bearer {ticket_for(signer, ANY_SESSION, 'p_boss', 'supervisor')}"}
    async with http.get(f"{hub.url}/v1/queue", headers=headers) as answer:
        answer.raise_for_status()
        rows: list[dict[str, Any]] = (await answer.json())["sessions"]
        return rows


async def asked(hub: Tree, signer: TicketSigner, session: str, priority: int) -> None:
    """An operator asks for a person to answer there."""
    async with legato.Client(hub.url, ticket=ticket_for(signer, session, "p_desk", "operator")) as desk:
        await desk.do(c.RequestHuman(request=f"q_{session}", reason="refund", priority=priority))


def places(rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """The sessions in their order, and since when each waits."""
    return [(row["session"], row["waiting"]["since"]) for row in rows]


async def until(
    http: aiohttp.ClientSession,
    hub: Tree,
    signer: TicketSigner,
    condition: Callable[[list[dict[str, Any]]], bool],
) -> list[dict[str, Any]]:
    """The queue as soon as it is so: it is an index, and a moment behind the sessions."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            rows = await queue(http, hub, signer)
            if condition(rows):
                return rows
            await asyncio.sleep(0.5)


def free(rows: list[dict[str, Any]]) -> bool:
    """Whether all wait, and none is kept for anybody."""
    return len(rows) == 3 and not any(row["waiting"].get("reserved_for") for row in rows)


async def test_who_waits_keeps_their_place_though_the_node_is_killed_and_nobody_comes_for_them() -> None:
    async with running("serve", *QUIET) as hub, aiohttp.ClientSession() as http:
        signer = await signer_here(hub.folder, os.environ)
        first, urgent, last = [await created(http, hub.url, signer) for _ in range(3)]
        async with legato.Client(hub.url, ticket=ticket_for(signer, urgent, "p_ada")) as ada:
            for session, priority in ((first, 0), (urgent, 5), (last, 0)):
                await asked(hub, signer, session, priority)
            await ada.until(lambda state: state.asking is not None, PATIENCE_S)
            before = places(await until(http, hub, signer, free))
            assert [session for session, _ in before] == [urgent, first, last]
            olga = ticket_for(signer, urgent, "p_olga", "operator")
            async with legato.Client(hub.url, ticket=olga) as operator:
                await operator.do(c.ReserveSession(request=f"q_{urgent}"))
                node = await hub.kill("node")
                await hub.replaced("node", node)
                rows = await until(http, hub, signer, lambda rows: len(rows) == 3)
                assert places(rows) == before
                assert rows[0]["waiting"]["reserved_for"] == "p_olga"
                rows = await until(http, hub, signer, free)
                assert places(rows) == before
                assert rows[0]["waiting"]["passed"] == ["p_olga"]
                await operator.take_over()
                await ada.until(lambda state: state.responder == "p_olga", PATIENCE_S)
                assert ada.state.asking is None
            rows = await until(http, hub, signer, lambda rows: len(rows) == 2)
            assert [session for session, _ in places(rows)] == [first, last]
