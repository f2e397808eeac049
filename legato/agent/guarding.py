"""An author's handler may raise whatever: it is logged, and the session goes on."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from legato.errors import Refused, SessionClosed

log = logging.getLogger("legato.agent")


async def guarded(work: Awaitable[object]) -> None:
    """Await it; raises nothing. That our own session is closed, whoever waits for its changes hears of, too."""
    try:
        await work
    except Refused as refused:  # somebody was quicker, or the session went on meanwhile
        log.info("refused", extra={"reason": refused.refusal.reason})
    except SessionClosed as closed:
        log.info("a session was closed to a handler", extra={"reason": closed.reason})
    except Exception as problem:  # of one session out of many
        log.exception("a handler failed", extra={"problem": type(problem).__name__})


async def called(handler: Callable[..., Awaitable[None]], *values: object) -> None:
    """Call it when this is awaited: then what cannot be called with these fails where it is guarded."""
    await handler(*values)
