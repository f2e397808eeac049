"""A worker at its door: registered, offered a session, in it, and missed when it goes."""

from __future__ import annotations

from hub.audit import tried, tried_beside
from hub.store.promise import SessionKey
from legato.session.commands import Refusal
from signaling.connection.effects import NEVER
from tests.signaling.doors import ANCHORS, Doors, Page, doors


async def work(here: Doors, page: Page, worker: str = "k_1") -> None:
    ticket = here.ticket("p_concierge", "agent", "*")
    await page.send(
        {"type": "work", "v": 1, "ticket": ticket, "name": "concierge", "worker": worker, "capacity": 2}
    )
    await page.until("working")


async def test_a_worker_is_offered_a_session_and_takes_it_with_the_offers_ticket() -> None:
    key = SessionKey("main", "s_shop")
    async with doors() as here, Page.at(here) as worker, Page.at(here) as ada:
        await work(here, worker)
        room = await here.node.create(key, "p_boss", {"agent": "concierge"}, "")
        assert not isinstance(room, Refusal)
        await ada.attach(here.ticket(session="s_shop"))
        await ada.post("is anybody there?")
        offered = await worker.until("offered")
        assert offered["session"] == "s_shop"
        async with Page.at(here) as agent:
            attached = await agent.attach(offered["ticket"], worker="k_1")
            assert attached["participant"] == offered["participant"]
            assert (attached["beat_ms"], attached.get("accepted", 0)) == (3_000, 0)
            command = {"type": "accept_session", "right": "worker:concierge", "worker": "k_1"}
            await agent.send({"type": "do", "seq": 1, "commands": [command]})
            granted = await ada.told("right_granted")
            assert (granted["right"], granted["worker"]) == ("worker:concierge", "k_1")
            await worker.socket.close()
            assert (await ada.told("agent_unreachable"))["right"] == "worker:concierge"


async def test_a_worker_takes_a_session_as_it_comes_and_another_that_does_is_only_attached() -> None:
    key = SessionKey("main", "s_shop")
    async with doors() as here, Page.at(here) as worker, Page.at(here) as first, Page.at(here) as second:
        await work(here, worker)
        room = await here.node.create(key, "p_boss", {"agent": "concierge"}, "")
        assert not isinstance(room, Refusal)
        async with Page.at(here) as ada:
            await ada.attach(here.ticket(session="s_shop"))
            ticket = (await worker.until("offered"))["ticket"]
            took = await first.attach(ticket, worker="k_1", accept="worker:concierge")
            assert took["accepted"] == 1
            assert (await ada.told("right_granted"))["worker"] == "k_1"
            late = await second.attach(ticket, worker="k_2", accept="worker:concierge")
            assert late.get("accepted", 0) == 0
            assert room.state.rights["worker:concierge"].worker == "k_1"


async def test_nobody_takes_a_session_by_attaching_who_might_not_accept_it() -> None:
    key = SessionKey("main", "s_shop")
    async with doors() as here, Page.at(here) as ada:
        room = await here.node.create(key, "p_boss", {"agent": "concierge"}, "")
        assert not isinstance(room, Refusal)
        ticket = here.ticket(session="s_shop")
        attached = await ada.attach(ticket, worker="k_1", accept="worker:concierge")
        assert attached.get("accepted", 0) == 0
        assert not room.state.rights


async def test_no_worker_is_registered_under_another_agents_name_and_the_audit_says_that_it_tried() -> None:
    async with doors() as here, Page.at(here) as mallory:
        ticket = here.ticket("p_concierge", "agent", "*")
        await mallory.send({"type": "work", "v": 1, "ticket": ticket, "name": "billing", "worker": "k_1"})
        told = await mallory.until("closing")
        assert (told["code"], told["reason"], told["detail"]) == (4003, "not_allowed", "name")
        found = await tried_beside("main", here.store, here.keys, ANCHORS)
        assert [(each.by, each.asked, each.reason) for each in found.trials] == [
            ("p_concierge", "work", "not_allowed")
        ]


async def test_no_worker_takes_another_agents_right_and_the_audit_says_that_it_tried() -> None:
    key = SessionKey("main", "s_shop")
    async with doors() as here, Page.at(here) as taker, Page.at(here) as asker:
        room = await here.node.create(key, "p_boss", {"agent": "billing"}, "")
        assert not isinstance(room, Refusal)
        ticket = here.ticket("p_concierge", "agent", "s_shop")
        attach = {"type": "attach", "v": 1, "ticket": ticket, "producer": "w_1", "worker": "k_1"}
        await taker.send(attach | {"accept": "worker:billing"})
        told = await taker.until("closing")
        assert (told["code"], told["reason"], told["detail"]) == (4003, "not_allowed", "accept")
        await asker.attach(ticket, worker="k_1")
        command = {"type": "accept_session", "right": "worker:billing", "worker": "k_1"}
        await asker.send({"type": "do", "seq": 1, "commands": [command]})
        refused = await asker.until("refused")
        assert (refused["reason"], refused["field"]) == ("not_allowed", "right")
        assert not room.state.rights
        found = await tried(key, here.store, here.keys, ANCHORS)
        expected = ("p_concierge", "accept_session", "not_allowed")
        assert [(each.by, each.asked, each.reason) for each in found.trials] == [expected] * 2


async def test_a_worker_that_comes_again_replaces_itself() -> None:
    async with doors() as here, Page.at(here) as first, Page.at(here) as second:
        await work(here, first)
        await work(here, second)
        assert await first.closed() == 4101
        assert first.got[-1]["retry_after_ms"] == NEVER
        await second.send({"type": "capacity", "free": 1})
        await second.send({"type": "decline", "offer": "o_nobody"})
        await second.send({"type": "ping", "n": 5})
        assert (await second.until("pong"))["n"] == 5


async def test_a_workers_connection_has_no_session() -> None:
    async with doors() as here, Page.at(here) as page:
        await work(here, page)
        await page.send({"type": "do", "seq": 1, "commands": [{"type": "leave"}]})
        assert (await page.until("refused"))["reason"] == "wrong_order"
        await page.send({"type": "detach"})
        assert await page.closed() == 1000
