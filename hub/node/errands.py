"""The tool calls that this node runs for agents: a claim, a call to the outside, an end.

What is to be done follows from a session's state (`legato.session.running_rules`), and its conductor does it. A node
claims a call by starting it, on condition, under a number of its own: so of two one begins, and only who holds the
newest claim reports and ends it. What a dead node had begun is begun anew under the same key, if it is idempotent; of
anything else nobody knows whether it was done, and it ends `interrupted`. A call that ended otherwise (its agent took
it back, its time is over) is let go at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from hub.keys.errors import KeysError
from hub.node.insisting import insist
from hub.node.presence import surely
from hub.node.promise import Done
from hub.node.registered import Registered
from hub.node.room import Room
from hub.node.tools import Tools
from hub.store.promise import SessionKey, StoreUnavailable
from legato.session import commands as c
from legato.session import running_rules
from legato.session.actors import SERVICE, Actor, Decided, conducted
from legato.session.commands import Refusal
from legato.session.decisions import decide_batch
from legato.session.ids import HUB
from legato.session.state import State, ToolCall

log: Final = logging.getLogger("legato.node")

PRODUCER: Final = "errands"
AT_ONCE: Final = 32
"""Calls of one tool under way at once; what comes on top is looked at again with the next sweep."""

MARGIN_MS: Final = 500
"""By how much (a tenth at most) the caller's time is shorter than the call's: what it knows says more than that the
time is over."""

NOTHING: Final = Decided((), True)


@dataclass(frozen=True, slots=True)
class Errand:
    """One call, as its callee is told. `key` is the same whenever it is done again, by whichever node, and no other
    session's. `arguments` is JSON text; `time` session time in ms."""

    key: str
    tool: str
    idempotent: bool
    arguments: str
    call: str
    session: str
    tenant: str
    time: int


@dataclass(frozen=True, slots=True)
class Came:
    """What came of it. `result` is JSON text; `interrupted`: nobody knows whether it was done."""

    outcome: Literal["finished", "failed", "interrupted"]
    result: str = ""
    reason: str = ""


Progressed = Callable[[str, int, int], Awaitable[None]]
"""How far it is: `text`, `step` of `steps`."""


class Caller(Protocol):
    """Who calls to the outside. Nothing of it raises."""

    @property
    def tools(self) -> Registered:
        """What may be called."""

    async def call(self, errand: Errand, within_s: float, progressed: Progressed) -> Came:
        """Have it done, within so many seconds; tried again where that does no harm. Cancelled: let go of it."""


class CallsNobody:
    """The `Caller` of a hub that has no tools."""

    @property
    def tools(self) -> Registered:
        return {}

    async def call(self, errand: Errand, within_s: float, progressed: Progressed) -> Came:
        return Came("failed", reason="this hub calls nobody")


@dataclass(slots=True)
class _Held:
    """A call that this node runs: whose it was `before`, under which claim it is now, and how to let go of it."""

    tool: str
    before: str
    runner: str
    let_go: Callable[[], object] = lambda: None


class Errands:
    """See the module. `room_at` opens a session for as long as it is needed; `lives` says whether a node does."""

    def __init__(
        self,
        tools: Tools,
        caller: Caller,
        room_at: Callable[[SessionKey], AbstractAsyncContextManager[Room | None]],
        lives: Callable[[str], bool],
    ) -> None:
        self._tools = tools
        self._caller = caller
        self._room_at = room_at
        self._lives = lives
        self._held: dict[tuple[SessionKey, str], _Held] = {}
        self._asked: set[SessionKey] = set()
        self._free = asyncio.Event()
        self._free.set()
        self._draining = False

    # --- what calls for it

    def look(self, room: Room) -> None:
        """Begin what waits, and see to what dead nodes had begun (called by the session's conductor)."""
        if not self._caller.tools:
            return
        asked = _of_the_hub(room.state)
        (self._asked.add if asked else self._asked.discard)(room.key)
        for call in asked:
            if (room.key, call.id) in self._held or self._draining:
                continue
            begun = call.status == "started"
            if begun and self._abandoned(call) and not call.idempotent:
                self._tools.spawn(self._cut_off(room.key, call))
            elif running_rules.waits(call) or (begun and self._abandoned(call)):
                self._begin(room.key, call)

    def look_again(self, room: Room) -> None:
        """With each sweep: whoever ran something may be dead, or there is a place free."""
        if room.key in self._asked:
            self.look(room)

    def watch(self, room: Room) -> None:
        """Events were folded: let go of what is ours no more."""
        if not self._held:
            return
        for (key, id), held in tuple(self._held.items()):
            call = room.state.entries.get(id) if key == room.key else None
            if isinstance(call, ToolCall) and not _may_be(call, held):
                held.let_go()

    def forget(self, key: SessionKey) -> None:
        """The session is not open here any more."""
        self._asked.discard(key)

    async def drained(self, patience_s: float) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._free.wait()

    # --- one call

    def _begin(self, key: SessionKey, call: ToolCall) -> None:
        busy = sum(each.tool == call.name for each in self._held.values())
        if call.name in self._caller.tools and busy < AT_ONCE:
            self._free.clear()
            held = self._held[key, call.id] = _Held(call.name, call.runner, self._number())
            self._tools.spawn(self._run(key, call, held))

    def _number(self) -> str:
        return running_rules.claim_of(self._tools.node, self._tools.random_bytes(6).hex())

    def _abandoned(self, call: ToolCall) -> bool:
        """Whether nobody works at it: what is this node's own it would hold."""
        node = running_rules.node_of(call.runner)
        return node == self._tools.node or not self._lives(node)

    async def _run(self, key: SessionKey, call: ToolCall, held: _Held) -> None:
        try:
            async with self._room_at(key) as room:
                if room is not None and await self._claimed(room, call, held.runner):
                    await self._done(room, call, held)
        except (StoreUnavailable, KeysError):
            log.warning("a tool call waits for the store")  # the next sweep looks at it again
        finally:
            self._held.pop((key, call.id), None)
            if not self._held:
                self._free.set()

    async def _claimed(self, room: Room, seen: ToolCall, runner: str) -> bool:
        """Start it, if it is still as it was seen. One that may not be started, for a call of its key was, ends."""
        started = False

        def decide(state: State) -> Decided | Refusal:
            nonlocal started
            call = state.entries.get(seen.id)
            same = isinstance(call, ToolCall) and (call.status, call.runner) == (seen.status, seen.runner)
            if not same or state.ended:
                return NOTHING
            made = decide_batch(state, _as(runner), [c.StartTool(call=seen.id)])
            started = not isinstance(made, Refusal)
            return made if not isinstance(made, Refusal) else _ends(state, seen.id, made.detail)

        answer = await room.settle(PRODUCER, decide)
        return started and isinstance(answer, Done) and answer.count > 0

    async def _done(self, room: Room, call: ToolCall, held: _Held) -> None:
        """Have it done, and write down what came of it, unless it is ours no more."""
        actor, errand = _as(held.runner), errand_of(room.key, call, self._tools.session_now())
        run_ms = call.run_ms or running_rules.RUN_MS
        within_s = (run_ms - min(MARGIN_MS, run_ms // 10)) / 1000

        async def progressed(text: str, step: int, steps: int) -> None:
            said = c.ProgressTool(call=call.id, text=text, step=step, steps=steps)
            with suppress(StoreUnavailable):  # how far it is may be lost; what came of it may not
                await room.settle(PRODUCER, lambda state: _or_nothing(decide_batch(state, actor, [said])))

        async with asyncio.TaskGroup() as group:
            calling = group.create_task(self._caller.call(errand, within_s, progressed))
            held.let_go = calling.cancel
            self.watch(room)  # it may have ended before anybody could let go of it
        if calling.cancelled():
            return
        self._tools.metrics.duties.labels("errand").inc()
        came = calling.result()
        said = c.EndTool(call=call.id, outcome=came.outcome, result=came.result, reason=came.reason)

        async def end() -> None:
            async with self._room_at(room.key) as here:  # the node may have let the first one go meanwhile
                if here is not None:
                    surely(
                        await here.settle(
                            PRODUCER, lambda state: _or_nothing(decide_batch(state, actor, [said]))
                        )
                    )

        await insist(end)

    async def _cut_off(self, key: SessionKey, seen: ToolCall) -> None:
        """Nobody knows whether it was done."""

        def decide(state: State) -> Decided:
            call = state.entries.get(seen.id)
            gone = isinstance(call, ToolCall) and not call.ordinal and call.runner == seen.runner
            return conducted(running_rules.cut_off(seen.id)) if gone and not state.ended else NOTHING

        with suppress(StoreUnavailable, KeysError):  # the next sweep looks at it again
            async with self._room_at(key) as room:
                if room is not None:
                    await room.settle(PRODUCER, decide)


def errand_of(key: SessionKey, call: ToolCall, now: int) -> Errand:
    """What its callee is told of a call. Its name holds the tenant and the session: an agent chooses its keys, and may
    not reach by them what another session had done. Nor what another tool had: a tool with "/" in its name is written
    otherwise, for what comes after it may hold one, too. Others keep the name by which an older hub may have called."""
    tool = f"/{len(call.name)}/{call.name}" if "/" in call.name else call.name
    named = f"{key.tenant}/{key.session}/{tool}/{call.key or call.id}"
    name = hashlib.sha256(named.encode()).hexdigest()[:32]
    return Errand(
        key=f"tool_{name}",
        tool=call.name,
        idempotent=call.idempotent,
        arguments=call.arguments,
        call=call.id,
        session=key.session,
        tenant=key.tenant,
        time=now,
    )


def _of_the_hub(state: State) -> list[ToolCall]:
    entries = state.entries.values()
    return [
        each for each in entries if isinstance(each, ToolCall) and each.runs == "hub" and not each.ordinal
    ]


def _may_be(call: ToolCall, held: _Held) -> bool:
    """Whether the call may still be ours; that it is, may not have been folded yet."""
    return not call.ordinal and call.runner in (held.before, held.runner)


def _as(runner: str) -> Actor:
    return Actor(HUB, "service", attachment=runner)


def _or_nothing(decided: Decided | Refusal) -> Decided:
    """It is over, or another's: there is nothing to say."""
    return NOTHING if isinstance(decided, Refusal) else decided


def _ends(state: State, call: str, reason: str) -> Decided:
    ended = c.EndTool(call=call, outcome="failed", reason=reason)
    return _or_nothing(decide_batch(state, SERVICE, [ended]))
