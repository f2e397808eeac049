"""`bench voice --peer NAME`: what a call costs the hub and a peer of another project, by the same callers.

The hub passes Opus on where nobody needs samples; a pipeline decodes all that it hears and encodes all that it says.
That is the difference that is measured, beside what else each does for a call: it is as both are used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from signaling.bench.calls import USED, ask, beside, crowded, played
from signaling.bench.figures import Result, Value
from signaling.bench.peers import FOLDER, PEERS, start_peer
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig

KEPT: Final = 0.95


async def measure_voice_peers(rig: Rig, plan: Plan, folder: Path = FOLDER) -> list[Result]:
    """The figures of one run; none if no peer is asked for."""
    if not plan.peers:
        return []
    if not rig.nodes:
        await rig.start_node()
    plan.says(f"voice: {plan.calls} calls at once, beside peers")
    async with crowded(rig, rig.nodes[0], plan.calls) as crowd:
        await ask(crowd, {"do": "call"})
        cost, kept = await played(crowd, rig.nodes[0], plan.play_s)
    ours = cost / plan.calls
    results: list[Result] = [
        Value("calls_per_core_beside", USED / ours),
        Value("calls_beside_kept", kept, least=KEPT),
    ]
    for name in plan.peers:
        peer = await start_peer(name, plan.says, folder)
        theirs, came = await beside(plan, name, peer, plan.peer_calls)
        results += [
            Value(f"calls_per_core_{name}", USED / theirs),
            Value(f"calls_by_{name}", theirs / ours, least=PEERS[name]),
            Value(f"calls_{name}_kept", came, least=KEPT),
        ]
    return results
