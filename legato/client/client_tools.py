"""The tools that a program runs for agents, as a device of its person (`Client.tool`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, Protocol

import msgspec

from legato.client.errands import errands
from legato.client.running import fitted, inside
from legato.errors import Refused, SessionClosed
from legato.session import commands as c
from legato.session.limits import TEXTS
from legato.session.state import State, ToolCall
from legato.wire import down as d

LOST: Final = "whoever ran it knows nothing of it any more"

Runs = Callable[..., Awaitable[Any]]


class Device(Protocol):
    """What the tools need of a `legato.Client`."""

    @property
    def state(self) -> State: ...

    @property
    def attached(self) -> d.Attached | None: ...

    def changes(self) -> AsyncIterator[State]: ...

    async def do(self, *commands: c.Command) -> str: ...


class ClientTools:
    """Runs what is claimed by `errands`, each call as a task of its own, until it is cancelled itself."""

    def __init__(self, session: Device) -> None:
        self._session = session
        self._functions: dict[str, Runs] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._settled: set[str] = set()
        self._said: tuple[str, ...] | None = None
        self._group: asyncio.TaskGroup | None = None

    def __bool__(self) -> bool:
        return bool(self._functions)

    def add(self, name: str, function: Runs) -> None:
        """`function` is how this program runs the tool of that name."""
        self._functions[name] = function
        if self._group is not None:
            self._look(self._session.state, self._group)

    async def run(self) -> None:
        """See the class."""
        try:
            async with asyncio.TaskGroup() as self._group:
                async for state in self._session.changes():
                    self._look(state, self._group)
        except* SessionClosed:
            pass  # whoever uses the session hears of it there
        finally:
            self._group = None

    def _look(self, state: State, group: asyncio.TaskGroup) -> None:
        attached = self._session.attached
        if attached is None:
            return
        found = errands(state, attached.attachment, self._functions, self._running)
        if found.announce is not None and found.announce != self._said:
            self._said = found.announce
            group.create_task(self._tell(c.AnnounceTools(tools=found.announce)))
        elif found.announce is None:
            self._said = None
        for call in found.over:
            self._running.pop(call).cancel()
        self._settled &= state.entries.keys()
        for call in (each for each in found.abandon if each not in self._settled):
            self._settled.add(call)
            group.create_task(self._tell(c.EndTool(call=call, outcome="interrupted", reason=LOST)))
        for call in (each for each in found.claim if each not in self._settled):
            entry = state.entries[call]
            assert isinstance(entry, ToolCall)
            self._running[call] = task = group.create_task(self._work(entry))
            task.add_done_callback(lambda _, call=call: self._settled.add(call))  # type: ignore[misc]

    async def _tell(self, command: c.Command) -> bool:
        """Whether it was taken."""
        try:
            await self._session.do(command)
        except Refused:
            return False
        return True

    async def _work(self, call: ToolCall) -> None:
        if not await self._tell(c.StartTool(call=call.id)):
            return  # another was quicker
        function = self._functions[call.name]
        try:
            arguments = msgspec.json.decode(call.arguments or "{}", type=dict[str, Any])
            with inside(self._session, call.id, call.key):
                result = msgspec.json.encode(await function(**fitted(function, arguments))).decode()
        except (SessionClosed, asyncio.CancelledError):
            raise
        except Exception as problem:  # noqa: BLE001 - whatever a user's tool raises is that call's end
            end = c.EndTool(call=call.id, outcome="failed", reason=type(problem).__name__)
        else:
            end = c.EndTool(call=call.id, result=result)
            if len(result) > TEXTS["result"]:
                end = c.EndTool(call=call.id, outcome="failed", reason="its result is too long")
        await self._tell(end)
