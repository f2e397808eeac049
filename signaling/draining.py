"""What a node does when it is to stop: everybody is sent elsewhere, and it leaves when they have gone."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from hub.node.node import Node
from signaling.hall import Hall

log: Final = logging.getLogger("legato.serve")

SPREAD_MS: Final = 2_000
"""Over how long those who are told to go elsewhere are spread."""


async def drain(hall: Hall, node: Node, patience_s: float) -> None:
    """Send everybody elsewhere, and wait until they have gone, at most so long; then settle what is in flight."""
    log.info("draining", extra={"connections": len(hall)})
    hall.drain(SPREAD_MS)
    try:
        async with asyncio.timeout(patience_s):
            await hall.emptied()
    except TimeoutError:
        log.info("closing those who have not gone", extra={"connections": len(hall)})
    await hall.close()
    await node.drain()
