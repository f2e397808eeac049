"""`bench agents`: what people notice of their agent's fate.

Two workers of one agent at every time, several people in sessions of their own, each of whom is being answered
without end. Workers are killed (`kill -9`) and frozen (`SIGSTOP`) in mid answer, answers are cancelled, nodes are
killed; `old_words_after_token` counts words of a worker after another had its token, zombies that wake included.
Parts of their own: many sessions wait for an agent at once (`dispatching`), dead workers write into a log (`zombies`).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final

from signaling.bench.asker import Asker, asker
from signaling.bench.chatterer import AGENT
from signaling.bench.crew import Crew
from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig

SETTLED_S: Final = 0.3
"""Between the last word that was waited for and the next fault."""

ZOMBIE_S: Final = 0.5
"""What a worker that wakes has to try and go on."""


async def measure_agents(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run."""
    await rig.at_least(plan.nodes)
    results: list[Result] = []
    async with AsyncExitStack() as stack:
        crew = Crew(rig, "signaling.bench.chatterer", AGENT)
        stack.push_async_callback(crew.end)
        await crew.fill()
        people = [await asker(stack, rig, number) for number in range(plan.people)]
        for each in people:
            await each.until_told("")
        results += await _workers_killed(crew, people, plan)
        results += await _workers_frozen(crew, people, plan)
        results += await _cancelled(people, plan)
        results += await _nodes_killed(rig, people, plan)
        results.append(Value("old_words_after_token", sum(each.stray for each in people), 0))
    return results


def _busiest(people: Sequence[Asker]) -> tuple[str, list[Asker]]:
    """The worker that answers most, and whom."""
    victim = Counter(each.speaker for each in people).most_common(1)[0][0]
    cut = [each for each in people if each.speaker == victim]
    for each in cut:
        each.unreachable_at = 0.0
    return victim, cut


async def _struck(people: Sequence[Asker], strike: Callable[[str], object]) -> tuple[float, list[Asker]]:
    """Strike the worker that answers most: when that was, and whom it answered, who are told and answered anew."""
    await asyncio.sleep(SETTLED_S)
    victim, cut = _busiest(people)
    at = time.perf_counter()
    strike(victim)
    for each in cut:
        await each.until_told(victim)
    return at, cut


async def _workers_killed(crew: Crew, people: Sequence[Asker], plan: Plan) -> list[Result]:
    crashes = Figure("crash_event_ms", "ms", bars=(Bar(99, 250),))
    recoveries = Figure("agent_recovery_ms", "ms", bars=(Bar(90, 750),))
    while len(crashes.samples) < plan.kills:
        plan.says(f"agents: {len(crashes.samples)} of {plan.kills} answers cut")
        killed, cut = await _struck(people, crew.kill)
        crashes.samples += [1000 * (each.unreachable_at - killed) for each in cut]
        recoveries.samples += [1000 * (each.spoke_at - killed) for each in cut]
        await crew.fill()
    return [crashes, recoveries]


async def _workers_frozen(crew: Crew, people: Sequence[Asker], plan: Plan) -> list[Result]:
    """A worker that holds its connections and says nothing; when another answers, it wakes and tries to go on."""
    silence = Figure("black_hole_event_ms", "ms", bars=(Bar(99, 3_000),))
    while len(silence.samples) < plan.freezes:
        plan.says(f"agents: {len(silence.samples)} of {plan.freezes} answers fallen silent")
        frozen, cut = await _struck(people, crew.freeze)
        silence.samples += [1000 * (each.unreachable_at - frozen) for each in cut]
        crew.wake()
        await asyncio.sleep(ZOMBIE_S)
    return [silence]


async def _cancelled(people: Sequence[Asker], plan: Plan) -> list[Result]:
    """From the person's command until the agent's generator is closed, and until they are told that it ended."""
    closed = Figure("cancel_ms", "ms", bars=(Bar(90, 200),))
    told = Figure("cancel_told_ms", "ms")
    plan.says(f"agents: {plan.cancels} answers cancelled")
    while len(closed.samples) < plan.cancels:
        for each in people:
            until_closed, until_told = await each.cancel()
            closed.samples.append(1000 * until_closed)
            told.samples.append(1000 * until_told)
    return [closed, told]


async def _nodes_killed(rig: Rig, people: Sequence[Asker], plan: Plan) -> list[Result]:
    """Nodes die one after another, and come back under the same address; no answer may be cut by that."""
    for each in people:
        each.crashes = each.cut = 0
        each.longest = each.heard_at = 0.0
    for number in range(plan.node_kills):
        plan.says(f"agents: {number} of {plan.node_kills} nodes killed")
        await asyncio.sleep(SETTLED_S)
        await rig.replace_node(number % len(rig.nodes))
        after = time.perf_counter()
        for each in people:
            await each.until_a_word(after)
    gaps = Figure("node_kill_gap_ms", "ms", [1000 * each.longest for each in people])
    crashes, cut = sum(each.crashes for each in people), sum(each.cut for each in people)
    return [gaps, Value("node_kill_crashes", crashes, 0), Value("node_kill_cuts", cut, 0)]
