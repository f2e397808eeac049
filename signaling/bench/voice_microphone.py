"""`bench voice`, the acknowledged microphone: what was said during an outage, looked for in the recording.

People who say pilots (`signaling.bench.pilots`), one each 20 ms, are cut off for five seconds in mid speech, all
their connections at once, and go on saying them. Afterwards each one's recording is fetched, and every pilot of it is
read: whether it is there, there once, and at its place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from aiohttp import ClientSession

from legato.client import Client
from legato.client.microphone import Microphone
from legato.client.playout import FRAME
from signaling.bench.figures import Figure, Result, Value
from signaling.bench.outage import Outage
from signaling.bench.pilots import Heard, judged, pilot, pilots_in
from signaling.bench.plan import Plan
from signaling.bench.rig import Child, Rig

PILOT_S: Final = 0.02
AROUND_S: Final = 1.5
"""Seconds of speech before the outage, and after it."""

SAFE_S: Final = 30.0


async def measure_voice_microphone(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run."""
    if not rig.nodes:
        await rig.start_node()
    node = rig.nodes[0]
    plan.says(f"voice: {plan.tunnels} people in an outage of {plan.tunnel_s:g} s")
    sessions = [f"s_m{rig.rng.getrandbits(80):x}" for _ in range(plan.tunnels)]
    await rig.create(sessions)
    back = Figure("gap_audio_back_ms", "ms")
    async with Outage(node.port).open() as outage, asyncio.TaskGroup() as people:
        cut = people.create_task(_cut(outage, plan.tunnel_s))
        said = [people.create_task(_person(rig, node, session, outage, cut, plan)) for session in sessions]
    found: list[Heard] = []
    for one in said:
        heard, took = one.result()
        found.append(heard)
        back.samples.append(took)
    return [*_values(found), back]


def _values(found: Sequence[Heard]) -> list[Result]:
    sent = sum(heard.sent for heard in found)
    wrong = sum(len(heard.doubled) + len(heard.misplaced) for heard in found)
    return [
        Value("gap_audio_recovered", sum(heard.kept for heard in found) / sent, least=1.0),
        Value("gap_audio_wrong", wrong, most=0),
    ]


async def _cut(outage: Outage, seconds: float) -> float:
    """When it was over."""
    await asyncio.sleep(AROUND_S)
    outage.begin()
    await asyncio.sleep(seconds)
    outage.end()
    return time.perf_counter()


async def _person(
    rig: Rig, node: Child, session: str, outage: Outage, cut: asyncio.Task[float], plan: Plan
) -> tuple[Heard, float]:
    """What became of the pilots said during the outage, and ms from its end until all of them were safe."""
    ticket = rig.ticket(session, "p_ada")
    first, last = round(AROUND_S / PILOT_S), round((AROUND_S + plan.tunnel_s) / PILOT_S)
    async with (
        Client(f"http://127.0.0.1:{outage.own}", ticket=ticket) as person,
        person.microphone() as mic,
        asyncio.TaskGroup() as waiting,
    ):
        safe_at = waiting.create_task(_safe(mic, last * FRAME))
        began = asyncio.get_running_loop().time()
        for number in range(last + first):
            mic.send(pilot(number))
            await asyncio.sleep(max(0.0, began + (number + 1) * PILOT_S - asyncio.get_running_loop().time()))
        await mic.settled(SAFE_S)
        took = (safe_at.result() - cut.result()) * 1000
        places = pilots_in(await recording(rig, node, session, mic.track))
    whole = judged(places, range(last + first))
    inside = judged(places, range(first, last))
    outside = [number for number in whole.misplaced if not first <= number < last]
    return Heard(inside.sent, inside.kept, inside.lost, whole.doubled, (*inside.misplaced, *outside)), took


async def _safe(mic: Microphone, media_time: int) -> float:
    """When everything before that media time was safe."""
    await mic.reached(media_time, SAFE_S + AROUND_S)
    return time.perf_counter()


async def recording(rig: Rig, node: Child, session: str, track: str) -> bytes:
    """The track as Ogg/Opus."""
    headers = {"Authorization": f"Bearer {rig.ticket(session, 'p_boss', 'supervisor')}"}
    url = f"http://127.0.0.1:{node.port}/v1/sessions/{session}/recording"
    async with ClientSession() as http, http.get(url, params={"track": track}, headers=headers) as answer:
        answer.raise_for_status()
        return await answer.read()
