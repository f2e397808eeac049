"""An agent that works while a test goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import legato


@asynccontextmanager
async def at_work(agent: legato.Agent, url: str, ticket: str) -> AsyncIterator[None]:
    """It takes sessions from the hub inside."""
    task = asyncio.create_task(agent.work(url, ticket=ticket))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
