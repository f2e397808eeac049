"""A store that does not answer for seconds, under sessions that workers have: nobody of them may be taken for dead."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from typing import Final

from hub.store.promise import SessionKey
from hub.store.real import RealStore
from legato.session.actors import WORKER
from legato.session.ids import MAIN
from signaling.bench.figures import Result, Value
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig

FIRST: Final = 1
"""The number of a right that nobody lost."""


async def measure_stall(
    rig: Rig, plan: Plan, store: RealStore, sessions: Sequence[str], agent: str
) -> list[Result]:
    """Stop the store, let it go on, and count the sessions whose worker lost its right. Not measured on a store that
    was not started here."""
    if not rig.store_pid:
        return []
    plan.says(f"agents: a store that stalls for {plan.stall_s} s, {len(sessions)} sessions that workers have")
    os.kill(rig.store_pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(plan.stall_s)
    finally:
        os.kill(rig.store_pid, signal.SIGCONT)
    await asyncio.sleep(plan.stall_s)  # whoever holds somebody for dead has said so by then
    lost = await lost_rights(store, sessions, agent)
    return [Value("stall_leased", len(sessions)), Value("false_crashes_stall", len(lost), 0)]


async def lost_rights(store: RealStore, sessions: Sequence[str], agent: str) -> list[str]:
    """Those where this agent's worker does not hold the right that it was given first."""
    return [session for session in sessions if await _number(store, session, agent) != FIRST]


async def _number(store: RealStore, session: str, agent: str) -> int:
    joined = await store.join(SessionKey(MAIN, session))
    assert joined is not None
    return joined.rights.get(WORKER + agent, 0)
