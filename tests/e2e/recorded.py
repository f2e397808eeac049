"""A recorded run: clients whose edges are written down, the log read along, and the judge at the end.

async with recorded(folder, hub.url, session) as run:
    ada = await run.client("ada", ticket)
    ...
    await run.judge()
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
from redis.asyncio import Redis

import legato
from legato.client.driver import GetTicket
from legato.session.events import ResponseEnded, ResponseStarted
from legato.session.state import Message, State
from tests.checker.check import Evidence, check, folds_of
from tests.checker.chronicle import Chronicle, follow
from tests.checker.edge import RecordedHttp, watch
from tests.checker.history import Entry, Recorder, load
from tests.checker.lives import texts

AT_REST_S: Final = 20.0


@dataclass
class Run:
    """See the module. `gone`: edges that were killed, and owe nothing any more."""

    folder: Path
    hubs: Sequence[str]
    chronicle: Chronicle
    http: aiohttp.ClientSession
    stack: AsyncExitStack
    clients: dict[str, legato.Client] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)

    async def client(self, name: str, ticket: str | GetTicket, *hubs: str, **options: Any) -> legato.Client:
        """Somebody who attaches, recorded; detaches when the run is over."""
        recorder = self.stack.enter_context(Recorder(self.folder / f"{name}.jsonl", name))
        http = RecordedHttp(self.http, recorder).as_session()
        client = legato.Client(hubs or self.hubs, ticket=ticket, http=http, **options)
        watch(client, recorder)  # before it connects: events may come before whoever waits for that goes on
        self.clients[name] = await self.stack.enter_async_context(client)
        return client

    async def at_rest(self, settled: Callable[[State], bool] = lambda state: True) -> int:
        """Wait until every client has come to one and the same offset, nothing is open, and `settled`."""
        async with asyncio.timeout(AT_REST_S):
            for _ in range(2):
                for client in self.clients.values():
                    await client.until(lambda state: settled(state) and quiet(state))
                newest = max(client.state.offset for client in self.clients.values())
                for client in self.clients.values():
                    await client.until(partial(come_to, newest))
        return newest

    async def judge(self, resting: int = 0) -> list[Entry]:
        """Everything that was seen against the log; the log. Fails with what does not hold."""
        await self.chronicle.read()
        self.entries = await self.chronicle.opened()
        lines = load(sorted(self.folder.glob("*.jsonl")))
        folds = folds_of(self.entries, lines)
        found = check(Evidence(lines, self.entries, folds, frozenset(self.gone), resting))
        assert not found, "\n".join(f"{each.invariant}: {each.detail}" for each in found)
        return self.entries

    def agree_on_texts(self) -> None:
        """Every word that a client holds is the word of the log, byte for byte (a fold of another kind)."""
        log = texts(self.entries)
        for name, client in self.clients.items():
            for entry in client.state.transcript():
                if isinstance(entry, Message):
                    held = "".join(part.text for part in entry.parts)
                    assert (held, entry.status) == log[entry.id], f"{name} holds another text"

    def outcomes(self) -> list[str]:
        """How each answer of the log ended. What an agent says unasked (a greeting) is none."""
        begins, ends = ResponseStarted.__struct_config__.tag, ResponseEnded.__struct_config__.tag
        events = [entry.event for entry in self.entries]
        asked = {event["response"] for event in events if event["type"] == begins and event.get("turn")}
        return [event["outcome"] for event in events if event["type"] == ends and event["response"] in asked]


def come_to(offset: int, state: State) -> bool:
    """Whether the state is as new as that."""
    return state.offset >= offset


def quiet(state: State) -> bool:
    """Nothing is open, and nobody waits for an answer."""
    return not (state.turns or state.responses or state.open_entries())


@asynccontextmanager
async def recorded(
    folder: Path, hubs: Sequence[str], session: str, data: Path, store: Callable[[], Redis]
) -> AsyncIterator[Run]:
    """Record inside; `data`: the hub's folder with its keys, `store`: a client of what serves now."""
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        follow(Chronicle(session, data, store)) as chronicle,
        AsyncExitStack() as stack,
    ):
        yield Run(folder, hubs, chronicle, http, stack)
