"""Which worker is offered which session, and what becomes of it."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.node.promise import Done, Offer
from hub.settings import Settings
from hub.store.model import ModelStore
from hub.store.promise import SessionKey, Sink, StoreUnavailable
from legato.session import commands as c
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.tickets import CAPABILITIES
from tests.hub.node.builders import (
    AGENT,
    KEY,
    Heard,
    House,
    batch,
    passes,
    there,
    until,
    user_presence,
    virtual,
)

QUICK = Settings(snapshot_every=32, idle_close=2_000, snapshot_quiet=10_000_000)


@virtual
async def test_a_session_is_offered_and_a_lost_worker_crashes_after_its_window() -> None:
    house = House()
    offers: list[SessionKey] = []
    async with house.node("n1", settings=QUICK) as first, house.node("n2", settings=QUICK) as second:
        room = await there(await first.create(KEY, "p_user", {"agent": "agent"}, ""))
        await first.arrive(room, user_presence())
        second.register_worker("main", "agent", "w_1", 1, lambda key, participant, ms: offers.append(key))
        await until(lambda: offers == [KEY])
        other = await there(await second.open(KEY))
        accept = c.AcceptSession(right="worker:agent", worker="w_1")
        opened = await other.open_producer("c_agent")
        taken = await other.execute(AGENT, batch("c_agent", 1, accept, epoch=opened.epoch))
        assert isinstance(taken, Done)
        second.worker_lost("main", "agent", "w_1")
        await until(lambda: room.state.liveness("p_agent") == "unreachable")
        await until(lambda: room.state.liveness("p_agent") == "crashed")
        assert room.state.rights["worker:agent"].holder == ""


@virtual
async def test_a_session_taken_at_another_node_than_the_one_that_noted_its_wish_waits_no_more() -> None:
    house = House()
    store = house.store()
    async with house.node("n1", settings=QUICK) as first:
        room = await there(await first.create(KEY, "p_user", {"agent": "agent"}, ""))
        await first.arrive(room, user_presence())
        await passes(200)
    assert await store.wanted("main", "agent", 9) == [KEY]
    async with house.node("n2", settings=QUICK) as second:
        room = await there(await second.open(KEY))
        opened = await room.open_producer("c_agent")
        accept = c.AcceptSession(right="worker:agent", worker="w_1")
        taken = await room.execute(AGENT, batch("c_agent", 1, accept, epoch=opened.epoch))
        assert isinstance(taken, Done)
        await asyncio.sleep(5)
        assert not await store.wanted("main", "agent", 9)


@virtual
async def test_who_listens_is_offered_the_session_beside_its_agent_and_nobody_is_told_that_it_is_awaited() -> (
    None
):
    house = House()
    offers: list[str] = []
    async with house.node("n1", settings=QUICK) as node:
        labels = {"agent": "agent", "listeners": "scribe"}
        room = await there(await node.create(KEY, "p_user", labels, ""))
        await node.arrive(room, user_presence())
        node.register_worker("main", "scribe", "w_9", 1, lambda key, participant, ms: offers.append("scribe"))
        await until(lambda: offers == ["scribe"])
        scribe = Actor("p_scribe", "agent", frozenset(CAPABILITIES), "a_9", "w_9")
        opened = await room.open_producer("c_scribe")
        accept = c.AcceptSession(right="worker:scribe", worker="w_9", listens=True)
        assert isinstance(await room.execute(scribe, batch("c_scribe", 1, accept, epoch=opened.epoch)), Done)
        await until(lambda: room.state.awaited == "agent")
        node.register_worker("main", "agent", "w_1", 1, lambda key, participant, ms: offers.append("agent"))
        await until(lambda: offers[-1] == "agent")
        assert await house.store().wanted("main", "scribe", 9) == []


@virtual
async def test_a_worker_that_comes_back_within_its_window_keeps_the_session() -> None:
    house = House()
    slow = Settings(reconnect_window=10_000)
    async with house.node("n1", settings=slow) as node:
        room = await there(await node.create(KEY, "p_user", {"agent": "agent"}, ""))
        node.register_worker("main", "agent", "w_1", 1, lambda key, participant, ms: None)
        await node.arrive(room, user_presence())
        accept = c.AcceptSession(right="worker:agent", worker="w_1")
        opened = await room.open_producer("c_agent")
        await room.execute(AGENT, batch("c_agent", 1, accept, epoch=opened.epoch))
        token = room.state.rights["worker:agent"].token
        await passes()
        node.worker_lost("main", "agent", "w_1")
        await until(lambda: room.state.liveness("p_agent") == "unreachable")
        node.register_worker("main", "agent", "w_1", 1, lambda key, participant, ms: None)
        await until(lambda: room.state.participants["p_agent"].fault == "")
        assert room.state.rights["worker:agent"].token == token


@virtual
async def test_a_standby_is_offered_the_session_while_its_worker_is_out_of_reach() -> None:
    house = House()
    offers: list[str] = []
    slow = Settings(reconnect_window=10_000)
    async with house.node("n1", settings=slow) as node:
        room = await there(await node.create(KEY, "p_user", {"agent": "agent"}, ""))
        node.register_worker("main", "agent", "w_1", 1, lambda key, participant, ms: offers.append("w_1"))
        await node.arrive(room, user_presence())
        await until(lambda: bool(offers))
        accept = c.AcceptSession(right="worker:agent", worker="w_1")
        opened = await room.open_producer("c_agent")
        await room.execute(AGENT, batch("c_agent", 1, accept, epoch=opened.epoch))
        await passes()
        node.register_worker("main", "agent", "w_2", 1, lambda key, participant, ms: offers.append("w_2"))
        await passes(100)
        assert "w_2" not in offers
        node.worker_lost("main", "agent", "w_1")
        await until(lambda: "w_2" in offers)
        assert room.state.liveness("p_agent") == "unreachable"
        early = c.AcceptSession(right="worker:agent", worker="w_2")
        other = Actor("p_agent", "agent", frozenset(CAPABILITIES), "a_2", "w_2")
        opened = await room.open_producer("c_other")
        refused = await room.execute(other, batch("c_other", 1, early, epoch=opened.epoch))
        assert isinstance(refused, Refusal)
        assert refused.reason == "already_exists"


@virtual
async def test_people_are_told_once_that_nobody_takes_their_session_until_somebody_does() -> None:
    house = House()
    quick = Settings(await_patience=1_000)
    async with house.node("n1", settings=quick) as node, house.node("n2", settings=quick) as second:
        room = await there(await node.create(KEY, "p_user", {"agent": "agent"}, ""))
        heard = Heard()
        room.listen(heard, None)
        await node.arrive(room, user_presence())
        await there(await second.open(KEY))
        await until(lambda: room.state.awaited == "agent")
        await asyncio.sleep(10)
        assert [event.type for event in heard.events_told].count("agent_awaited") == 1
        accept = c.AcceptSession(right="worker:agent", worker="w_1")
        opened = await room.open_producer("c_agent")
        await room.execute(AGENT, batch("c_agent", 1, accept, epoch=opened.epoch))
        await until(lambda: room.state.awaited == "")


def offers_to(offered: list[tuple[str, str]], node: str) -> Offer:
    """What notes that a worker of the node was offered a session."""
    return lambda key, participant, expires_ms: offered.append((node, key.session))


@virtual
async def test_two_nodes_offer_each_session_once_and_each_its_share() -> None:
    house = House()
    offered: list[tuple[str, str]] = []
    async with house.node("n1", settings=QUICK) as first, house.node("n2", settings=QUICK) as second:
        for name, node in (("n1", first), ("n2", second)):
            node.register_worker("main", "agent", f"w_{name}", 30, offers_to(offered, name))
        await asyncio.sleep(1.5)
        for number in range(40):
            key = SessionKey("main", f"s_{number}")
            room = await there(await first.create(key, "p_user", {"agent": "agent"}, ""))
            await first.arrive(room, user_presence())
        await passes(200)
        assert sorted(session for _, session in offered) == sorted(f"s_{number}" for number in range(40))
        assert 10 <= sum(name == "n1" for name, _ in offered) <= 30
        await asyncio.sleep(0.2)
        assert len(offered) == 60, "nobody took them: each node's places are offered in the end"


@virtual
async def test_what_a_worker_gave_back_is_offered_to_it_first_though_another_node_saw_it_last() -> None:
    house = House()
    offered: list[tuple[str, str]] = []
    async with house.node("n1", settings=QUICK) as first, house.node("n2", settings=QUICK) as second:
        for number in range(8):
            key = SessionKey("main", f"s_{number}")
            room = await there(await first.create(key, "p_user", {"agent": "agent"}, ""))
            await first.arrive(room, user_presence())
            accept = c.AcceptSession(right="worker:agent", worker="w_n2")
            opened = await room.open_producer("c_agent")
            assert isinstance(
                await room.execute(AGENT, batch("c_agent", 1, accept, epoch=opened.epoch)), Done
            )
        for name, node in (("n1", first), ("n2", second)):
            node.register_worker("main", "agent", f"w_{name}", 30, offers_to(offered, name))
        await asyncio.sleep(1.5)
        for number in range(8):
            room = await there(await first.open(SessionKey("main", f"s_{number}")))
            token = room.state.rights["worker:agent"].token
            release = c.ReleaseRight(right="worker:agent", token=token)
            done = await room.execute(AGENT, batch("c_agent", 2, release))
            assert isinstance(done, Done)
        await passes(200)
        assert sorted(offered) == [("n2", f"s_{number}") for number in range(8)]


@virtual
async def test_who_had_a_session_last_is_asked_first_after_the_node_that_conducted_it_is_gone() -> None:
    house = House()
    offered: list[tuple[str, str]] = []

    def offers(worker: str) -> Offer:
        return lambda key, participant, ms: offered.append((worker, key.session))

    async with house.node("n2", settings=QUICK) as second:
        for worker, capacity in (("w_idle", 90), ("w_last", 30)):
            second.register_worker("main", "agent", worker, capacity, offers(worker))
        async with house.node("n1", settings=QUICK) as first:
            room = await there(await first.create(KEY, "p_user", {"agent": "agent"}, ""))
            opened = await room.open_producer("c_agent")
            accept = c.AcceptSession(right="worker:agent", worker="w_last")
            release = c.ReleaseRight(right="worker:agent", token=1)
            for number, command in enumerate((accept, release), 1):
                done = await room.execute(AGENT, batch("c_agent", number, command, epoch=opened.epoch))
                assert isinstance(done, Done)
        room = await there(await second.open(KEY))
        await second.arrive(room, user_presence())
        await until(lambda: offered != [])
        assert offered == [("w_last", KEY.session)]


@virtual
async def test_a_session_that_needs_something_waits_for_a_worker_that_has_it_and_says_so() -> None:
    house = House()
    quick = Settings(await_patience=1_000)
    offered: list[tuple[str, str]] = []
    async with house.node("n1", settings=quick) as first, house.node("n2", settings=quick) as second:
        first.register_worker("main", "agent", "w_1", 30, offers_to(offered, "n1"))
        second.register_worker(
            "main", "agent", "w_2", 30, offers_to(offered, "n2"), frozenset({"language=fr"})
        )
        await asyncio.sleep(1.5)
        labels = {"agent": "agent", "needs": "region=eu  language=de"}
        room = await there(await first.create(KEY, "p_user", labels, ""))
        await first.arrive(room, user_presence())
        await until(lambda: room.state.awaited == "agent")
        assert offered == []
        german = frozenset({"language=de", "region=eu", "gpu=no"})
        second.register_worker("main", "agent", "w_3", 30, offers_to(offered, "german"), german)
        await until(lambda: offered == [("german", KEY.session)])


class NobodyConducts(ModelStore):
    """A store that does not say who conducts in its first tries."""

    tries = 0

    async def claim_conductor(self, key: SessionKey, node: str, seen: str) -> str:
        self.tries += 1
        if self.tries <= 3:
            raise StoreUnavailable("patience")
        return await super().claim_conductor(key, node, seen)


@virtual
async def test_a_session_opened_while_the_store_was_away_finds_its_conductor_and_is_offered() -> None:
    house = House()
    store = NobodyConducts(house.server, lambda callback: asyncio.get_running_loop().call_soon(callback))
    offers: list[SessionKey] = []
    async with house.node("n1", store, QUICK) as node:
        room = await there(await node.create(KEY, "p_user", {"agent": "agent"}, ""))
        await node.arrive(room, user_presence())
        node.register_worker("main", "agent", "w_1", 1, lambda key, participant, ms: offers.append(key))
        await until(lambda: offers == [KEY])


class NotesNoWish(ModelStore):
    """A store that notes no wish in its first tries."""

    tries = 0

    async def want(self, tenant: str, agent: str, key: SessionKey, since: int) -> None:
        self.tries += 1
        if self.tries <= 3:
            raise StoreUnavailable("patience")
        await super().want(tenant, agent, key, since)


@virtual
async def test_a_session_whose_wish_the_store_did_not_take_at_first_is_offered_once_it_does() -> None:
    house = House()
    store = NotesNoWish(house.server, lambda callback: asyncio.get_running_loop().call_soon(callback))
    offers: list[SessionKey] = []
    async with house.node("n1", store, QUICK) as node:
        room = await there(await node.create(KEY, "p_user", {"agent": "agent"}, ""))
        await node.arrive(room, user_presence())
        await until(lambda: store.tries > 3)
        node.register_worker("main", "agent", "w_1", 1, lambda key, participant, ms: offers.append(key))
        await until(lambda: offers == [KEY])


class AwayAtFirst(ModelStore):
    """A store that takes no bell in its first tries."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.tries = 0

    async def subscribe(self, key: SessionKey, sink: Sink) -> None:
        if key.session.startswith("agent:"):
            self.tries += 1
            if self.tries <= 3:
                raise StoreUnavailable("patience")
        await super().subscribe(key, sink)


@virtual
async def test_a_node_whose_store_is_away_when_its_first_worker_comes_hears_the_bell_once_it_is_back() -> (
    None
):
    house = House()
    store = AwayAtFirst(house.server, lambda callback: asyncio.get_running_loop().call_soon(callback))
    async with house.node("n1", store, QUICK) as node:
        node.register_worker("main", "agent", "w_1", 1, lambda key, participant, ms: None)
        await until(lambda: store.tries == 4)
        (failures,) = node.metrics.failures.collect()
        assert failures.samples[0].value == 0


@virtual
async def test_a_queue_of_needs_that_is_empty_is_named_no_more_and_what_needs_nothing_goes_to_anybody() -> (
    None
):
    house = House()
    store = house.store()
    offered: list[tuple[str, str]] = []
    async with house.node("n1", settings=QUICK) as node:
        node.register_worker("main", "agent", "w_1", 30, offers_to(offered, "n1"), frozenset({"a=b"}))
        for number, needs in enumerate(("a=b", "", "c=d", "not shaped")):
            key = SessionKey("main", f"s_{number}")
            room = await there(await node.create(key, "p_user", {"agent": "agent", "needs": needs}, ""))
            await node.arrive(room, user_presence())
        await until(lambda: len(offered) == 2)
        await asyncio.sleep(5)
        assert {session for _, session in offered} == {"s_0", "s_1"}
        assert await store.wanted("main", "agent?c=d", 9) == [SessionKey("main", "s_2")]
        room = await there(await node.open(SessionKey("main", "s_0")))
        accept = c.AcceptSession(right="worker:agent", worker="w_1")
        opened = await room.open_producer("c_agent")
        await room.execute(AGENT, batch("c_agent", 1, accept, epoch=opened.epoch))
        await asyncio.sleep(5)
        named = {each.session for each in await store.wanted("main", "agent?", 9)}
        assert named == {"c=d", "!"}
