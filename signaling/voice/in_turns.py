"""What came before there was anybody to take it, handed on without making everybody else wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_turns(waiting: deque[T], take: Callable[[T], object], goes_on: Callable[[], bool]) -> None:
    """Hand on what waits, a piece in each pass of the loop: it may be seconds of sound, and to decode or to code them
    at once takes longer than a call may be made to wait. What is added meanwhile comes last; ends early when it no
    longer `goes_on`."""
    while waiting and goes_on():
        take(waiting.popleft())
        await asyncio.sleep(0)
