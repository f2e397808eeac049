"""Inside a tool, in an agent's process or a client's: the key of the call that is being done, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, Protocol, get_type_hints

import msgspec

from legato.session import commands as c

_key: Final[ContextVar[str]] = ContextVar("legato_call_key", default="")


class Session(Protocol):
    """Where a call stands."""

    async def do(self, *commands: c.Command) -> str: ...


_told: Final[ContextVar[tuple[Session, str] | None]] = ContextVar("legato_call", default=None)
"""Where the call that is being done stands."""


def call_key() -> str:
    """The key of the tool call that is being done, for a callee that does nothing twice under one key ("" outside of
    a tool). It is the same when the call is done again after a crash."""
    return _key.get()


async def progress(text: str = "", *, step: int = 0, steps: int = 0, eta_s: float = 0.0) -> None:
    """Inside a tool: say how far it is, in words, as `step` of `steps`, and in how many seconds it may be done.
    Everybody sees it on the call, so that a long one does not look like a crash; each time all of it is said anew.
    Outside of a tool nothing happens."""
    told = _told.get()
    if told is not None:
        session, call = told
        eta_ms = round(eta_s * 1000)
        await session.do(c.ProgressTool(call=call, text=text, step=step, steps=steps, eta_ms=eta_ms))


@contextmanager
def inside(session: Session, call: str, key: str) -> Iterator[None]:
    """Within, the call is being done."""
    token, told = _key.set(key), _told.set((session, call))
    try:
        yield
    finally:
        _key.reset(token)
        _told.reset(told)


def fitted(function: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as the function's annotations want them. Raises `msgspec.ValidationError`."""
    hints = get_type_hints(function)
    return {
        name: msgspec.convert(value, hints.get(name, Any), strict=False) for name, value in arguments.items()
    }
