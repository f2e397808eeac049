"""Two nodes on one store are one hub, also for who may come back and who must go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hub.keys.wrapped import MemoryKeys
from hub.store.model import ModelServer
from tests.signaling.doors import ClientKey, Doors, Page, doors


@asynccontextmanager
async def two_nodes() -> AsyncIterator[tuple[Doors, Doors]]:
    """The doors of two nodes."""
    keys = MemoryKeys()
    async with (
        doors(keys=keys) as one,
        doors(keys=keys, server=one.server, name="n2", sessions=()) as two,
    ):
        yield one, two


async def resumed(page: Page, resume: dict[str, Any], key: ClientKey, **more: Any) -> dict[str, Any]:
    """Resume, and wait for the answer."""
    await asked_to_resume(page, resume, key, **more)
    return await page.until("attached")


async def asked_to_resume(page: Page, resume: dict[str, Any], key: ClientKey, **more: Any) -> None:
    """Ask to."""
    proof = key.proof(resume["nonce"])
    await page.send(
        {"type": "resume", "v": 1, "ticket": resume["ticket"], "producer": "w_1", "proof": proof, **more}
    )


async def kept(page: Page, resume: dict[str, Any]) -> None:
    """The page keeps that ticket, and the hub knows."""
    await page.send({"type": "kept", "ticket": resume["id"]})
    await page.send({"type": "ping", "n": 7})
    await page.until("pong", lambda each: each.get("n") == 7)


async def test_a_ticket_that_was_spent_on_one_node_is_spent_on_the_other() -> None:
    key = ClientKey()
    async with two_nodes() as (one, two), Page.attached(one, key=key.jwk) as page, Page.at(two) as moved:
        first = page.got[0]["resume"]
        following = (await resumed(moved, first, key))["resume"]
        await kept(moved, following)
        for node in (one, two):
            async with Page.at(node) as late:
                await asked_to_resume(late, first, key)
                assert await late.closed() == 4001
        async with Page.at(one) as back:
            assert (await resumed(back, following, key))["attachment"] == page.got[0]["attachment"]


async def test_both_nodes_give_the_same_next_ticket() -> None:
    key = ClientKey()
    async with (
        two_nodes() as (one, two),
        Page.attached(one, key=key.jwk) as page,
        Page.at(one) as here,
        Page.at(two) as there,
    ):
        first = page.got[0]["resume"]
        given = [(await resumed(each, first, key))["resume"]["id"] for each in (here, there)]
        assert given[0] == given[1] != first["id"]


async def test_a_ticket_that_was_spent_stays_so_when_the_node_starts_again() -> None:
    key, keys, server = ClientKey(), MemoryKeys(), None
    tickets: list[dict[str, Any]] = []
    async with doors(keys=keys) as here, Page.attached(here, key=key.jwk) as page, Page.at(here) as back:
        server = here.server
        tickets.append(page.got[0]["resume"])
        tickets.append((await resumed(back, tickets[0], key))["resume"])
        await kept(back, tickets[1])
    assert isinstance(server, ModelServer)
    async with doors(keys=keys, server=server, name="n2", sessions=()) as again:
        async with Page.at(again) as late:
            await asked_to_resume(late, tickets[0], key)
            assert await late.closed() == 4001
        async with Page.at(again) as late:
            assert (await resumed(late, tickets[1], key))["returning"]
