"""Tool calls of one turn, each done as often as it may be: whoever answers the turn anew goes on where the log stands.

A call is known by its key: the turn, the tool, its arguments, and how many such calls came before it in the turn. So a
next worker finds what one before it began. A call that ended keeps its end, and is not done again; one that was running
when its worker died is done again, with the same key, if it is idempotent. If not, nobody knows whether it was done:
a person is asked, who has it done again, says that it was done (then there is no result), or gives it up. Where
nobody is to be asked, nobody answers, or it is given up, it fails as `unknown`: what follows is the handler's to say.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final

import msgspec

from legato.agent.tools import Tool
from legato.client import Client
from legato.errors import Refused, ToolFailed
from legato.session import commands as c
from legato.session.state import State, ToolCall

_key: Final[ContextVar[str]] = ContextVar("legato_call_key", default="")

_told: Final[ContextVar[tuple[Client, str] | None]] = ContextVar("legato_call", default=None)
"""Where the call that is being done stands."""


def call_key() -> str:
    """The key of the tool call that is being done, for a callee that does nothing twice under one key ("" outside of
    a tool). It is the same when the call is done again after a crash."""
    return _key.get()


async def progress(text: str = "", *, step: int = 0, steps: int = 0) -> None:
    """Inside a tool: say how far it is, in words and as `step` of `steps`. Everybody sees it on the call, so that a
    long one does not look like a crash. Outside of a tool nothing happens."""
    told = _told.get()
    if told is not None:
        session, call = told
        await session.do(c.ProgressTool(call=call, text=text, step=step, steps=steps))


def found(state: State, key: str) -> ToolCall | None:
    """The newest call with that key that the state still holds."""
    calls = (entry for entry in state.entries.values() if isinstance(entry, ToolCall) and entry.key == key)
    return max(calls, key=lambda call: call.at, default=None)


class Calls:
    """See the module. Raises `ToolFailed` for every end but `finished`."""

    def __init__(
        self, session: Client, turn: str, response: str, tools: Mapping[str, Tool], part: str = ""
    ) -> None:
        """Within `response`; `part` tells the parts of an answer apart, whose calls come in any order."""
        self._session, self._turn, self._response, self._tools = session, turn, response, tools
        self._part = part
        self._made: Counter[str] = Counter()

    async def call(self, name: str, values: dict[str, Any]) -> Any:
        """Do it, unless it was done already: then its result."""
        tool = self._tools[name]
        arguments = msgspec.json.encode(values, order="deterministic").decode()
        key = self._next_key(tool, arguments)
        known = found(self._session.state, key)
        if known is not None and known.ordinal and known.status != "interrupted":
            return _recorded(known)
        unknown = not tool.idempotent and self._was_started(key)
        if unknown and not tool.in_doubt:
            raise ToolFailed("unknown", "it was running when its worker died: it may have been done")
        open_call = known.id if known is not None and not known.ordinal else ""
        call = open_call or await self._request(tool, arguments, key, unknown=unknown)
        if unknown or tool.approval:
            decided = await self._decided(call)
            if decided is not None and decided.ordinal:
                return _recorded(decided)
        return await self._done(tool, call, key, values)

    async def _done(self, tool: Tool, call: str, key: str, values: dict[str, Any]) -> Any:
        session = self._session
        token, told = _key.set(key), _told.set((session, call))
        try:
            await session.do(c.StartTool(call=call))
            result = await tool.function(**tool.convert(values))
        except (asyncio.CancelledError, Refused, ToolFailed):
            raise
        except Exception as problem:  # whatever a user's tool raises is that call's end
            await session.do(c.EndTool(call=call, outcome="failed", reason=type(problem).__name__))
            raise ToolFailed("failed", str(problem)) from problem
        finally:
            _key.reset(token)
            _told.reset(told)
        await session.do(c.EndTool(call=call, result=msgspec.json.encode(result).decode()))
        return result

    def _next_key(self, tool: Tool, arguments: str) -> str:
        said = f"{self._turn}{self._part}\0{tool.name}\0{arguments}"
        before, self._made[said] = self._made[said], self._made[said] + 1
        return hashlib.sha256(f"{said}\0{before}".encode()).hexdigest()[:32]

    def _was_started(self, key: str) -> bool:
        turn = self._session.state.turns.get(self._turn)
        return turn is not None and key in turn.started

    async def _request(self, tool: Tool, arguments: str, key: str, *, unknown: bool) -> str:
        call = self._session.new_id("c")
        await self._session.do(
            c.RequestTool(
                call=call,
                name=tool.name,
                arguments=arguments,
                response=self._response,
                key=key,
                idempotent=tool.idempotent,
                approval=tool.in_doubt if unknown else tool.approval,
                unknown=unknown,
            )
        )
        return call

    async def _decided(self, call: str) -> ToolCall | None:
        """The call, once somebody or time has decided about it."""

        def decided(state: State) -> bool:
            entry = state.entries.get(call)
            return not isinstance(entry, ToolCall) or entry.status != "requested"

        entry = (await self._session.until(decided)).entries.get(call)
        return entry if isinstance(entry, ToolCall) else None


def _recorded(call: ToolCall) -> Any:
    if call.status != "finished":
        raise ToolFailed(
            "unknown" if call.unknown and call.status == "cancelled" else call.status, call.reason
        )
    return msgspec.json.decode(call.result) if call.result else None
