"""Looks every second whether a node still hears its callers, and says so in the log and the counters."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from hub.metrics import Metrics
from signaling.voice.call_port import CallPort

log: Final = logging.getLogger("legato.voice")

MIND_S: Final = 1.0


async def minding(port: CallPort, metrics: Metrics) -> None:
    """Until cancelled."""
    lost = 0
    while True:
        await asyncio.sleep(MIND_S)
        changed, stats = port.look(), port.stats()
        metrics.calls_lost.inc(stats.lost - lost)
        lost = stats.lost
        if not changed:
            continue
        metrics.calls_full.set(port.full)
        if port.full:
            log.error("sound of callers is lost: no new calls are taken", extra={"calls": stats.calls})
        else:
            log.warning("callers are heard again: calls are taken", extra={"calls": stats.calls})
