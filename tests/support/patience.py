"""A wait that ends, and says what it waited for and what was there instead.

    async with patience(20, "two notifications", lambda: page.evaluate("shown")):
        ...

`Reader.until` and its like for a page, and `comes` for a client's state, stand on it.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import legato
from legato.session.state import State

PATIENCE_S: Final = 30.0
ASKED_S: Final = 2.0
"""How long somebody whose patience ran out may still take to say what is there."""

LOOK_MS: Final = 20
STANDS: Final = """(() => {
  const view = globalThis.legato?.view;
  const voice = globalThis.legatoVoice?.current;
  const ids = (of) => Object.keys(of ?? {});
  return {
    phase: view?.phase,
    offset: view?.state.offset,
    outgoing: view?.outgoing.length,
    responder: view?.state.responder,
    turns: ids(view?.state.turns),
    responses: ids(view?.state.responses),
    voice: voice && { state: voice.state, way: voice.way, microphone: voice.microphone },
    words: document.body.innerText.replace(/\\s+/g, " ").slice(-300),
  };
})()"""
"""What a page has, in an expression: its session, its voice, the end of what stands on it."""


@asynccontextmanager
async def patience(
    seconds: float, wanted: str, there: Callable[[], Awaitable[object]]
) -> AsyncIterator[None]:
    """Raises `TimeoutError` with what was `wanted` and what was `there`, if what is inside takes longer."""
    try:
        async with asyncio.timeout(seconds) as bound:
            yield
    except TimeoutError:
        if not bound.expired():
            raise
        raise TimeoutError(f"{seconds:g} s for: {wanted}; there was: {await _told(there)}") from None


async def holds(evaluate: Callable[[str], Awaitable[Any]], condition: str, seconds: float) -> None:
    """Wait until the expression is true in a page (whose policy lets no script be made of text: it is asked).
    `evaluate`: the page's way to call a function that is given as text."""
    asked = f"new Promise((next) => setTimeout(next, {LOOK_MS}))"
    async with patience(seconds, condition, lambda: evaluate(f"() => {STANDS}")):
        await evaluate(f"async () => {{ while (!({condition})) await {asked}; }}")


async def comes(
    client: legato.Client, condition: Callable[[State], bool], wanted: str, seconds: float = PATIENCE_S
) -> State:
    """Wait until the condition, which is `wanted` in words, holds of what the client sees."""

    async def there() -> str:
        state, attached = client.state, client.attached is not None
        entries = Counter(f"{type(entry).__name__} {entry.status}" for entry in state.transcript())
        open_ones = {"turns": [*state.turns], "responses": [*state.responses], "entries": entries}
        return f"offset {state.offset}, attached {attached}, responder {state.responder!r}, {open_ones}"

    async with patience(seconds, wanted, there):
        return await client.until(condition)


async def _told(there: Callable[[], Awaitable[object]]) -> str:
    try:
        async with asyncio.timeout(ASKED_S):
            return json.dumps(await there(), ensure_ascii=False, default=repr)
    except Exception as problem:  # noqa: BLE001 - whatever went wrong is what is told
        return f"nobody who says ({problem!r})"
