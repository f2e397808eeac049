"""Words that an author's handler yields, read so that it is left at once: a generator that its reader only drops is
closed some time later, and goes on holding its model's connection until then."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def reading(words: AsyncIterable[str]) -> AsyncIterator[AsyncIterable[str]]:
    """The words; a generator is closed, its `finally` run, when the block is left, however it is left."""
    try:
        yield words
    finally:
        close = getattr(words, "aclose", None)  # an iterator that is no generator has nothing to close
        if close is not None:
            await close()


async def heed(work: Any, say: Callable[[str], Awaitable[None]]) -> None:
    """Do what a handler returned: a coroutine, or an async generator whose words are to be said."""
    if not hasattr(work, "__aiter__"):
        await work
        return
    async with reading(work) as words:
        async for each in words:
            await say(each)
