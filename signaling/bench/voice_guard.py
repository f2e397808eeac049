"""`bench voice`, the hub's part of a call: what calls cost, what the hub adds to a frame, what noise can do to both.

Who calls is a process of its own (`signaling.bench.crowd`); the hub is a node as it is served, without speech engines,
with its ring in the store. Beside it, in the same run, the same calls at stock aiortc, which decodes and encodes.
"""

from __future__ import annotations

import asyncio
import tempfile
from typing import Final

from signaling.bench.calls import USED, WARM_S, ask, beside, crowded, hear, played, tell, unread
from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.plan import Plan
from signaling.bench.rig import Child, Rig, resident_kb, started
from signaling.bench.voice_added import measure_added

LEAST_CALLS: Final = 500
LEAST_BY_STOCK: Final = 15
KEPT: Final = 0.95
MOST_KB: Final = 200
GAP_MS: Final = 40
MOST_BACK: Final = 3
"""Times the bytes that an address sent which nobody has proven to be a caller's."""

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
    async with crowded(rig, node, plan.calls) as crowd:
        before = resident_kb(node.pid)
        set_up = await ask(crowd, {"do": "call"})
        port = (await ask(crowd, {"do": "where"}))["port"]
        full = unread(port)
        cost, kept = await played(crowd, node, plan.play_s)
        heard = 1 - (unread(port) - full) / (plan.calls * 50 * (plan.play_s + 2 * WARM_S))
        kb = (resident_kb(node.pid) - before) / plan.calls
        added = await measure_added(rig, node, plan)
    ours = cost / plan.calls
    aiortc = await started("aiortc", "media.bench.stock")
    stock, _ = await beside(plan, "stock aiortc", aiortc, plan.stock_calls)
    return [
        Figure("call_set_up_ms", "ms", set_up["took"]),
        Value("call_cpu_ms", ours * 1000),
        Value("calls_per_core", USED / ours, least=LEAST_CALLS),
        Value("calls_per_core_aiortc", USED / stock),
        Value("calls_by_aiortc", stock / ours, least=LEAST_BY_STOCK),
        Value("call_frames_kept", kept, least=KEPT),
        Value("call_frames_heard", heard, least=KEPT),
        Value("call_kb", kb, MOST_KB),
        *added,
    ]


async def _under_noise(rig: Rig, node: Child, plan: Plan) -> list[Result]:
    """Innocent calls, first alone (the floor), then while somebody sprays and others set calls up."""
    plan.says(f"voice: {plan.innocent} calls beside {plan.spray_rate} packets of noise a second")
    async with crowded(rig, node, plan.innocent) as crowd, crowded(rig, node, CALLERS) as callers:
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
