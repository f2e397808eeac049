"""Who helps, doing what since when: for supervisors, from what the hub knows."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.store.promise import SessionKey
from hub.store.rostering import ROSTER_GAP_MS, Seen
from legato.session import commands as c
from legato.session import events as e
from legato.session.helping import helping
from legato.session.queue_rules import RESERVED_MS
from signaling.http.operators import Said, operator_rows
from tests.session.talk import OPERATOR, Talk
from tests.signaling.doors import Doors, doors
from tests.signaling.test_board import do, wanted
from tests.signaling.test_http import ask, boss

SESSIONS = tuple(SessionKey("main", name) for name in ("s_1", "s_2"))
PATIENCE_S = 30
NOW = 1_000_000


def doing(talk: Talk) -> list[tuple[str, str]]:
    return [(one.participant, one.doing) for one in helping(talk.state)]


def test_what_somebody_does_in_a_session_follows_from_its_state() -> None:
    talk = Talk()
    assert doing(talk) == []
    talk.put([e.AttachmentOpened(by="olga", participant="olga", attachment="desk")])
    talk.do(OPERATOR, c.ChangeStance(stance="monitor"))
    assert doing(talk) == [("olga", "listening")]
    talk.do(OPERATOR, c.RequestHuman(request="q"))
    talk.do(OPERATOR, c.ReserveSession(request="q"))
    (reserved,) = helping(talk.state)
    assert (reserved.doing, reserved.since + RESERVED_MS) == ("reserved", talk.state.time + RESERVED_MS)
    talk.do(OPERATOR, c.TakeOver())
    (answering,) = helping(talk.state)
    assert (answering.doing, answering.since) == ("answering", talk.state.responder_since)
    talk.do(OPERATOR, c.HandBack())
    assert doing(talk) == [("olga", "wrap_up")]
    talk.do(OPERATOR, c.WrapUp())
    assert doing(talk) == [("olga", "listening")]
    talk.put([e.AttachmentClosed(by="hub", attachment="desk")])
    assert doing(talk) == []


def test_a_person_is_listed_once_with_what_weighs_most_and_who_does_nothing_is_available_or_away() -> None:
    first, second = Talk(), Talk()
    first.do(OPERATOR, c.TakeOver())
    second.do(OPERATOR, c.TakeOver())
    second.do(OPERATOR, c.HandBack())
    noted = {
        name: (Seen(name, NOW - 60_000, last, b""), Said(name.title(), "operator"))
        for name, last in (("ben", NOW), ("zoe", NOW - ROSTER_GAP_MS - 1), ("olga", NOW))
    }
    rows = operator_rows(NOW, noted, [("s_2", second.state), ("s_1", first.state)])
    told = [(row.participant, row.state, row.session, row.more, row.here) for row in rows]
    assert told == [
        ("olga", "answering", "s_1", 1, True),
        ("ben", "available", "", 0, True),
        ("zoe", "away", "", 0, False),
    ]
    assert (rows[1].since, rows[2].since) == (NOW - 60_000, NOW - ROSTER_GAP_MS - 1)
    assert rows[0].users == ["ada"]


async def operators(here: Doors, until: Any, *at_console: str) -> list[Any]:
    """The rows, once `until` holds: the index follows within a second or so. Meanwhile those with these tickets stay at
    their consoles: they ask for the queue, as consoles do."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for ticket in at_console:
                assert (await ask(here, "GET", "/v1/queue", ticket))[0] == 200
            status, found = await ask(here, "GET", "/v1/operators", boss(here))
            assert status == 200
            rows = {row["participant"]: row for row in found["operators"]}
            if until(rows):
                return list(rows.values())
            await asyncio.sleep(0.1)


async def test_a_supervisor_sees_who_is_at_a_console_and_in_which_session() -> None:
    async with doors(sessions=SESSIONS) as here:
        olga, ben = (here.ticket(f"p_{name}", "operator", "*") for name in ("olga", "ben"))
        await operators(here, lambda rows: rows.keys() >= {"p_olga", "p_ben", "p_boss"}, olga, ben)
        assert (await do(here, "s_1", boss(here), wanted("q_1")))[0] == 200
        reserve = {"type": "reserve_session", "request": "q_1"}
        assert (await do(here, "s_1", olga, reserve))[0] == 200
        await operators(here, lambda rows: rows["p_olga"]["state"] == "reserved")
        assert (await do(here, "s_1", olga, {"type": "take_over"}))[0] == 200
        both = {"p_olga": ("answering", True), "p_ben": ("available", True)}

        def so(rows: dict[str, Any]) -> bool:
            return {name: (rows[name]["state"], rows[name]["here"]) for name in both} == both

        rows = await operators(here, so, olga, ben)
        told = {row["participant"]: (row["state"], row["session"], row["here"]) for row in rows}
        assert told["p_olga"] == ("answering", "s_1", True)
        assert told["p_ben"] == ("available", "", True)
        _, listed = await ask(here, "GET", "/v1/sessions", boss(here))
        assert all(row["labels"] == {} for row in listed["sessions"]), (
            "what the index goes by is nobody's label"
        )


async def test_the_list_of_who_helps_is_for_supervisors() -> None:
    async with doors(sessions=SESSIONS) as here:
        for role, session in (("user", "s_1"), ("operator", "*"), ("supervisor", "s_1")):
            ticket = here.ticket("p_x", role, session)  # type: ignore[arg-type]  # roles
            assert (await ask(here, "GET", "/v1/operators", ticket))[0] == 403


async def test_names_of_those_who_help_do_not_rest_in_the_clear() -> None:
    async with doors(sessions=SESSIONS) as here:
        token = here.ticket("p_olga", "operator", "*")
        assert (await ask(here, "GET", "/v1/board", token))[0] == 200
        _, (seen,) = await here.store.roster("main")
        assert (seen.participant, b"operator" in seen.said) == ("p_olga", False)
