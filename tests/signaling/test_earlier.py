"""What was left for the record, as who helps reads it before they answer; and the board in pages."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.store.promise import SessionKey
from tests.signaling.doors import Doors, doors
from tests.signaling.test_board import PATIENCE_S, do
from tests.signaling.test_http import ask, boss

SESSIONS = tuple(SessionKey("main", f"s_{number}") for number in range(1, 6))


async def helped(here: Doors, session: str, promise: str, notes: str) -> None:
    """Olga answers, promises something, hands back and wraps up."""
    olga = here.ticket("p_olga", "operator", "*")
    for number, command in enumerate(
        (
            {"type": "take_over"},
            {"type": "make_promise", "promise": "y_1", "text": promise},
            {"type": "hand_back", "briefing": "calm again"},
            {"type": "wrap_up", "disposition": "sold", "notes": notes},
        )
    ):
        body = {"producer": f"olga{number}", "seq": 1, "commands": [command]}
        status, said = await ask(here, "POST", f"/v1/sessions/{session}/commands", olga, body)
        assert status == 200, said


async def says(here: Doors, session: str, participant: str) -> None:
    command = {"type": "post_message", "message": "m_1", "parts": [{"text": "hello"}]}
    assert (await do(here, session, here.ticket(participant, session=session), command))[0] == 200


async def earlier(here: Doors, session: str, many: int) -> list[Any]:
    """Once so many sessions are in it: the index follows within a second or so."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            status, found = await ask(here, "GET", f"/v1/earlier?session={session}", boss(here))
            assert status == 200
            if len(found["sessions"]) == many:
                return list(found["sessions"])
            await asyncio.sleep(0.1)


async def test_who_helps_reads_what_was_left_and_promised_in_this_session_and_in_others_of_its_user() -> None:
    async with doors(sessions=SESSIONS) as here:
        for session, who in (("s_1", "p_ada"), ("s_2", "p_ada"), ("s_3", "p_ben"), ("s_4", "p_kim")):
            await says(here, session, who)
            if session != "s_4":
                await helped(here, session, f"a call from {session}", f"kind in {session}")
        for session in ("s_1", "s_4"):
            label = {"type": "label_session", "labels": {"caller": "4711"}}
            assert (await do(here, session, boss(here), label))[0] == 200
        rows = await earlier(here, "s_1", 2)
        assert [row["session"] for row in rows] == ["s_1", "s_2"], "of ben there is nothing"
        (noted,), (help,) = rows[1]["noted"], rows[1]["helped"]
        assert (noted["by"], noted["disposition"], noted["notes"]) == ("p_olga", "sold", "kind in s_2")
        assert (help["summary"], help["promises"]) == ("calm again", ["a call from s_2"])
        assert help["until"] >= help["since"] > 0
        rows = await earlier(here, "s_4", 1)
        assert rows[0]["session"] == "s_1", "by the label, under another name"


async def test_nobody_else_reads_what_was_left() -> None:
    async with doors(sessions=SESSIONS) as here:
        await helped(here, "s_1", "x", "y")
        agent = here.ticket("p_bot", "agent", "*", more=("list",))
        for ticket in (here.ticket(), here.ticket("p_o", "operator", "s_1"), agent):
            assert (await ask(here, "GET", "/v1/earlier?session=s_1", ticket))[0] == 403
        assert (await ask(here, "GET", "/v1/earlier?session=s_none", boss(here)))[0] == 404
        assert (await ask(here, "GET", "/v1/earlier?session=../x", boss(here)))[0] == 400
        _, read = await ask(here, "GET", "/v1/sessions/s_1", here.ticket())
        assert "noted" not in read["state"], "users are shown no notes"
        assert read["state"]["helped"][0]["promises"][0]["text"] == "x", "but what they were promised"


async def test_the_board_is_read_in_pages_to_its_end() -> None:
    async with doors(sessions=SESSIONS) as here:
        for number in range(1, 6):
            await says(here, f"s_{number}", "p_ada")  # in the same ms the greater name is the newer
        async with asyncio.timeout(PATIENCE_S):
            while True:
                seen: list[str] = []
                before = "0"
                while before:
                    query = f"limit=2&before={before}"
                    status, page = await ask(here, "GET", f"/v1/board?{query}", boss(here))
                    assert status == 200
                    assert len(page["sessions"]) <= 2
                    seen += [row["session"] for row in page["sessions"]]
                    before = page["next"]
                if seen == [f"s_{number}" for number in range(5, 0, -1)]:
                    return
                await asyncio.sleep(0.6)  # who asks within half a second shares a look
