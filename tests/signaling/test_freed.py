"""A connection that is over is freed at once, and does not wait for the collector."""

from __future__ import annotations

import asyncio
import gc
import weakref

from signaling.connection.machine import Connection
from tests.signaling.doors import WAIT_S, ClientKey, Page, doors


async def test_a_connection_that_ended_is_freed_without_a_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        async with doors() as here:
            async with Page.attached(here, key=ClientKey().jwk) as page:
                await page.acked(await page.post("hello"))
                (line,) = here.hall
                kept, machine = weakref.ref(line), id(line.machine)
                del line
            async with asyncio.timeout(WAIT_S):
                while kept() is not None:  # noqa: ASYNC110 — the last of its tasks ends by itself
                    await asyncio.sleep(0.01)
            assert machine not in {id(each) for each in gc.get_objects() if type(each) is Connection}
    finally:
        gc.enable()
