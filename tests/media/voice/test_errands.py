"""What nobody waits for fails where somebody can see it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from hub.store.promise import StoreUnavailable
from media.voice.errands import Errands


async def test_what_goes_wrong_is_told_and_ends_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    errands, done = Errands(), asyncio.Event()

    async def fails(problem: Exception) -> None:
        raise problem

    async def works() -> None:
        done.set()

    with caplog.at_level(logging.INFO, "legato.voice"):
        errands.spawn(fails(StoreUnavailable()))
        errands.spawn(fails(ValueError("of nobody's making")))
        errands.spawn(works())
        await asyncio.wait_for(done.wait(), 30)
        await errands.cancel()
    assert [record.getMessage() for record in caplog.records] == ["voice lost the store", "voice failed"]


async def test_what_is_still_being_done_ends_with_its_owner() -> None:
    errands, ended = Errands(), asyncio.Event()

    async def lasts() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    errands.spawn(lasts())
    await asyncio.sleep(0)
    await errands.cancel()
    assert ended.is_set()
