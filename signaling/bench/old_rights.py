"""Who has a right no more goes on by the doors: workers that gave a session up, operators who gave the answering on.

Two connections to a session, at two nodes, hold its right by turns. Whoever does not hold it sends all the same: before
it is theirs, right behind what gave it away, and after another has it. So what is refused is refused by a node that
knows of the change, or by the store where the node does not yet. Then the log is read: what only a holder may write
must be the holder's of that moment.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import msgspec

from legato.session.actors import WORKER, agents_participant
from legato.session.events import Role
from legato.session.tickets import ANY_SESSION
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig
from signaling.bench.wire_client import WireClient, open_wire
from signaling.bench.written import written

AGENT: Final = "zombie"
RIGHT: Final = WORKER + AGENT
ANSWER_S: Final = 20.0
AT_ONCE: Final = 8
"""Sessions in which it is tried at a time."""

ROUNDS: Final = 8
"""Changes of the holder in one session. All that one connection sends then is a burst that it may have."""

EACH: Final = 12
"""Batches of one connection before, behind and after a change; with all three a producer has 37 in flight."""

BEAT_S: Final = 0.3
AGAIN_S: Final = 0.01
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode

Events = Sequence[Mapping[str, Any]]


class Knocker:
    """A connection of `name` that sends batches; each answer is "" (accepted) or the reason of a refusal."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wire: WireClient | None = None
        self._answers: dict[int, asyncio.Future[str]] = {}
        self._numbers = itertools.count(1)

    async def attach(self, rig: Rig, node: int, session: str, participant: str, role: Role) -> None:
        """Come to a session at that node. Raises `ConnectionError`, `TimeoutError`."""
        first: dict[str, object] = {
            "type": "attach", "v": 1, "ticket": rig.ticket(session, participant, role), "producer": self.name,
        }  # fmt: skip
        await self._begin(rig, node, first | ({"worker": self.name} if role == "agent" else {}))

    async def work(self, rig: Rig, node: int) -> None:
        """Beat at that node as a worker that takes nothing, until cancelled."""
        ticket = rig.ticket(ANY_SESSION, agents_participant(AGENT), "agent")
        first: dict[str, object] = {
            "type": "work", "v": 1, "ticket": ticket, "name": AGENT, "worker": self.name, "capacity": 0,
        }  # fmt: skip
        await self._begin(rig, node, first)
        assert self._wire is not None
        while True:
            self._wire.send(_encode({"type": "ping"}))
            await asyncio.sleep(BEAT_S)

    async def _begin(self, rig: Rig, node: int, first: Mapping[str, object]) -> None:
        self._wire = await open_wire("127.0.0.1", rig.ports()[node], self._received)
        self._wire.send(_encode(first))
        async with asyncio.timeout(ANSWER_S):
            await self.let_in

    def do(self, command: Mapping[str, object]) -> Awaitable[str]:
        """Send a batch of one; what becomes of it."""
        assert self._wire is not None
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._wire.send(_encode({"type": "do", "seq": number, "commands": [command]}))
        return answer

    def write(self, make: Callable[[str], Mapping[str, object]]) -> list[Awaitable[str]]:
        """So many of a kind, each with a name of its own that says who wrote it."""
        return [self.do(make(f"x.{self.name}.{next(_names)}")) for _ in range(EACH)]

    async def until_done(self, command: Mapping[str, object]) -> None:
        """Send it until it is accepted: the node may not know yet that it may be. Raises `TimeoutError`."""
        async with asyncio.timeout(ANSWER_S):
            while await self.do(command):  # noqa: ASYNC110 — another process learns of it
                await asyncio.sleep(AGAIN_S)

    def close(self) -> None:
        """Go without a word."""
        if self._wire is not None:
            self._wire.abort()

    def _received(self, text: bytes) -> None:
        told = _decode(text)
        match told["type"]:
            case "attached" | "working":
                self.let_in.set_result(None)
            case "acks":
                for sequence, *_ in told["acks"]:
                    self._answers.pop(sequence).set_result("")
            case "refused":
                self._answers.pop(told["seq"]).set_result(str(told["reason"]))


_names: Final = itertools.count(1)


async def try_doors(rig: Rig, plan: Plan) -> dict[str, tuple[int, int]]:
    """Of workers and of operators: how many were tried and refused, and how many the log has all the same."""
    await rig.at_least(2)
    told = dict[str, tuple[int, int]]()
    async with AsyncExitStack() as stack:
        for place in range(2):  # workers that never beat lose their rights to nobody
            worker = Knocker(f"w{place}")
            stack.callback(worker.close)
            stack.callback(asyncio.ensure_future(worker.work(rig, place)).cancel)
            async with asyncio.timeout(ANSWER_S):
                await asyncio.shield(worker.let_in)
        told["worker"] = await _tried(rig, plan, "worker", _workers, written_by_old_workers)
    told["operator"] = await _tried(rig, plan, "operator", _operators, done_by_old_operators)
    return told


async def _tried(
    rig: Rig,
    plan: Plan,
    who: str,
    reign: Callable[[Rig, str], Awaitable[int]],
    usurped: Callable[[Events], int],
) -> tuple[int, int]:
    tried = accepted = 0
    while tried < plan.stale_at_doors:
        plan.says(f"agents: {tried} of {plan.stale_at_doors} stale writes of an old {who}")
        sessions = [f"s_o{rig.rng.getrandbits(80):x}" for _ in range(AT_ONCE)]
        await rig.create(sessions)
        tried += sum(await asyncio.gather(*(reign(rig, session) for session in sessions)))
        logs = await asyncio.gather(*(_log(rig, session) for session in sessions))
        accepted += sum(usurped(events) for events in logs)
    return tried, accepted


async def _two(stack: AsyncExitStack, rig: Rig, session: str, role: Role) -> list[Knocker]:
    """One at each of two nodes: workers of one agent, or two operators."""
    two = [Knocker(f"w{place}") for place in range(2)]
    for place, each in enumerate(two):
        stack.callback(each.close)
        who = agents_participant(AGENT) if role == "agent" else f"p_{session}.{each.name}"
        await each.attach(rig, place, session, who, role)
    return two


async def _workers(rig: Rig, session: str) -> int:
    def post(name: str) -> dict[str, object]:
        return {"type": "post_message", "message": name, "parts": [{"text": "x"}]}

    async with AsyncExitStack() as stack:
        holder, other = await _two(stack, rig, session, "agent")
        await holder.until_done({"type": "accept_session", "right": RIGHT, "worker": holder.name})
        tried = 0
        for change in range(ROUNDS):
            stale, fair = other.write(post), holder.write(post)
            given = holder.do({"type": "release_right", "right": RIGHT, "token": 2 * change + 1})
            stale += holder.write(post)
            if refused := await given:
                raise RuntimeError(f"the right was not released: {refused}")
            await other.until_done({"type": "accept_session", "right": RIGHT, "worker": other.name})
            stale, fair = stale + holder.write(post), fair + other.write(post)
            tried += await _refused(stale, fair)
            holder, other = other, holder
        return tried


async def _operators(rig: Rig, session: str) -> int:
    def promise(name: str) -> dict[str, object]:
        return {"type": "make_promise", "promise": name, "text": "x"}

    async with AsyncExitStack() as stack:
        holder, other = await _two(stack, rig, session, "operator")
        await holder.until_done({"type": "take_over"})
        tried = 0
        for _ in range(ROUNDS):
            stale, fair = other.write(promise), holder.write(promise)
            transfer = {"type": "transfer", "to": f"p_{session}.{other.name}"}
            given = holder.do(transfer)
            stale += holder.write(promise)
            if await given:  # the node did not know of the other's coming
                await holder.until_done(transfer)
            stale += [holder.do({"type": kind}) for kind in ("hand_back", "hold_users", "hand_back")]
            stale, fair = stale + holder.write(promise), fair + other.write(promise)
            tried += await _refused(stale, fair)
            holder, other = other, holder
        return tried


async def _refused(stale: list[Awaitable[str]], fair: list[Awaitable[str]]) -> int:
    """How many of the stale ones were refused, once all are answered. What was sent too fast was not tried."""
    async with asyncio.timeout(ANSWER_S):
        answers = await asyncio.gather(*stale)
        await asyncio.gather(*fair)
    return sum(reason not in ("", "too_fast") for reason in answers)


async def _log(rig: Rig, session: str) -> Events:
    ticket = rig.ticket(ANY_SESSION, "p_bench", "supervisor")
    return await written(f"http://127.0.0.1:{rig.ports()[0]}", session, ticket)


def written_by_old_workers(events: Events) -> int:
    """Messages of a worker while another, or nobody, had the right."""
    holder, found = "", 0
    for event in events:
        if event["type"] in ("right_granted", "right_released") and event["right"] == RIGHT:
            holder = event.get("worker", "")
        elif event["type"] == "message_posted":
            found += event["message"].split(".")[1] != holder
    return found


def done_by_old_operators(events: Events) -> int:
    """Promises of somebody who did not answer, and answering that they gave on, or back."""
    responder, found = "", 0
    for event in events:
        if event["type"] == "responder_changed":
            found += event["reason"] in ("transferred", "handed_back") and event["by"] != responder
            responder = event["participant"]
        elif event["type"] in ("promise_made", "users_held"):
            found += event["by"] != responder
    return found
