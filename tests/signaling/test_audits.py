"""The audit by HTTP: all acts in order, page by page, with what was refused; for supervisors who may export."""

from __future__ import annotations

from typing import Any

from hub.audit import acts
from tests.signaling.doors import KEY, doors
from tests.signaling.test_board import do
from tests.signaling.test_http import ask, boss

PATH = f"/v1/sessions/{KEY.session}/audit"


async def test_a_supervisor_reads_who_did_what_and_what_was_refused_in_pages() -> None:
    async with doors() as here:
        for command in (
            {"type": "take_over"},
            {"type": "hold_users"},
            {"type": "hand_back", "briefing": "b"},
        ):
            assert (await do(here, KEY.session, boss(here), command))[0] == 200
        assert (await do(here, KEY.session, here.ticket(), {"type": "take_over"}))[0] == 403
        found: list[Any] = []
        after = 0
        while True:
            status, page = await ask(here, "GET", f"{PATH}?after={after}&limit=3", boss(here))
            assert status == 200
            assert len(page["acts"]) <= 3
            assert [(each["by"], each["asked"]) for each in page["refused"]] == [("p_ada", "take_over")]
            found += page["acts"]
            if not page["next"]:
                break
            after = page["next"]
        told = [act async for act in acts(KEY, here.store, here.keys, 1 << 50)]
        assert [each["digest"] for each in found] == [act.digest.hex() for act in told]
        assert {"responder_changed", "users_held"} <= {each["type"] for each in found}


async def test_nobody_else_reads_it_and_a_session_that_is_not_there_has_none() -> None:
    async with doors() as here:
        operator = here.ticket("p_olga", "operator", more=("export",))
        without = here.ticket("p_sue", "supervisor", capabilities=("read",))
        for ticket in (here.ticket(), operator, without):
            assert (await ask(here, "GET", PATH, ticket))[0] == 403
        _, page = await ask(here, "GET", PATH, boss(here))
        assert {each["by"] for each in page["refused"]} == {"p_ada", "p_olga", "p_sue"}
        assert (await ask(here, "GET", "/v1/sessions/s_none/audit", boss(here)))[0] == 404


async def test_the_tenants_audit_is_for_supervisors_who_may_export_and_tells_who_else_asked() -> None:
    async with doors() as here:
        operator = here.ticket("p_olga", "operator", "*", more=("export",))
        without = here.ticket("p_sue", "supervisor", "*", capabilities=("read", "list"))
        for ticket in (here.ticket(), operator, without):
            assert (await ask(here, "GET", "/v1/audit", ticket))[0] == 403
        _, page = await ask(here, "GET", "/v1/audit", boss(here))
        assert [(each["by"], each["asked"], each["detail"]) for each in page["refused"]] == [
            ("p_ada", "list", "/v1/audit"),
            ("p_olga", "export", "/v1/audit"),
            ("p_sue", "export", "/v1/audit"),
        ]
        assert all(each["time"] > 0 and each["reason"] == "not_allowed" for each in page["refused"])
