"""The queue and the board: who waits, in which order, and for whose eyes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.audit import tried
from hub.store.promise import SessionKey
from tests.signaling.doors import ANCHORS, Doors, doors
from tests.signaling.test_http import ask, boss

SESSIONS = tuple(SessionKey("main", name) for name in ("s_1", "s_2", "s_3"))
PATIENCE_S = 30


async def do(here: Doors, session: str, ticket: str, *commands: dict[str, Any]) -> tuple[int, Any]:
    body = {"producer": f"t{len(commands)}{commands[0]['type']}", "seq": 1, "commands": commands}
    return await ask(here, "POST", f"/v1/sessions/{session}/commands", ticket, body)


async def queue(here: Doors, many: int, query: str = "") -> list[Any]:
    """Once so many wait: the index follows within a second or so."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            status, found = await ask(here, "GET", f"/v1/queue{query}", boss(here))
            assert status == 200
            if len(found["sessions"]) == many:
                return list(found["sessions"])
            await asyncio.sleep(0.1)


def wanted(request: str, **more: Any) -> dict[str, Any]:
    return {"type": "request_human", "request": request, **more}


async def test_who_is_more_urgent_comes_first_then_who_has_waited_longest() -> None:
    async with doors(sessions=SESSIONS) as here:
        for session, priority in (("s_1", 0), ("s_2", 0), ("s_3", 5)):
            asked = wanted(f"q_{session}", priority=priority, skill="billing" if session == "s_2" else "")
            assert (await do(here, session, boss(here), asked))[0] == 200
        rows = await queue(here, 3)
        assert [row["session"] for row in rows] == ["s_3", "s_1", "s_2"]
        _, listed = await ask(here, "GET", "/v1/sessions", boss(here))
        assert all(row["labels"] == {} for row in listed["sessions"])
        assert [row["session"] for row in await queue(here, 2, "?skill=sales")] == ["s_3", "s_1"]
        status, _ = await do(here, "s_3", boss(here), {"type": "take_over"})
        assert status == 200
        assert [row["session"] for row in await queue(here, 2)] == ["s_1", "s_2"]
        _, board = await ask(here, "GET", "/v1/board", boss(here))
        (taken,) = (row for row in board["sessions"] if row["session"] == "s_3")
        assert (taken["responder"], taken["by_person"], taken["waiting"]) == ("p_boss", True, None)


async def test_the_rows_tell_the_language_that_a_label_says_or_else_what_the_worker_must_have() -> None:
    async with doors() as here:
        made: dict[str, dict[str, Any]] = {
            "s_label": {"labels": {"language": "fr-CA"}, "needs": {"language": "fr"}},
            "s_needs": {"needs": {"region": "eu", "language": "de"}},
        }
        for session, how in made.items():
            assert (await ask(here, "POST", "/v1/sessions", boss(here), {"session": session, **how}))[
                0
            ] == 201
            assert (await do(here, session, boss(here), wanted(f"q_{session}")))[0] == 200
        assert {row["session"]: row["language"] for row in await queue(here, 2)} == {
            "s_label": "fr-CA",
            "s_needs": "de",
        }
        _, board = await ask(here, "GET", "/v1/board", boss(here))
        assert {row["session"]: row["language"] for row in board["sessions"]}["s_1"] == ""


async def test_of_two_who_reserve_the_second_is_told_who_has_it() -> None:
    async with doors(sessions=SESSIONS) as here:
        await do(here, "s_1", boss(here), wanted("q_1"))
        olga, ben = (here.ticket(f"p_{name}", "operator", "*") for name in ("olga", "ben"))
        reserve = {"type": "reserve_session", "request": "q_1"}
        answers = await asyncio.gather(*(do(here, "s_1", each, reserve) for each in (olga, ben)))
        assert sorted(status for status, _ in answers) == [200, 409]
        (lost,) = (answer["error"] for status, answer in answers if status == 409)
        assert lost["reason"] == "already_exists"
        (row,) = await queue(here, 1)
        assert row["waiting"]["reserved_for"] in lost["detail"]


async def test_an_operator_sees_and_takes_what_the_skills_of_the_ticket_are_for_and_a_forged_one_is_audited() -> (
    None
):
    async with doors(sessions=SESSIONS) as here:
        for session, skill in (("s_1", "billing"), ("s_2", "sales"), ("s_3", "")):
            assert (await do(here, session, boss(here), wanted(f"q_{session}", skill=skill)))[0] == 200
        await queue(here, 3)
        olga = here.ticket("p_olga", "operator", "*", skills=["billing"])
        _, found = await ask(here, "GET", "/v1/queue", olga)
        assert [row["session"] for row in found["sessions"]] == ["s_1", "s_3"]
        for query in ("?skill=sales", "?skill=billing,sales"):
            assert (await ask(here, "GET", f"/v1/queue{query}", olga))[0] == 403
        status, answer = await ask(here, "POST", "/v1/tickets", olga, {"skills": ["billing", "sales"]})
        assert (status, answer["error"]["field"]) == (403, "skills")
        status, renewed = await ask(here, "POST", "/v1/tickets", olga, {"session": "s_2"})
        assert status == 201
        reserve = {"type": "reserve_session", "request": "q_s_2", "skills": ["sales"]}
        for number, command in enumerate((reserve, {"type": "take_over", "skills": ["sales"]})):
            body = {"producer": f"forger{number}", "seq": 1, "commands": [command]}
            status, answer = await ask(here, "POST", "/v1/sessions/s_2/commands", renewed["ticket"], body)
            assert (status, answer["error"]["reason"]) == (403, "not_allowed")
        trials = (await tried(SESSIONS[1], here.store, here.keys, ANCHORS)).trials
        assert [(each.by, each.asked, each.reason) for each in trials] == [
            ("p_olga", "reserve_session", "not_allowed"),
            ("p_olga", "take_over", "not_allowed"),
        ]
        assert (await do(here, "s_1", olga, {"type": "reserve_session", "request": "q_s_1"}))[0] == 200


@pytest.mark.parametrize("path", ["/v1/queue", "/v1/board"])
async def test_neither_is_for_users_or_for_operators_of_one_session(path: str) -> None:
    async with doors(sessions=SESSIONS) as here:
        for ticket in (here.ticket(), here.ticket("p_o", "operator", "s_1"), here.ticket("p_b", "observer")):
            assert (await ask(here, "GET", path, ticket))[0] == 403
        assert (await ask(here, "GET", f"{path}?limit=0", boss(here)))[0] == 400


async def test_privileged_verbs_with_a_users_ticket_are_refused_and_change_nothing() -> None:
    async with doors(sessions=SESSIONS) as here:
        for command in (
            {"type": "change_stance", "stance": "monitor"},
            {"type": "whisper", "text": "x"},
            {"type": "take_over"},
            {"type": "hold_users"},
            {"type": "transfer", "to": "p_ada"},
            {"type": "reserve_session", "request": "q"},
            {"type": "wrap_up"},
        ):
            status, answer = await do(here, "s_1", here.ticket(), command)
            assert (status, answer["error"]["reason"]) == (403, "not_allowed"), command
        _, read = await ask(here, "GET", "/v1/sessions/s_1", boss(here))
        assert "responder" not in read["state"]
