"""The tools that a hub calls: by its operator's policy, by one node, with one end, over the death of nodes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from hypothesis import example, given
from hypothesis import strategies as st

from hub.node.errands import AT_ONCE, Came, Errand, Progressed, errand_of
from hub.node.node import Node
from hub.node.promise import Done, Presence
from hub.node.registered import HubTool, as_registered
from hub.node.room import Room
from hub.store.promise import SessionKey
from legato.session import commands as c
from legato.session.commands import Command, Refusal
from legato.session.running_rules import node_of
from legato.session.state import ToolCall
from tests.hub.node.builders import AGENT, KEY, House, batch, there, until, user_presence, virtual

TAKES = c.AcceptSession(right="worker:agent", worker="w_1")
PAY = HubTool("pay", idempotent=True, run_ms=20_000)
SEND = HubTool("send", run_ms=20_000)


def asks(id: str = "c_1", name: str = "pay", **more: object) -> c.RequestTool:
    said = {"call": id, "name": name, "arguments": '{"of":1}', "key": "k", "runs": "hub"}
    return c.RequestTool(**{**said, **more})  # type: ignore[arg-type]


class Callee:
    """Does what it is asked; `hangs`: until it may go on."""

    def __init__(self, *tools: HubTool, hangs: bool = False, came: Came | None = None) -> None:
        self.tools = {each.name: each for each in tools or (PAY, SEND)}
        self.asked: list[Errand] = []
        self.let_go = 0
        self.at_once = 0
        self.came = came or Came("finished", "1")
        self._under_way = 0
        self.may_answer = asyncio.Event()
        if not hangs:
            self.may_answer.set()

    async def call(self, errand: Errand, within_s: float, progressed: Progressed) -> Came:
        self.asked.append(errand)
        self._under_way += 1
        self.at_once = max(self.at_once, self._under_way)
        try:
            await progressed("at it", 1, 2)
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.let_go += 1
            raise
        finally:
            self._under_way -= 1
        return self.came


class Talking:
    """An agent's session at a node."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self._sequence = 0

    async def does(self, *commands: Command, epoch: int = 1) -> Done | Refusal:
        self._sequence += 1
        return await self.room.execute(AGENT, batch("c_agent", self._sequence, *commands, epoch=epoch))

    def call(self, id: str = "c_1") -> ToolCall:
        entry = self.room.state.entries[id]
        assert isinstance(entry, ToolCall)
        return entry


@asynccontextmanager
async def talking(node: Node, key: SessionKey = KEY) -> AsyncIterator[Talking]:
    room = await there(await node.create(key, "p_user", {}, ""))
    talk = Talking(room)
    opened = await room.open_producer("c_agent")
    assert opened.epoch == 1
    assert isinstance(await node.arrive(room, user_presence()), Done)
    assert isinstance(await node.arrive(room, Presence(AGENT, "Bot", "", ("text",), ("text",))), Done)
    node.register_worker("main", "agent", "w_1", 1, lambda key, participant, ms: None)
    assert isinstance(await talk.does(TAKES), Done)
    yield talk


@virtual
async def test_a_node_has_it_done_once_and_says_what_came_of_it() -> None:
    house, callee = House(), Callee()
    async with house.node("n1", caller=callee) as node, talking(node) as talk:
        assert isinstance(await talk.does(asks()), Done)
        await until(lambda: talk.call().ordinal)
        call = talk.call()
        assert (call.status, call.result, call.text, node_of(call.runner)) == ("finished", "1", "at it", "n1")
        (asked,) = callee.asked
        assert (asked.tool, asked.arguments, asked.call, asked.tenant) == ("pay", '{"of":1}', "c_1", "main")


@virtual
async def test_an_agent_names_what_is_registered_and_nothing_else() -> None:
    house, callee = House(), Callee(PAY, HubTool("theirs", tenants=frozenset({"other"})))
    async with house.node("n1", caller=callee) as node, talking(node) as talk:
        for name in ("https://127.0.0.1/", "theirs", "send"):
            answer = await talk.does(asks(name=name))
            assert isinstance(answer, Refusal)
            assert (answer.reason, answer.field) == ("not_found", "name")
        assert callee.asked == []


@virtual
async def test_the_operators_policy_holds_whatever_the_agent_says() -> None:
    house = House()
    callee = Callee(HubTool("pay", approval="user", run_ms=7_000))
    async with house.node("n1", caller=callee) as node, talking(node) as talk:
        await talk.does(asks(idempotent=True, policy="mine", run_ms=1))
        call = talk.call()
        assert (call.idempotent, call.approval, call.policy, call.run_ms) == (False, "user", "", 7_000)
        await asyncio.sleep(5)
        assert callee.asked == []
        user = await talk.room.open_producer("c_user")
        yes = c.DecideTool(call="c_1", approved=True)
        assert isinstance(
            await talk.room.execute(user_presence().actor, batch("c_user", 1, yes, epoch=user.epoch)), Done
        )
        await until(lambda: talk.call().ordinal)
        assert len(callee.asked) == 1


@virtual
async def test_what_is_taken_back_is_let_go_of_at_once() -> None:
    house, callee = House(), Callee(hangs=True)
    async with house.node("n1", caller=callee) as node, talking(node) as talk:
        await talk.does(asks())
        await until(lambda: callee.asked)
        await talk.does(c.EndTool(call="c_1", outcome="cancelled"))
        await until(lambda: callee.let_go, patience_s=1)
        callee.may_answer.set()
        await asyncio.sleep(5)
        assert talk.call().status == "cancelled"


@virtual
async def test_a_callee_that_says_nothing_ends_by_session_time() -> None:
    house, callee = House(), Callee(hangs=True)
    async with house.node("n1", caller=callee) as node, talking(node) as talk:
        await talk.does(asks())
        await talk.does(asks("c_2", "send", key="k_2"))
        await until(lambda: talk.call().ordinal and talk.call("c_2").ordinal)
        assert [talk.call(id).status for id in ("c_1", "c_2")] == ["failed", "interrupted"]
        await until(lambda: callee.let_go == 2, patience_s=1)


@virtual
async def test_the_next_node_does_what_a_dead_one_had_begun_or_says_that_nobody_knows() -> None:
    house, first, second = House(), Callee(hangs=True), Callee()
    async with house.node("n1", caller=first) as node, talking(node) as talk:
        await talk.does(asks())
        await talk.does(asks("c_2", "send", key="k_2"))
        await until(lambda: len(first.asked) == 2)
    async with house.node("n2", caller=second) as node:
        room = await there(await node.open(KEY))
        after = Talking(room)
        await until(lambda: after.call().ordinal and after.call("c_2").ordinal)
        assert [after.call(id).status for id in ("c_1", "c_2")] == ["finished", "interrupted"]
        assert node_of(after.call().runner) == "n2"
        assert [each.call for each in second.asked] == ["c_1"]
        assert second.asked[0].key == first.asked[0].key


@virtual
async def test_a_node_that_lives_keeps_its_calls_when_another_conducts() -> None:
    house, first, second = House(), Callee(hangs=True), Callee()
    nodes = house.node("n1", caller=first), house.node("n2", caller=second)
    async with nodes[0] as one, nodes[1] as two, talking(one) as talk:
        await talk.does(asks())
        await until(lambda: first.asked)
        await one.drain()
        there_too = Talking(await there(await two.open(KEY)))
        await asyncio.sleep(2)
        assert await house.store().claim_conductor(KEY, "", "") == "n2"
        assert second.asked == []
        first.may_answer.set()
        await until(lambda: there_too.call().ordinal)
        assert (there_too.call().status, node_of(there_too.call().runner)) == ("finished", "n1")


@virtual
async def test_a_tool_has_so_many_calls_at_once_and_the_rest_wait() -> None:
    house, callee = House(), Callee(hangs=True)
    async with house.node("n1", caller=callee) as node:
        talks = [
            await anext(aiter_of(node, SessionKey("main", f"s_{number}")))
            for number in range(AT_ONCE // 16 + 1)
        ]
        for number, talk in enumerate(talks):
            for place in range(16):
                assert isinstance(await talk.does(asks(f"c_{number}_{place}", key=f"k{place}")), Done)
        await until(lambda: len(callee.asked) == AT_ONCE)
        callee.may_answer.set()
        await until(lambda: len(callee.asked) == AT_ONCE + 16)
        assert callee.at_once == AT_ONCE


async def aiter_of(node: Node, key: SessionKey) -> AsyncIterator[Talking]:
    async with talking(node, key) as talk:
        yield talk


@virtual
async def test_a_node_that_drains_waits_for_its_callees_and_begins_nothing_more() -> None:
    house, callee = House(), Callee(hangs=True)
    async with house.node("n1", caller=callee) as node, talking(node) as talk:
        await talk.does(asks())
        await until(lambda: callee.asked)
        asyncio.get_running_loop().call_later(1, callee.may_answer.set)
        draining = asyncio.ensure_future(node.drain())
        await asyncio.sleep(0.5)
        await talk.does(asks("c_2", key="k_2"))
        await draining
        assert [each.call for each in callee.asked] == ["c_1"]
        assert talk.call().status == "finished"


def test_a_key_reaches_no_other_sessions_call() -> None:
    call = ToolCall("c_1", "bot", 1, 0, "pay", "{}", key="k")
    keys = {errand_of(key, call, 0).key for key in (KEY, SessionKey("main", "s_2"), SessionKey("b", "s_1"))}
    assert len(keys) == 3
    assert (
        errand_of(KEY, call, 0).key
        == errand_of(KEY, ToolCall("c_2", "bot", 9, 9, "pay", "{}", key="k"), 5).key
    )


PART = st.text("ab/1", min_size=1, max_size=5)


@given(st.lists(st.tuples(PART, PART), unique=True, max_size=8))
@example([("a/b", "c"), ("a", "b/c")])
@example([("a/b", "c"), ("/3/a", "b/c")])
def test_no_two_tools_share_a_key_whatever_their_names_hold(called: list[tuple[str, str]]) -> None:
    calls = [ToolCall("c_1", "bot", 1, 0, name, "{}", key=key) for name, key in called]
    assert len({errand_of(KEY, call, 0).key for call in calls}) == len(called)


def test_a_plain_tools_key_is_the_one_that_an_older_hub_called_by() -> None:
    call = ToolCall("c_1", "bot", 1, 0, "pay", "{}", key="k/1")
    named = f"{KEY.tenant}/{KEY.session}/pay/k/1".encode()
    assert errand_of(KEY, call, 0).key == f"tool_{hashlib.sha256(named).hexdigest()[:32]}"


def test_what_asks_for_no_tool_of_the_hub_is_left_as_it_is() -> None:
    commands: Sequence[Command] = (asks(runs=""), asks(runs="client"))
    assert as_registered(commands, {}, "main") is commands
