"""`bench voice`, the hub's part of a call: what calls cost, what the hub adds to a frame, what noise can do to both.

Who calls is a process of its own (`signaling.bench.crowd`); the hub is a node as it is served, without speech engines,
with its ring in the store. Beside it, in the same run, the same calls at stock aiortc, which decodes and encodes.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.plan import Plan
from signaling.bench.rig import Child, Rig, cpu_seconds, resident_kb, started
from signaling.bench.voice_added import measure_added

USED: Final = 0.7
"""Of a core, when it counts as full."""
LEAST_CALLS: Final = 500
LEAST_BY_STOCK: Final = 15
KEPT: Final = 0.95
MOST_KB: Final = 200
GAP_MS: Final = 40
MOST_BACK: Final = 3
"""Times the bytes that an address sent which nobody has proven to be a caller's."""

WARM_S: Final = 1.0
CALLERS: Final = 20
"""Phones from which new calls are made beside the noise, by one process: a new one each would have the same cores."""


async def measure_voice_guard(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run."""
    if not rig.nodes:
        await rig.start_node()
    node = rig.nodes[0]
    return [*await _capacity(rig, node, plan), *await _under_noise(rig, node, plan)]


async def _capacity(rig: Rig, node: Child, plan: Plan) -> list[Result]:
    plan.says(f"voice: {plan.calls} calls at once")
    async with _crowd(rig, node, plan.calls) as crowd:
        before = resident_kb(node.pid)
        set_up = await ask(crowd, {"do": "call"})
        cost, kept = await _played(crowd, node, plan.play_s)
        kb = (resident_kb(node.pid) - before) / plan.calls
        added = await measure_added(rig, node, plan)
    ours = cost / plan.calls
    stock = await _stock(plan)
    return [
        Figure("call_set_up_ms", "ms", set_up["took"]),
        Value("call_cpu_ms", ours * 1000),
        Value("calls_per_core", USED / ours, least=LEAST_CALLS),
        Value("calls_per_core_aiortc", USED / stock),
        Value("calls_by_aiortc", stock / ours, least=LEAST_BY_STOCK),
        Value("call_frames_kept", kept, least=KEPT),
        Value("call_kb", kb, MOST_KB),
        *added,
    ]


async def _played(crowd: Child, peer: Child, seconds: float) -> tuple[float, float]:
    """What the peer uses of a core while all play, and the share of its frames that came."""
    await tell(crowd, {"do": "play", "seconds": seconds + 2 * WARM_S})
    count = (await hear(crowd))["playing"]
    await asyncio.sleep(WARM_S)
    used, began = cpu_seconds(peer.pid), time.perf_counter()
    await asyncio.sleep(seconds)
    cost = (cpu_seconds(peer.pid) - used) / (time.perf_counter() - began)
    done = await hear(crowd)
    return cost, done["came"] / (count * 50 * (seconds + 2 * WARM_S))


async def _stock(plan: Plan) -> float:
    """Cores that one call costs stock aiortc."""
    plan.says(f"voice: {plan.stock_calls} calls at stock aiortc")
    peer = await started("aiortc", "media.bench.stock")
    crowd = await started("crowd", "signaling.bench.crowd")
    try:
        offers = (await ask(crowd, {"do": "offers", "count": plan.stock_calls}))["offers"]
        answers = (await ask(peer, {"offers": offers}))["answers"]
        await ask(crowd, {"do": "answers", "answers": answers})
        return (await _played(crowd, peer, plan.play_s))[0] / plan.stock_calls
    finally:
        await crowd.end()
        await peer.end()


async def _under_noise(rig: Rig, node: Child, plan: Plan) -> list[Result]:
    """Innocent calls, first alone (the floor), then while somebody sprays and others set calls up."""
    plan.says(f"voice: {plan.innocent} calls beside {plan.spray_rate} packets of noise a second")
    async with _crowd(rig, node, plan.innocent) as crowd, _crowd(rig, node, CALLERS) as callers:
        await ask(crowd, {"do": "call"})
        await tell(crowd, {"do": "play", "seconds": plan.play_s, "timed": True})
        await hear(crowd)
        floor = (await hear(crowd))["gaps"]
        media = (await ask(crowd, {"do": "where"}))["port"]
        overheard = (await ask(crowd, {"do": "overheard"}))["datagrams"]
        before = resident_kb(node.pid)
        await tell(crowd, {"do": "play", "seconds": plan.spray_s, "timed": True})
        await hear(crowd)
        sprayer = await _sprayer(media, plan, overheard)
        set_ups = await ask(callers, {"do": "set_ups", "seconds": plan.spray_s * 0.8})
        noise, heard = await hear(sprayer), await hear(crowd)
        grown = resident_kb(node.pid) - before
        await sprayer.end()
    return [
        Figure("spray_gap_ms", "ms", heard["gaps"], floor, (Bar(100, GAP_MS),)),
        Figure("spray_set_up_ms", "ms", set_ups["took"]),
        Value("spray_failed_set_ups", set_ups["failed"], 0),
        Value("spray_bytes_back", noise["back"], 0),
        Value("spray_packets", noise["sent"]),
        Value("spray_replayed", noise["replayed"]),
        Value("spray_replay_times_back", noise["times"], MOST_BACK),
        Value("spray_grown_kb", grown),
    ]


async def _sprayer(media: int, plan: Plan, overheard: list[str]) -> Child:
    """Somebody who sprays the media port, and sends again what was overheard."""
    with tempfile.NamedTemporaryFile("w", prefix="legato-overheard-") as file:
        await asyncio.to_thread(file.write, "\n".join(overheard))
        await asyncio.to_thread(file.flush)
        arguments = (str(media), str(plan.spray_rate), str(plan.spray_s), file.name)
        return await started("sprayer", "signaling.bench.sprayer", *arguments)


@asynccontextmanager
async def _crowd(rig: Rig, node: Child, count: int) -> AsyncIterator[Child]:
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
