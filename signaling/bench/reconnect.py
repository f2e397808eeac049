"""`bench reconnect`: people who were away while much was said come back, one by one and all at once.

`resume_ws_ms`: from before the TCP connection until everything missed is here. While they were away, 10 000 deltas
were said; the store holds 10 000 sessions; the node they come to has the session closed (the nodes in turn), so it
must read it from the store: what they find after the death of a node. `resume_warm_ws_ms`: the node has it open.

`idle_client_kb`: what the node's resident memory grows by for each further client of an open session (eight share
one) that is attached and silent; `idle_client_alone_kb`: for one with a session of its own, which is opened for it.
`storm_ms`: all of these lose their connections and come back in the same moment.

The floors: the TCP connection, the upgrade and one message through a bare echo, one by one and all at once.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from hub.keys.positions import unverified
from legato.client.key import ClientKey
from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.plan import Plan
from signaling.bench.rig import Child, Rig, resident_kb, started
from signaling.bench.visitor import HOST, NotDelivered, Refused, Visitor, fill
from signaling.bench.wire_client import open_wire

RESUME_BARS: Final = (Bar(99, 25.0),)
MOST_IDLE_KB: Final = 20.0
ROOM_CLOSES_MS: Final = 200
TIDIED_S: Final = 1.6
"""A room is closed by now: nobody has needed it for `ROOM_CLOSES_MS`, and rooms are tidied every second."""

BATCH: Final = 64
WORD: Final = "word "
FILLING_AT_ONCE: Final = 4
OPENING_AT_ONCE: Final = 32
SPARE_DESCRIPTORS: Final = 200
STORM_S: Final = 120.0
AGAIN_S: Final = 0.1
EACH: Final = 8
"""Idle clients that share a session."""

STILL_HERE_S: Final = 2.5


async def measure_reconnect(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run. The sessions stay on the store for the next one."""
    if not rig.nodes:
        for _ in range(plan.nodes):
            await rig.start_node(ROOM_CLOSES_MS)
    names = rig.crowd or [f"s_r{rig.rng.getrandbits(80):x}" for _ in range(plan.sessions)]
    if not rig.crowd:
        plan.says(f"reconnect: {len(names)} sessions on the store")
        await rig.create(names)
        rig.crowd = names
    key = ClientKey()
    away = names[: plan.returning]
    plan.says(f"reconnect: {len(away)} people miss {plan.missed} deltas each")
    people = [await _misses(rig, plan, key, name) for name in away]
    cold, warm = await _come_back(rig, plan, people)
    floor = await _floor(plan)
    crowd = await _crowd(rig, plan, key, names[plan.returning :])
    return [
        Figure("resume_ws_ms", "ms", cold, floor, RESUME_BARS),
        Figure("resume_warm_ws_ms", "ms", warm, floor),
        Value("idle_client_kb", crowd.further, MOST_IDLE_KB),
        Value("idle_client_alone_kb", crowd.alone),
        Figure("storm_ms", "ms", crowd.storm, crowd.floor),
        Value("storm_clients", len(crowd.storm)),
    ]


class Away:
    """Somebody who was in a session, kept `position` and a ticket, and went."""

    def __init__(self, visitor: Visitor, position: str) -> None:
        self.visitor = visitor
        self.position = position
        self.tail = 0

    async def come_back(self, port: int) -> float:
        """Resume from where this one went, and vanish; the ms until the last missed event was here."""
        took = await self.visitor.come_back(port, self.position)
        self.visitor.vanish()
        if unverified(self.visitor.position).offset < self.tail:
            raise NotDelivered("the last missed event did not come")
        return took


async def _misses(rig: Rig, plan: Plan, key: ClientKey, session: str) -> Away:
    """Attach and go; then somebody else says much in one message."""
    visitor = Visitor(key)
    await visitor.attach(rig.nodes[0].port, rig.ticket(session, "p_ada"))
    away = Away(visitor, visitor.position)
    visitor.vanish()
    message = f"m_{rig.rng.getrandbits(60):x}"
    speaker = Visitor(producer=f"w_{message}")
    await speaker.attach(rig.nodes[0].port, rig.ticket(session, "p_bob"))
    await fill(speaker, [_start(message), *_deltas(message, plan.missed)])
    away.tail = speaker.last_offset
    await speaker.leave()
    return away


def _start(message: str) -> bytes:
    return b'[{"type":"start_message","message":"%b"}]' % message.encode()


def _deltas(message: str, count: int) -> list[bytes]:
    """Batches that grow the message by so many deltas."""
    command = b'{"type":"grow_message","message":"%b","index":%d,"text":"%b"}'
    each = [command % (message.encode(), i, WORD.encode()) for i in range(count)]
    return [b"[" + b",".join(each[i : i + BATCH]) + b"]" for i in range(0, count, BATCH)]


async def _come_back(rig: Rig, plan: Plan, people: Sequence[Away]) -> tuple[list[float], list[float]]:
    """Everybody in turn, at the nodes in turn: to a node where the session is closed, and to one where it is open."""
    plan.says(f"reconnect: {plan.samples} come back one by one")
    cold: list[float] = []
    warm: list[float] = []
    last: dict[tuple[int, int], float] = {}
    await asyncio.sleep(TIDIED_S)
    while len(cold) < plan.samples:
        for node, port in enumerate(child.port for child in rig.nodes):
            for number, away in enumerate(people):
                wait = last.get((number, node), 0.0) + TIDIED_S - time.monotonic()
                await asyncio.sleep(max(0.0, wait))
                cold.append(await away.come_back(port))
                warm.append(await away.come_back(port))
                last[number, node] = time.monotonic()
    return cold[: plan.samples], warm[: plan.samples]


async def _floor(plan: Plan) -> list[float]:
    echo = await started("echo", "signaling.bench.floor")
    try:
        return [await _echoed(echo) for _ in range(plan.samples)]
    finally:
        await echo.end()


async def _echoed(echo: Child) -> float:
    """Connect, upgrade, one message there and back."""
    back: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    began = time.perf_counter()
    wire = await open_wire(HOST, echo.port, lambda raw: back.set_result(None))
    wire.send(b"." * 1_200)
    await back
    took = (time.perf_counter() - began) * 1000
    wire.abort()
    return took


@dataclass(slots=True)
class _Crowd:
    """What idle clients cost, in kB, and how long each takes when all come back at once, with the floor's."""

    further: float = 0.0
    alone: float = 0.0
    storm: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)


async def _crowd(rig: Rig, plan: Plan, key: ClientKey, names: Sequence[str]) -> _Crowd:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_DESCRIPTORS
    count = max(1, min(plan.idle // EACH, most // EACH, len(names) // 2))
    plan.says(f"reconnect: {count * EACH} idle clients in {count} sessions")
    found, node = _Crowd(), await rig.start_node()
    try:
        # What a first client makes a process load is not what each one costs.
        warming = await _attached(rig, node, key, names[count : count + 50], ["p_idle"])
        await _stay(warming)
        before = resident_kb(node.pid)
        idle = await _attached(rig, node, key, names[:count], ["p_idle"])
        await _stay([*idle, *warming])
        opened = resident_kb(node.pid)
        idle += await _attached(rig, node, key, names[:count], [f"p_idle{i}" for i in range(1, EACH)])
        await _stay([*idle, *warming])
        found.alone = (opened - before) / count
        found.further = (resident_kb(node.pid) - opened) / (count * (EACH - 1))
        for visitor in warming:
            visitor.vanish()
        plan.says(f"reconnect: {len(idle)} come back at once")
        found.storm = await _storm(idle, node)
        for visitor in idle:
            visitor.vanish()
    finally:
        rig.nodes.remove(node)
        await node.end()
    found.floor = await _storm_floor(len(idle))
    return found


async def _attached(
    rig: Rig, node: Child, key: ClientKey, names: Sequence[str], people: Sequence[str]
) -> list[Visitor]:
    """All of these people, in all of these sessions."""
    turns = asyncio.Semaphore(OPENING_AT_ONCE)

    async def attach(name: str, person: str) -> Visitor:
        async with turns:
            visitor = Visitor(key)
            await visitor.attach(node.port, rig.ticket(name, person))
            return visitor

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(attach(name, person)) for name in names for person in people]
    return [task.result() for task in tasks]


async def _stay(visitors: Sequence[Visitor]) -> None:
    """Be there, silently but for the sign of life, until the node is quiet again."""
    for _ in range(2):
        for visitor in visitors:
            visitor.ping()
        await asyncio.sleep(STILL_HERE_S)


async def _storm(visitors: Sequence[Visitor], node: Child) -> list[float]:
    for visitor in visitors:
        visitor.vanish()
    await asyncio.sleep(0.05)
    return await asyncio.gather(*(_insists(visitor, node) for visitor in visitors))


async def _insists(visitor: Visitor, node: Child) -> float:
    """Come back, again if the node has no room yet; the ms since the first try."""
    began = time.perf_counter()
    async with asyncio.timeout(STORM_S):
        while True:
            try:
                await visitor.come_back(node.port, visitor.position)
                return (time.perf_counter() - began) * 1000
            except (ConnectionError, Refused):
                await asyncio.sleep(AGAIN_S)


async def _storm_floor(count: int) -> list[float]:
    echo = await started("echo", "signaling.bench.floor")
    try:
        return await asyncio.gather(*(_echoed(echo) for _ in range(count)))
    finally:
        with suppress(ProcessLookupError):
            await echo.end()
