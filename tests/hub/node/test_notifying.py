"""Those who are away are told: once, again after a try in vain, and by the next node after a node's death."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

from hub.keys.keystore import KeyStore
from hub.node.node import Node
from hub.node.notifying import GONE, Notification
from hub.node.promise import Done, Presence
from hub.node.room import Room
from hub.node.subscription import Subscription, name_of, sealed
from hub.settings import Settings
from legato.session import commands as c
from legato.session.actors import Actor
from legato.session.parts import Part
from legato.session.tickets import CAPABILITIES
from tests.hub.node.builders import (
    AGENT,
    KEY,
    House,
    batch,
    passes,
    there,
    until,
    user_presence,
    virtual,
)

ANSWERS = c.PostMessage(message="m_1", parts=[Part("text", "done")])
QUICK = Settings(idle_close=2_000)
TAKES = c.AcceptSession(right="worker:agent", worker="w_1")
ASKS = c.RequestTool(call="c_1", name="refund", arguments="{}", approval="user")


class Target:
    """Takes what it is told, once it was refused `refusals` times; `hangs`: and then no more."""

    labels = True
    targets = ""

    def __init__(self, refusals: int = 0, *, hangs: bool = False, gone: bool = False) -> None:
        self.told: list[Notification] = []
        self.pushed: list[tuple[str, str]] = []
        self._gone = gone
        self._refusals = refusals
        self._hangs = hangs

    async def tell(self, notification: Notification, target: str = "") -> str:
        self.told.append(notification)
        if self._hangs:
            await asyncio.Event().wait()
        self._refusals -= 1
        return "status 503" if self._refusals >= 0 else ""

    async def push(self, notification: Notification, to: Subscription) -> str:
        self.pushed.append((notification.about, to.endpoint))
        return GONE if self._gone else ""


async def subscribed(house: House, room: Room, endpoint: str) -> str:
    """The user's browser is told from now on; the subscription's name."""
    to = Subscription(endpoint, b"k" * 65, b"s" * 16)
    keys = KeyStore(house.rest, house.wrap, house.clock)
    sealer = await keys.sealer(KEY.tenant, KEY.session)
    name = name_of("p_user", to)
    opened = await room.open_producer("c_push")
    one = c.SubscribePush(subscription=name, sealed=sealed(sealer, "p_user", name, to))
    actor = user_presence().actor
    assert isinstance(
        await room.execute(actor, batch("c_push", opened.last + 1, one, epoch=opened.epoch)), Done
    )
    return name


async def left_alone(
    node: Node, *does: c.Command, before: Callable[[Room], Awaitable[object]] | None = None
) -> Room:
    """A session whose user has gone (`before` that happens something) and whose agent then does something."""
    room = await there(await node.create(KEY, "p_user", {}, "My order"))
    opened = await room.open_producer("c_agent")
    assert isinstance(await node.arrive(room, user_presence()), Done)
    assert isinstance(await node.arrive(room, Presence(AGENT, "Bot", "", ("text",), ("text",))), Done)
    node.register_worker("main", "agent", "w_1", 1, lambda key, participant, ms: None)
    assert isinstance(await room.execute(AGENT, batch("c_agent", 1, TAKES, epoch=opened.epoch)), Done)
    if before is not None:
        await before(room)
    await node.lost(room, "a_user", "closed")
    await until(lambda: "a_user" not in room.state.attachments)
    assert isinstance(await room.execute(AGENT, batch("c_agent", 2, *does, epoch=opened.epoch)), Done)
    return room


@virtual
async def test_who_is_away_is_told_once_that_a_call_waits_for_their_word() -> None:
    house, target = House(), Target()
    async with house.node("n1", settings=QUICK, notifier=target) as node:
        room = await left_alone(node, ASKS)
        await until(lambda: bool(target.told))
        (told,) = target.told
        assert (told.notice, told.about, told.tool, told.people) == ("approval", "c_1", "refund", ("p_user",))
        assert (told.session, told.title) == (KEY.session, "My order")
        await until(lambda: room.state.notified["c_1"].over)
        await asyncio.sleep(300)
        assert len(target.told) == 1


@virtual
async def test_what_was_not_taken_is_told_again_under_the_same_name_though_nobody_has_the_session_open() -> (
    None
):
    house, target = House(), Target(refusals=3)
    async with house.node("n1", settings=QUICK, notifier=target) as node:
        node.release(await left_alone(node, ANSWERS))
        await until(lambda: len(target.told) == 4, patience_s=400)
        assert len({each.id for each in target.told}) == 1
        times = [each.time for each in target.told]
        pauses = [round((after - before) / 1000) for before, after in pairwise(times)]
        assert [5 <= pauses[0] < 8, 30 <= pauses[1] < 34, 120 <= pauses[2] < 125] == [True, True, True]


@virtual
async def test_who_came_back_and_went_again_is_told_of_the_same_call_under_another_name() -> None:
    house, target = House(), Target(refusals=1)
    async with house.node("n1", settings=QUICK, notifier=target) as node:
        room = await left_alone(node, ASKS)
        await until(lambda: len(target.told) == 2, patience_s=120)
        await until(lambda: room.state.notified["c_1"].over)
        assert room.state.notified["c_1"].id == target.told[0].id == target.told[1].id
        assert isinstance(await node.arrive(room, user_presence("a_again")), Done)
        await node.lost(room, "a_again", "closed")
        await until(lambda: len(target.told) == 3, patience_s=120)
        assert target.told[2].about == "c_1"
        assert target.told[2].id != target.told[0].id


@virtual
async def test_the_next_node_tells_what_a_dead_one_did_not() -> None:
    house, first, second = House(), Target(hangs=True), Target()
    async with house.node("n1", settings=QUICK, notifier=first) as node:
        await left_alone(node, ANSWERS)
        await until(lambda: bool(first.told))
    async with house.node("n2", settings=QUICK, notifier=second):
        await until(lambda: bool(second.told), patience_s=120)
        assert second.told[0].id == first.told[0].id


@virtual
async def test_a_target_that_hangs_holds_up_nothing_in_the_session() -> None:
    house, target = House(), Target(hangs=True)
    async with house.node("n1", settings=QUICK, notifier=target) as node:
        room = await left_alone(node, ANSWERS)
        await until(lambda: bool(target.told))
        assert isinstance(await node.arrive(room, user_presence("a_again")), Done)
        said = c.PostMessage(message="m_9", parts=[Part("text", "I am back")])
        opened = await room.open_producer("c_user")
        actor = user_presence("a_again").actor
        assert isinstance(await room.execute(actor, batch("c_user", 1, said, epoch=opened.epoch)), Done)
        await passes()
        assert "m_9" in room.state.entries
        await asyncio.sleep(60)
        assert len(target.told) == 1


@virtual
async def test_a_session_that_wants_no_notices_has_none() -> None:
    house, target = House(), Target()
    async with house.node("n1", settings=QUICK, notifier=target) as node:
        room = await there(await node.create(KEY, "p_user", {"notify": "none"}, ""))
        assert room.state.labels == {"notify": "none"}
        opened = await room.open_producer("c_agent")
        await node.arrive(room, Presence(AGENT, "Bot", "", ("text",), ("text",)))
        assert isinstance(
            await room.execute(AGENT, batch("c_agent", 1, TAKES, ASKS, epoch=opened.epoch)), Done
        )
        await asyncio.sleep(60)
        assert target.told == []


@virtual
async def test_browsers_that_subscribed_are_told_beside_the_webhook_and_not_again_when_that_fails() -> None:
    house, target = House(), Target(refusals=1)
    async with house.node("n1", settings=QUICK, notifier=target) as node:

        async def two(room: Room) -> None:
            for number in (1, 2):
                await subscribed(house, room, f"https://push.example/{number}")

        room = await left_alone(node, ANSWERS, before=two)
        await until(lambda: "m_1" in room.state.notified and room.state.notified["m_1"].over, patience_s=60)
        assert sorted(target.pushed) == [("m_1", f"https://push.example/{number}") for number in (1, 2)]
        assert len(target.told) == 2
        assert "push.example" not in str(room.state), "where it is, the log says to nobody"


@virtual
async def test_a_browser_whose_push_service_knows_it_no_more_is_forgotten() -> None:
    house, target = House(), Target(gone=True)
    async with house.node("n1", settings=QUICK, notifier=target) as node:
        room = await left_alone(
            node, ANSWERS, before=lambda room: subscribed(house, room, "https://push.example/1")
        )
        await until(lambda: not room.state.pushes)
        await until(lambda: room.state.notified["m_1"].over)
        await asyncio.sleep(60)
        assert len(target.pushed) == 1


@virtual
async def test_what_the_hub_did_not_seal_is_no_address_and_is_forgotten() -> None:
    house, target = House(), Target()
    async with house.node("n1", settings=QUICK, notifier=target) as node:

        async def forged(room: Room) -> None:
            opened = await room.open_producer("c_push")
            one = c.SubscribePush(subscription="push_mine", sealed="aHR0cHM6Ly8xMjcuMC4wLjEv")
            actor = user_presence().actor
            done = await room.execute(actor, batch("c_push", 1, one, epoch=opened.epoch))
            assert isinstance(done, Done)

        room = await left_alone(node, ANSWERS, before=forged)
        await until(lambda: not room.state.pushes)
        assert target.pushed == []


class Several:
    """One target that is dead, one that hangs at first, and one that is well."""

    labels = False
    targets = "dead slow:approval well"

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def tell(self, notification: Notification, target: str = "") -> str:
        self.told.append((target, notification.id))
        if target == "slow":
            await asyncio.sleep(20)
        return "unreachable" if target == "dead" else ""

    async def push(self, notification: Notification, to: Subscription) -> str:
        return ""


@virtual
async def test_a_dead_target_and_a_slow_one_hold_no_other_back() -> None:
    house, targets = House(), Several()
    async with house.node("n1", settings=Settings(idle_close=100_000_000), notifier=targets) as node:
        room = await left_alone(node, ASKS)
        assert room.state.labels["notify_targets"] == targets.targets
        await until(lambda: "c_1/well" in room.state.notified)
        assert room.state.notified["c_1/well"].over
        assert "c_1/slow" not in room.state.notified
        await until(lambda: "c_1/slow" in room.state.notified)
        await until(lambda: room.state.notified["c_1/dead"].tries == 4, 10_000)
        tries = [target for target, _ in targets.told]
        assert [tries.count(each) for each in ("well", "slow", "dead")] == [1, 1, 4]
        assert len({name for _, name in targets.told}) == 1


@virtual
async def test_who_went_is_told_while_another_stays_and_the_webhook_hears_whom_it_is_for() -> None:
    house, target = House(), Target()
    async with house.node("n1", settings=QUICK, notifier=target) as node:
        other = Actor("p_other", "user", frozenset({"publish"}), attachment="a_other")

        async def another_comes(room: Room) -> None:
            await subscribed(house, room, "https://push.example/1")
            joins = Presence(other, "Bob", "", ("text",), ("text",))
            assert isinstance(await node.arrive(room, joins), Done)

        room = await left_alone(node, ANSWERS, before=another_comes)
        await until(lambda: "m_1" in room.state.notified and room.state.notified["m_1"].over)
        assert [(each.about, each.people) for each in target.told] == [("m_1", ("p_user",))]
        assert target.pushed == [("m_1", "https://push.example/1")]
        assert "a_other" in room.state.attachments


ASKS_FOR_ONE = c.RequestHuman(request="q_1", reason="my refund", skill="billing")


async def with_somebody_waiting(node: Node) -> Room:
    """A session whose user is here and has asked for a person; nobody who helps is."""
    room = await there(await node.create(KEY, "p_user", {}, "My order"))
    assert isinstance(await node.arrive(room, user_presence()), Done)
    opened = await room.open_producer("c_user")
    actor = user_presence().actor
    assert isinstance(await room.execute(actor, batch("c_user", 1, ASKS_FOR_ONE, epoch=opened.epoch)), Done)
    return room


@virtual
async def test_where_a_person_is_asked_for_the_webhook_is_told_once_though_the_user_is_there() -> None:
    house, target = House(), Target(refusals=1)
    async with house.node("n1", settings=QUICK, notifier=target) as node:
        room = await with_somebody_waiting(node)
        await until(lambda: len(target.told) == 2, patience_s=60)
        told = target.told[0]
        assert (told.notice, told.about, told.skill, told.people) == ("human", "q_1", "billing", ())
        assert "refund" not in str(told), "nothing that was said"
        assert target.told[1].id == told.id
        await until(lambda: room.state.asking is not None and room.state.asking.told[""].over)
        await asyncio.sleep(7_200)
        assert len(target.told) == 2


@virtual
async def test_the_next_node_seeks_a_person_where_a_dead_one_did_not_and_under_the_same_name() -> None:
    house, first, second = House(), Target(hangs=True), Target()
    async with house.node("n1", settings=QUICK, notifier=first) as node:
        await with_somebody_waiting(node)
        await until(lambda: bool(first.told))
    async with house.node("n2", settings=QUICK, notifier=second):
        await until(lambda: bool(second.told), patience_s=120)
        assert second.told[0].id == first.told[0].id


@virtual
async def test_an_operator_who_took_part_and_went_is_told_in_their_browser() -> None:
    house, target = House(), Target()
    olga = Actor("p_olga", "operator", frozenset(CAPABILITIES), "a_olga")
    async with house.node("n1", settings=QUICK, notifier=target) as node:
        room = await with_somebody_waiting(node)
        await until(lambda: room.state.asking is not None and bool(room.state.asking.told))
        assert isinstance(await node.arrive(room, Presence(olga, "Olga", "", ("text",), ("text",))), Done)
        to = Subscription("https://push.example/olga", b"k" * 65, b"s" * 16)
        sealer = await KeyStore(house.rest, house.wrap, house.clock).sealer(KEY.tenant, KEY.session)
        name = name_of("p_olga", to)
        opened = await room.open_producer("c_olga")
        rings = c.SubscribePush(subscription=name, sealed=sealed(sealer, "p_olga", name, to))
        asking = c.RequestHuman(request="q_2")
        assert isinstance(await room.execute(olga, batch("c_olga", 1, rings, epoch=opened.epoch)), Done)
        drops = c.WithdrawRequest(request="q_1")
        assert isinstance(await room.execute(olga, batch("c_olga", 2, drops, epoch=opened.epoch)), Done)
        user, again = user_presence().actor, await room.open_producer("c_user")
        more = batch("c_user", again.last + 1, asking, epoch=again.epoch)
        assert isinstance(await room.execute(user, more), Done)
        await asyncio.sleep(60)
        assert target.pushed == [], "they have it before them"
        await node.departed(room, "a_olga")
        await until(lambda: target.pushed == [("q_2", "https://push.example/olga")], patience_s=60)
        await asyncio.sleep(7_200)
        assert len(target.pushed) == 1
