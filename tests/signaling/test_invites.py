"""An invite that is good once: a link by which a session goes on, on one other device."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import ClientSession

from tests.signaling.doors import ClientKey, Doors, Page, doors
from tests.signaling.test_across_nodes import two_nodes


async def asked(here: Doors, ticket: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Ask for a ticket; status and answer."""
    headers = {"Authorization": f"Bearer {ticket}"}
    async with (
        ClientSession(headers=headers) as client,
        client.post(here.url + "/v1/tickets", json=body) as answer,
    ):
        return answer.status, await answer.json()


async def made(here: Doors) -> str:
    """An invite of Ada's, good once."""
    status, answer = await asked(here, here.ticket(), {"kind": "invite", "once": True})
    assert status == 201, answer
    return str(answer["ticket"])


async def test_an_invite_that_is_good_once_lets_one_device_in_on_whatever_node() -> None:
    async with two_nodes() as (here, there):
        invite = await made(here)
        first, second = ClientKey(), ClientKey()
        async with Page.at(there) as page:
            came = await page.attach(invite, key=first.jwk)
            assert came["participant"] == "p_ada"
            assert "resume" in came
        for node in (here, there):
            async with Page.at(node) as page:
                await page.send(
                    {"type": "attach", "v": 1, "ticket": invite, "producer": "w_2", "key": second.jwk}
                )
                assert await page.closed() == 4001
        async with Page.at(here) as page:  # who was let in, and did not hear of it, comes again
            await page.attach(invite, key=first.jwk)


async def test_an_invite_that_is_good_once_wants_a_key_and_opens_no_other_door() -> None:
    async with doors() as here:
        invite = await made(here)
        async with Page.at(here) as page:
            await page.send({"type": "attach", "v": 1, "ticket": invite, "producer": "w_1"})
            assert await page.closed() == 4000
        assert (await asked(here, invite, {}))[0] == 401
        for body in ({"kind": "access", "once": True}, {"kind": "invite", "once": True, "expires_s": 3_601}):
            assert (await asked(here, here.ticket(), body))[0] == 400


async def test_of_ten_devices_that_show_the_same_invite_at_once_one_comes_in() -> None:
    async with two_nodes() as (here, there):
        invite = await made(here)

        async def tries(number: int) -> bool:
            async with Page.at((here, there)[number % 2]) as page:
                key = ClientKey().jwk
                await page.send({"type": "attach", "v": 1, "ticket": invite, "producer": "w_1", "key": key})
                first = await page.next()
                return bool(first["type"] == "attached")

        assert sum(await asyncio.gather(*(tries(number) for number in range(10)))) == 1
