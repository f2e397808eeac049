"""`bench join`: somebody new comes to a session of 100 000 events, and to one of 1 000.

Both hold messages of 48 deltas that are over, as a conversation does; only their number differs. From before the TCP
connection until the session's state is here, at a node that has the session closed (it reads it from the store), the
two lengths in turn so that both see the same machine. `join_first_bytes` is the largest first envelope of all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from signaling.bench.figures import Figure, Result, Value, percentile
from signaling.bench.plan import Plan
from signaling.bench.reconnect import ROOM_CLOSES_MS, TIDIED_S
from signaling.bench.rig import Rig
from signaling.bench.visitor import Visitor, fill

MOST_RATIO: Final = 1.5
MOST_BYTES: Final = 100_000
DELTAS: Final = 48
TEXT: Final = "and then a few words "


async def measure_join(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run. The sessions stay on the store for the next one."""
    if not rig.nodes:
        for _ in range(plan.nodes):
            await rig.start_node(ROOM_CLOSES_MS)
    if not rig.long:
        plan.says(f"join: {plan.copies} sessions of {plan.long} events, and of {plan.short}")
        rig.long = [f"s_l{rig.rng.getrandbits(80):x}" for _ in range(plan.copies)]
        rig.short = [f"s_s{rig.rng.getrandbits(80):x}" for _ in range(plan.copies)]
        await rig.create([*rig.long, *rig.short])
        await asyncio.gather(
            *(_talk(rig, plan.long, name, node) for node, name in enumerate(rig.long)),
            *(_talk(rig, plan.short, name, node) for node, name in enumerate(rig.short)),
        )
    plan.says(f"join: {plan.joins} join each")
    took, sizes = await _join(rig, plan, (rig.long, rig.short))
    return [
        Figure("join_long_ms", "ms", took[0]),
        Figure("join_short_ms", "ms", took[1]),
        Value("join_ratio_time", percentile(took[0], 50) / percentile(took[1], 50), MOST_RATIO),
        Value("join_ratio_bytes", percentile(sizes[0], 50) / percentile(sizes[1], 50), MOST_RATIO),
        Value("join_first_bytes", max(*sizes[0], *sizes[1]), MOST_BYTES),
    ]


async def _talk(rig: Rig, events: int, session: str, node: int) -> None:
    """Bring so many events into the session's log: messages that grow and end."""
    speaker = Visitor()
    await speaker.attach(rig.nodes[node % len(rig.nodes)].port, rig.ticket(session, "p_ada"))
    await fill(speaker, [_message(f"m_{i}") for i in range(events // (DELTAS + 2))])
    await speaker.leave()


def _message(name: str) -> bytes:
    """One batch: a message from its start to its end."""
    message = name.encode()
    grow = b'{"type":"grow_message","message":"%b","index":%d,"text":"%b"}'
    commands = [b'{"type":"start_message","message":"%b"}' % message]
    commands += [grow % (message, i, TEXT.encode()) for i in range(DELTAS)]
    commands += [b'{"type":"end_message","message":"%b"}' % message]
    return b"[" + b",".join(commands) + b"]"


async def _join(
    rig: Rig, plan: Plan, sessions: tuple[Sequence[str], Sequence[str]]
) -> tuple[tuple[list[float], list[float]], tuple[list[float], list[float]]]:
    """Times and sizes of the first envelope, of the long ones and of the short ones."""
    took: tuple[list[float], list[float]] = ([], [])
    sizes: tuple[list[float], list[float]] = ([], [])
    last: dict[tuple[str, int], float] = {}
    await asyncio.sleep(TIDIED_S)
    for turn in range(plan.joins):
        port = rig.nodes[turn % len(rig.nodes)].port
        for length in (0, 1) if turn % 2 else (1, 0):
            session = sessions[length][turn // len(rig.nodes) % len(sessions[length])]
            await asyncio.sleep(max(0.0, last.get((session, port), 0.0) + TIDIED_S - time.monotonic()))
            visitor = Visitor()
            took[length].append(await visitor.attach(port, rig.ticket(session, "p_new")))
            sizes[length].append(float(visitor.welcome_bytes))
            await visitor.leave()
            last[session, port] = time.monotonic()
    return took, sizes
