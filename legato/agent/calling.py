"""Tool calls of one turn, each done as often as it may be: whoever answers the turn anew goes on where the log stands.

A call is known by its key: the turn, the tool, its arguments, and how many such calls came before it in the turn. So a
next worker finds what one before it began. A call that ended keeps its end, and is not done again; one that was running
when its worker died is done again, with the same key, if it is idempotent. If not, nobody knows whether it was done:
a person is asked, who has it done again, says that it was done (then there is no result), or gives it up. Where
nobody is to be asked, nobody answers, or it is given up, it fails as `unknown`: what follows is the handler's to say.

A call that a client or the hub runs is waited for, over crashes of the agent, too. When the client is gone for good, or
nobody knows what became of what the hub called, the call has ended `interrupted`, and another one of its key is made by
the same rules. Whether the hub's tools may be done again, its operator says: what stands in the log counts.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from legato.agent.tools import Tool
from legato.client import Client
from legato.client.running import inside
from legato.errors import Refused, ToolFailed
from legato.session import commands as c
from legato.session.limits import TEXTS
from legato.session.state import State, ToolCall

MOST_RUNNERS: Final = 8
"""Clients that are gone before one is asked in vain."""

ARGUMENTS_TOO_LONG: Final = "its arguments are too long"
RESULT_TOO_LONG: Final = "its result is too long"


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
        if len(arguments) > TEXTS["arguments"]:
            raise ToolFailed("failed", ARGUMENTS_TOO_LONG)
        key = self._next_key(tool, arguments)
        known = found(self._session.state, key)
        if known is not None and known.ordinal and known.status != "interrupted":
            return _recorded(tool, known)
        if tool.runs:
            return await self._elsewhere(tool, arguments, key, values)
        unknown = self._unknown(tool, key, known)
        open_call = known.id if known is not None and not known.ordinal else ""
        call = open_call or await self._request(tool, arguments, key, values, unknown=unknown)
        if unknown or tool.approval:
            decided = await self._until(call, lambda each: each.status != "requested" or not each.approval)
            if decided is not None and decided.ordinal:
                return _recorded(tool, decided)
        return await self._done(tool, call, key, values)

    async def _elsewhere(self, tool: Tool, arguments: str, key: str, values: dict[str, Any]) -> Any:
        """Somebody else does it, who may be gone before it is done."""
        try:
            tool.convert(values)
        except msgspec.ValidationError as problem:
            raise ToolFailed("failed", str(problem)) from problem
        for _ in range(MOST_RUNNERS):
            known = found(self._session.state, key)
            if known is not None and not known.ordinal:
                call = known.id
            else:
                unknown = self._unknown(tool, key, known)
                call = await self._request(tool, arguments, key, values, unknown=unknown)
            ended = await self._until(call, lambda each: each.ordinal > 0)
            if ended is not None and ended.status != "interrupted":
                return _recorded(tool, ended)
        raise ToolFailed("failed", "whoever began it was gone each time")

    def _unknown(self, tool: Tool, key: str, known: ToolCall | None) -> bool:
        """Whether a person is to be asked if it was done. Raises `ToolFailed` where nobody is."""
        said = known if known is not None and known.runs == "hub" else tool
        unknown = not said.idempotent and self._was_started(key)
        if unknown and not tool.in_doubt:
            raise ToolFailed("unknown", "it was running when its worker died: it may have been done")
        return unknown

    async def _done(self, tool: Tool, call: str, key: str, values: dict[str, Any]) -> Any:
        session = self._session
        try:
            await session.do(c.StartTool(call=call))
            with inside(session, call, key):
                result = await tool.function(**tool.convert(values))
            told = msgspec.json.encode(result).decode()
        except (asyncio.CancelledError, Refused, ToolFailed):
            raise
        except Exception as problem:  # whatever a user's tool raises is that call's end
            await session.do(c.EndTool(call=call, outcome="failed", reason=type(problem).__name__))
            raise ToolFailed("failed", str(problem)) from problem
        if len(told) > TEXTS["result"]:  # the log would not take it, and the call never end
            await session.do(c.EndTool(call=call, outcome="failed", reason=RESULT_TOO_LONG))
            raise ToolFailed("failed", RESULT_TOO_LONG)
        await session.do(c.EndTool(call=call, result=told))
        return result

    def _next_key(self, tool: Tool, arguments: str) -> str:
        said = f"{self._turn}{self._part}\0{tool.name}\0{arguments}"
        before, self._made[said] = self._made[said], self._made[said] + 1
        return hashlib.sha256(f"{said}\0{before}".encode()).hexdigest()[:32]

    def _was_started(self, key: str) -> bool:
        turn = self._session.state.turns.get(self._turn)
        return turn is not None and key in turn.started

    async def _request(
        self, tool: Tool, arguments: str, key: str, values: dict[str, Any], *, unknown: bool
    ) -> str:
        call = self._session.new_id("c")
        policy = "" if unknown else tool.policy(values)
        asked = tool.in_doubt if unknown else "" if policy else tool.approval
        await self._session.do(
            c.RequestTool(
                call=call,
                name=tool.name,
                arguments=arguments,
                response=self._response,
                key=key,
                idempotent=tool.idempotent,
                approval=asked,
                policy=policy,
                approval_ms=round(tool.approval_s * 1000) if asked else 0,
                unknown=unknown,
                runs=tool.runs,
                claim_ms=round(tool.claim_s * 1000) if tool.runs else 0,
            )
        )
        return call

    async def _until(self, call: str, so: Callable[[ToolCall], bool]) -> ToolCall | None:
        """The call, once it is so, or has ended."""

        seen = False

        def come(state: State) -> bool:
            nonlocal seen
            entry = state.entries.get(call)
            if not isinstance(entry, ToolCall):
                return seen  # it is not there yet, or no more
            seen = True
            return so(entry)

        entry = (await self._session.until(come)).entries.get(call)
        return entry if isinstance(entry, ToolCall) else None


def _recorded(tool: Tool, call: ToolCall) -> Any:
    if call.status != "finished":
        raise ToolFailed(
            "unknown" if call.unknown and call.status == "cancelled" else call.status, call.reason
        )
    if not call.result:
        return None
    try:
        result = msgspec.json.decode(call.result)
        return tool.returned(result) if tool.runs else result
    except msgspec.DecodeError as problem:  # whoever ran it gave something else than was declared
        raise ToolFailed("failed", str(problem)) from problem
