"""Many calls at once, for whoever measures them: a crowd (`signaling.bench.crowd`) and what its calls cost a peer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from signaling.bench.plan import Plan
from signaling.bench.rig import Child, Rig, cpu_seconds, started

USED: Final = 0.7
"""Of a core, when it counts as full."""

WARM_S: Final = 1.0


@asynccontextmanager
async def crowded(rig: Rig, node: Child, count: int) -> AsyncIterator[Child]:
    """So many people attached at the node, each in a session of their own."""
    sessions = [f"s_v{rig.rng.getrandbits(80):x}" for _ in range(count)]
    await rig.create(sessions)
    crowd = await started("crowd", "signaling.bench.crowd")
    try:
        who = [[session, rig.ticket(session, "p_ada")] for session in sessions]
        await ask(crowd, {"do": "attach", "port": node.port, "who": who})
        yield crowd
    finally:
        await crowd.end()


async def played(crowd: Child, peer: Child, seconds: float) -> tuple[float, float]:
    """What the peer uses of a core while all play, and the share of its frames that came."""
    await tell(crowd, {"do": "play", "seconds": seconds + 2 * WARM_S})
    count = (await hear(crowd))["playing"]
    await asyncio.sleep(WARM_S)
    used, began = cpu_seconds(peer.pid), time.perf_counter()
    await asyncio.sleep(seconds)
    cost = (cpu_seconds(peer.pid) - used) / (time.perf_counter() - began)
    done = await hear(crowd)
    return cost, done["came"] / (count * 50 * (seconds + 2 * WARM_S))


def unread(port: int) -> int:
    """Datagrams that this UDP port of this machine had no room for since it was opened (Linux; 0 elsewhere)."""
    dropped = 0
    for table in (Path("/proc/net/udp"), Path("/proc/net/udp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            words = line.split()
            if int(words[1].rpartition(":")[2], 16) == port:
                dropped += int(words[-1])
    return dropped


async def beside(plan: Plan, name: str, peer: Child, count: int) -> tuple[float, float]:
    """Cores that each of `count` calls costs a peer, and the share of its frames that came; the peer is ended."""
    plan.says(f"voice: {count} calls at {name}")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(peer.end)
        crowd = await started("crowd", "signaling.bench.crowd")
        stack.push_async_callback(crowd.end)
        offers = (await ask(crowd, {"do": "offers", "count": count}))["offers"]
        answers = (await ask(peer, {"offers": offers}))["answers"]
        await ask(crowd, {"do": "answers", "answers": answers})
        cost, kept = await played(crowd, peer, plan.play_s)
    return cost / count, kept


async def tell(child: Child, order: dict[str, Any]) -> None:
    """Give an order to a process of ours."""
    stdin = child.process.stdin
    assert stdin is not None
    stdin.write(json.dumps(order).encode() + b"\n")
    await stdin.drain()


async def hear(child: Child) -> dict[str, Any]:
    """What it says next. Raises `RuntimeError` if it ended instead."""
    stdout = child.process.stdout
    assert stdout is not None
    parts: list[bytes] = []
    while not parts or not parts[-1].endswith(b"\n"):
        parts.append(await stdout.read(1 << 20))
        if not parts[-1]:
            raise RuntimeError(f"the {child.name} ended")
    said: dict[str, Any] = json.loads(b"".join(parts))
    return said


async def ask(child: Child, order: dict[str, Any]) -> dict[str, Any]:
    """Give an order, and hear what came of it."""
    await tell(child, order)
    return await hear(child)
