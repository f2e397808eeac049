"""Agents and people whose ways to the hub lose one packet in ten: slow is not dead, and nobody may be taken for it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from random import Random
from typing import Final

from signaling.bench.asker import asker
from signaling.bench.chatterer import AGENT
from signaling.bench.crew import Crew
from signaling.bench.figures import Result, Value
from signaling.bench.lossy import Lossy
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig

LOSE: Final = 0.1


async def measure_bad_path(rig: Rig, plan: Plan) -> list[Result]:
    """Crashes that people are told of while each worker and each of them is on such a way for `rough_s` seconds, and
    how often a worker's connection was closed meanwhile; the words that came say that somebody was there to crash."""
    if not plan.rough_s:
        return []
    await rig.at_least(plan.nodes)
    plan.says(f"agents: {plan.people} people and their workers on paths that lose a tenth, {plan.rough_s} s")
    async with AsyncExitStack() as stack:
        ways = [
            await stack.enter_async_context(Lossy(node.port, LOSE, Random(place)).open())
            for place, node in enumerate(rig.nodes)
        ]
        ports = [way.port for way in ways]
        crew = Crew(rig, "signaling.bench.chatterer", AGENT, ports)
        stack.push_async_callback(crew.end)
        await crew.fill()
        people = [await asker(stack, rig, number, ports) for number in range(plan.people)]
        for each in people:
            await each.until_told("")
            each.crashes = each.unreachable = each.words = 0
        await asyncio.sleep(plan.rough_s)
        crashes = sum(each.crashes for each in people)
        closed = sum(each.unreachable for each in people)
        silent = sum(not each.words for each in people)
    lost = sum(way.lost for way in ways) / max(1, sum(way.sent for way in ways))
    return [
        Value("false_crashes_bad_path", crashes, 0),
        Value("bad_path_unreachable", closed),
        Value("bad_path_silent", silent, 0),
        Value("bad_path_lost", lost, least=LOSE / 2),
    ]
