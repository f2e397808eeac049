"""Two nodes on one store are one hub, also for who may come back and who must go."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession

from hub.keys.wrapped import MemoryKeys
from hub.node.refusals import BURST
from hub.store.model import ModelServer
from hub.store.promise import SessionKey
from tests.signaling.doors import KEY, ClientKey, Doors, Page, doors
from tests.signaling.test_board import do
from tests.signaling.test_http import ask
from tests.signaling.test_http import boss as supervisor


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


async def test_an_attachment_that_moved_to_another_node_is_told_at_the_first() -> None:
    key = ClientKey()
    async with (
        two_nodes() as (one, two),
        Page.attached(one, "p_bob") as bob,
        Page.attached(one, key=key.jwk) as older,
        Page.at(two) as newer,
    ):
        await resumed(newer, older.got[0]["resume"], key)
        assert await older.closed() == 4101
        assert older.got[-1]["retry_after_ms"] < 0
        await newer.acked(await newer.post("I am the one"))
        await bob.told("message_posted")
        assert not any(event["type"] == "attachment_away" for event in bob.events())
        async with Page.at(one) as back:
            await resumed(back, older.got[0]["resume"], key)
            assert await newer.closed() == 4101
            back.sequence = 1
            await back.acked(await back.post("and so for the way back"))


async def test_word_of_an_earlier_move_closes_nobody() -> None:
    async with doors() as one, Page.attached(one) as page:
        arrived = next(line.arrival for line in one.hall if line.arrival is not None)
        for producer, epoch, closes in (
            (arrived.producer, arrived.opened.epoch, False),
            (arrived.producer, arrived.opened.epoch - 1, False),
            (arrived.producer, arrived.opened.epoch + 1, True),
        ):
            one.hall.moved(KEY, arrived.actor.attachment, producer, epoch)
            if not closes:
                await page.acked(await page.post("still here"))
        assert await page.closed() == 4101


async def test_who_comes_back_after_the_grace_takes_and_gives_what_it_says_it_did() -> None:
    key = ClientKey()
    had: dict[str, Any] = {"device": "phone", "takes": ["text", "audio"], "gives": ["audio"]}
    async with two_nodes() as (one, two), Page.attached(two, "p_bob") as bob:
        async with Page.attached(one, key=key.jwk, **had) as page:
            attached = page.got[0]
        await bob.told("attachment_away")
        room = await two.node.open(KEY)
        assert room is not None
        await two.node.departed(room, attached["attachment"])
        await bob.told("attachment_closed")
        async with Page.at(two) as back:
            answer = await resumed(back, attached["resume"], key, **had)
            assert answer["attachment"] == attached["attachment"]
            assert answer["beat_ms"] == attached["beat_ms"] == 1000
            here = room.state.attachments[answer["attachment"]]
            assert (here.device, here.takes, here.gives) == ("phone", ("text", "audio"), ("audio",))
        two.node.release(room)


async def test_who_comes_back_within_the_grace_is_as_the_session_knows_it() -> None:
    key = ClientKey()
    async with (
        doors() as here,
        Page.attached(here, key=key.jwk, takes=["text", "audio"]) as page,
        Page.at(here) as back,
    ):
        answer = await resumed(back, page.got[0]["resume"], key, takes=["text"])
        assert answer["beat_ms"] == 1000


async def test_what_one_node_calls_back_every_node_refuses_and_closes() -> None:
    key = ClientKey()
    async with two_nodes() as (one, two), Page.at(two) as ada, Page.attached(two, "p_bob") as bob:
        resume = (await ada.attach(two.ticket(id="j_ada"), key=key.jwk))["resume"]
        assert (await revoke(one, boss(one), {"id": "j_ada"}))[0] == 200
        assert await ada.closed() == 4001
        for node in (one, two):
            async with Page.at(node) as page:
                await asked_to_resume(page, resume, key)
                assert await page.closed() == 4001
        await bob.acked(await bob.post("nobody else is touched"))


async def test_all_that_a_participant_holds_is_called_back_in_one_session_or_in_all() -> None:
    later = [int(time.time())]
    async with doors(wall=lambda: later[0]) as here, Page.attached(here) as ada:
        later[0] = int(time.time())  # not before Ada's ticket, that was issued by the real clock
        elsewhere = {"participant": "p_ada", "session": "s_other"}
        assert (await revoke(here, boss(here), elsewhere))[0] == 200
        await ada.acked(await ada.post("this is another session"))
        assert (await revoke(here, boss(here), {"participant": "p_ada"}))[0] == 200
        assert await ada.closed() == 4001
        later[0] += 1
        async with Page.at(here) as again:
            body = {"session": "s_1", "participant": "p_ada", "role": "user"}
            await again.attach(await mint(here, boss(here), body))


async def test_a_guest_is_called_back_with_whoever_invited_them() -> None:
    later = [int(time.time())]
    async with doors(wall=lambda: later[0]) as here, Page.at(here) as guest:
        later[0] = int(time.time())
        invite = {"kind": "invite", "participant": "p_ada+bob"}
        await guest.attach(await mint(here, here.ticket(), invite))
        assert (await revoke(here, boss(here), {"participant": "p_ada"}))[0] == 200
        assert await guest.closed() == 4001


async def test_a_ticket_for_all_sessions_is_called_back_in_one() -> None:
    later = [int(time.time())]
    both = (KEY, SessionKey(KEY.tenant, "s_2"))
    async with doors(wall=lambda: later[0], sessions=both) as here, Page.at(here) as page:
        later[0] = int(time.time())
        olga = here.ticket("p_olga", "operator", "*", more=["mint"])
        await page.attach(olga, session="s_1")
        assert (await revoke(here, boss(here), {"participant": "p_olga", "session": "s_1"}))[0] == 200
        assert await page.closed() == 4001
        async with Page.at(here) as again:
            await again.send({"type": "attach", "v": 1, "ticket": olga, "session": "s_1", "producer": "w_1"})
            assert await again.closed() == 4001
        bearer = {"Authorization": f"Bearer {olga}"}
        async with ClientSession(here.url, headers=bearer) as http:
            for session, expected in (("s_1", 401), ("s_2", 200)):
                async with http.get(f"/v1/sessions/{session}") as answer:
                    assert answer.status == expected, session
        assert (await _post(here, "/v1/tickets", olga, {"session": "s_1"}))[0] == 401, "nor is one made of it"
        async with Page.at(here) as elsewhere:
            await elsewhere.attach(olga, session="s_2")


async def test_what_was_called_back_stays_so_when_the_node_starts_again() -> None:
    keys = MemoryKeys()
    async with doors(keys=keys) as here:
        server, ticket = here.server, here.ticket(id="j_ada")
        await revoke(here, boss(here), {"id": "j_ada"})
    async with doors(keys=keys, server=server, name="n2", sessions=()) as again, Page.at(again) as page:
        await page.send({"type": "attach", "v": 1, "ticket": ticket, "producer": "w_1"})
        assert await page.closed() == 4001


async def test_only_who_may_mint_calls_back_and_only_within_its_session() -> None:
    async with doors() as here:
        bound = here.ticket("p_op", "operator", more=["mint"])
        assert (await revoke(here, here.ticket(), {"id": "j_1"}))[0] == 403
        assert (await revoke(here, bound, {"participant": "p_ada", "session": "s_2"}))[0] == 404
        for body in ({}, {"id": "j_1", "participant": "p_ada"}, {"id": "no name"}, {"session": "s_1"}):
            assert (await revoke(here, bound, body))[0] == 400, body
        anywhere = boss(here, id="j_boss")
        assert (await revoke(here, bound, {"id": "j_boss"}))[0] == 200
        assert (await revoke(here, anywhere, {"id": "j_1"}))[0] == 200  # that one was not of its session


async def test_a_renewed_ticket_and_an_invite_go_with_the_ticket_they_came_of() -> None:
    async with doors() as here:
        first = here.ticket(id="j_first")
        made = [
            await mint(here, first, {}),
            await mint(here, first, {"kind": "invite", "participant": "p_ada+x"}),
        ]
        by_boss = await mint(
            here, boss(here, id="j_boss"), {"session": "s_1", "participant": "p_y", "role": "user"}
        )
        await revoke(here, boss(here), {"id": "j_first"})
        await revoke(here, boss(here), {"id": "j_boss"})
        for ticket in made:
            async with Page.at(here) as page:
                await page.send({"type": "attach", "v": 1, "ticket": ticket, "producer": "w_1"})
                assert await page.closed() == 4001
        async with Page.at(here) as page:
            await page.attach(by_boss)


def boss(here: Doors, id: str = "") -> str:
    """A ticket of a backend: it makes and calls back tickets for every session."""
    return here.ticket("p_boss", "supervisor", "*", more=["mint"], id=id)


async def revoke(here: Doors, ticket: str, body: dict[str, str]) -> tuple[int, Any]:
    """Ask to call back; status and answer."""
    return await _post(here, "/v1/tickets/revoke", ticket, body)


async def mint(here: Doors, ticket: str, body: dict[str, str]) -> str:
    """A ticket made by that one."""
    status, answer = await _post(here, "/v1/tickets", ticket, body)
    assert status == 201, answer
    return str(answer["ticket"])


async def _post(here: Doors, path: str, ticket: str, body: dict[str, str]) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {ticket}"}
    async with ClientSession(headers=headers) as client, client.post(here.url + path, json=body) as answer:
        return answer.status, await answer.json()


async def test_who_shows_a_ticket_without_its_key_at_one_node_is_told_of_at_the_other() -> None:
    key, thief = ClientKey(), ClientKey()
    async with two_nodes() as (one, two), Page.attached(one, key=key.jwk) as holder, Page.at(two) as other:
        resume = holder.got[0]["resume"]
        await asked_to_resume(other, resume, thief)
        assert await other.closed() == 4001
        assert (await holder.until("notice"))["reason"] == "ticket_misused"
        two.node.misused(KEY, holder.got[0]["attachment"], "p_ada", "call")
        assert (await holder.until("notice"))["ticket"] == "call"
        await holder.acked(await holder.post("still here"))
        _, page = await ask(two, "GET", f"/v1/sessions/{KEY.session}/audit", supervisor(two))
        told = [(each["by"], each["asked"], each["detail"]) for each in page["refused"]]
        assert told == [("p_ada", "resume", "another_key"), ("p_ada", "call", "another_key")]


async def test_who_shows_it_again_and_again_is_told_of_a_few_times_and_spends_nothing_of_its_holders() -> (
    None
):
    async with doors() as here, Page.attached(here) as holder:
        attachment = holder.got[0]["attachment"]
        for _ in range(3 * BURST):
            here.node.misused(KEY, attachment, "p_ada", "call")
        await holder.until("notice")
        assert (await do(here, KEY.session, here.ticket(), {"type": "take_over"}))[0] == 403
        _, page = await ask(here, "GET", f"/v1/sessions/{KEY.session}/audit", supervisor(here))
        asked = [each["asked"] for each in page["refused"]]
        assert (asked.count("call"), asked.count("take_over")) == (BURST, 1)
