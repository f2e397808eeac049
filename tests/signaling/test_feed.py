"""What a console is told of the queue and the board as they change, and with which rights."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from hub.store.promise import SessionKey
from tests.signaling.doors import Doors, doors
from tests.signaling.test_board import do, queue, wanted
from tests.signaling.test_http import ask, boss

SESSIONS = tuple(SessionKey("main", name) for name in ("s_1", "s_2", "s_3"))
PATIENCE_S = 30


class Told:
    """A stream, read to its next news."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def line(self) -> bytes:
        """The next that is not empty; nothing: the stream is over."""
        async with asyncio.timeout(PATIENCE_S):
            while (line := await self._answer.content.readline()) == b"\n":
                pass
        return line

    async def news(self) -> dict[str, Any] | None:
        """What changed next; None: the stream is over."""
        while line := await self.line():
            if line.startswith(b"data:"):
                return dict(json.loads(line[5:]))
        return None

    async def until_waits(self, *sessions: str) -> None:
        """The queue is these, in this order."""
        while (news := await self.news()) is not None:
            if [row["session"] for row in news.get("queue", {}).get("sessions", [])] == list(sessions):
                return
        raise AssertionError("it ended")


@asynccontextmanager
async def told(here: Doors, ticket: str, query: str = "") -> AsyncIterator[Told]:
    headers = {"Authorization": f"Bearer {ticket}"}
    async with aiohttp.ClientSession() as http, http.get(f"{here.url}/v1/feed{query}", headers=headers) as it:
        assert it.status == 200, await it.text()
        assert it.headers["Content-Type"].startswith("text/event-stream")
        yield Told(it)


async def test_a_console_is_told_all_once_and_then_what_changed() -> None:
    async with doors(sessions=SESSIONS) as here, told(here, boss(here)) as feed:
        first = await feed.news()
        assert first is not None
        assert sorted(first) == ["board", "operators", "queue"]
        assert {row["session"] for row in first["board"]["sessions"]} == {"s_1", "s_2", "s_3"}
        assert (await do(here, "s_2", boss(here), wanted("q_2")))[0] == 200
        await feed.until_waits("s_2")
        while await feed.line() != b": beat\n":  # once nothing goes on
            pass


async def test_it_tells_no_more_than_the_three_verbs_would() -> None:
    async with doors(sessions=SESSIONS) as here:
        for session, skill in (("s_1", "billing"), ("s_2", "sales")):
            assert (await do(here, session, boss(here), wanted(f"q_{session}", skill=skill)))[0] == 200
        await queue(here, 2)
        for ticket in (here.ticket(), here.ticket("p_o", "operator", "s_1"), here.ticket("p_b", "observer")):
            assert (await ask(here, "GET", "/v1/feed", ticket))[0] == 403
        for query in ("?pages=0", "?pages=11", "?pages=x"):
            assert (await ask(here, "GET", f"/v1/feed{query}", boss(here)))[0] == 400
        olga = here.ticket("p_olga", "operator", "*", skills=["billing"])
        async with told(here, olga) as feed:
            first = await feed.news()
            assert first is not None
            assert [row["session"] for row in first["queue"]["sessions"]] == ["s_1"]
            assert "operators" not in first, "who helps is for supervisors"


@pytest.mark.parametrize("how", ["called back", "drains"])
async def test_a_stream_ends_with_its_ticket_and_with_its_node(how: str) -> None:
    async with doors(sessions=SESSIONS) as here:
        olga = here.ticket("p_olga", "operator", "*", more=["mint"], id="j_olga")
        async with told(here, olga) as feed:
            assert await feed.news() is not None
            if how == "drains":
                here.hall.drain(0)
            else:
                status, answer = await ask(here, "POST", "/v1/tickets/revoke", boss(here), {"id": "j_olga"})
                assert status == 200, answer
            while await feed.news() is not None:
                pass
