"""Calls that the hub runs: the newest claim alone reports and ends one, and each ends, whoever dies."""

import pytest

from legato.session import commands as c
from legato.session.actors import SERVICE, Actor
from legato.session.deadlines import deadlines
from legato.session.ids import HUB, well_formed
from legato.session.right_rules import crashed
from legato.session.running_rules import RUN_MS, claim_of, cut_off, node_of
from tests.session.talk import ADA, BOT, Talk, call, overdue, types

FIRST = Actor(HUB, "service", attachment=claim_of("n_a", "1"))
SECOND = Actor(HUB, "service", attachment=claim_of("n_b", "1"))


def asked(id: str = "x", **more: object) -> c.RequestTool:
    said = {"call": id, "name": "charge", "arguments": "{}", "response": "r", "key": "k", "runs": "hub"}
    return c.RequestTool(**{**said, **more})  # type: ignore[arg-type]


def talk_with(**more: object) -> Talk:
    talk = Talk().answering()
    talk.do(BOT, asked(**more))  # type: ignore[arg-type]
    return talk


def test_neither_its_agent_nor_a_client_begins_it() -> None:
    talk = talk_with()
    for who in (BOT, ADA):
        assert talk.refused(who, c.StartTool(call="x")) == "not_allowed"
    talk.do(FIRST, c.StartTool(call="x"))
    assert (call(talk).runner, node_of(call(talk).runner), call(talk).participant) == ("n_a/1", "n_a", "")
    assert not well_formed(call(talk).runner), "no attachment is called so"
    assert talk.refused(BOT, c.EndTool(call="x", result="1")) == "not_allowed"
    talk.do(BOT, c.EndTool(call="x", outcome="cancelled"))
    assert talk.refused(FIRST, c.EndTool(call="x", result="1")) == "already_ended"


def test_a_claim_is_void_once_there_is_a_newer_one() -> None:
    talk = talk_with(idempotent=True)
    talk.do(FIRST, c.StartTool(call="x"))
    talk.do(SECOND, c.StartTool(call="x"))
    for late in (
        c.EndTool(call="x", result="1"),
        c.EndTool(call="x", outcome="failed"),
        c.ProgressTool(call="x"),
    ):
        assert talk.refused(FIRST, late) == "stale_token"
    talk.do(SECOND, c.ProgressTool(call="x", step=1, steps=2))
    talk.do(SECOND, c.EndTool(call="x", result='"done"'))
    assert (call(talk).status, call(talk).result) == ("finished", '"done"')


def test_what_is_not_idempotent_is_begun_once() -> None:
    talk = talk_with()
    talk.do(FIRST, c.StartTool(call="x"))
    assert talk.refused(SECOND, c.StartTool(call="x")) == "already_exists"
    talk.put(cut_off("x"))
    talk.do(BOT, asked("y"))
    assert talk.refused(SECOND, c.StartTool(call="y")) == "already_exists", "nobody knows whether it was done"
    talk.do(BOT, c.EndTool(call="y", outcome="cancelled"))
    talk.do(BOT, asked("z", approval="user", unknown=True))
    assert talk.refused(SECOND, c.StartTool(call="z")) == "wrong_order"
    talk.do(ADA, c.DecideTool(call="z", approved=True))
    talk.do(SECOND, c.StartTool(call="z"))


@pytest.mark.parametrize(("idempotent", "outcome"), [(True, "failed"), (False, "interrupted")])
@pytest.mark.parametrize(("run_ms", "waited"), [(0, RUN_MS), (9_000, 9_000)])
def test_a_callee_is_waited_for_as_long_as_the_call_says(
    idempotent: bool, outcome: str, run_ms: int, waited: int
) -> None:
    talk = talk_with(idempotent=idempotent, run_ms=run_ms)
    assert [each.name for each in deadlines(talk.state)] == ["claim"]
    talk.do(FIRST, c.StartTool(call="x"))
    assert [each.name for each in deadlines(talk.state)] == ["overrun"]
    assert overdue(talk, waited - 1) == []
    assert overdue(talk, waited) == ["tool_ended"]
    assert (call(talk).status, call(talk).reason) == (outcome, "no answer in time")
    assert deadlines(talk.state) == []


def test_what_no_node_begins_fails() -> None:
    talk = talk_with(claim_ms=500)
    assert overdue(talk, 500) == ["tool_ended"]
    assert (call(talk).status, call(talk).reason) == ("failed", "no node could run it")


def test_only_the_hubs_own_calls_say_how_long_they_run() -> None:
    assert call(talk_with(runs="", run_ms=9_000)).run_ms == 0
    assert call(talk_with(run_ms=9_000)).run_ms == 9_000


def test_it_outlives_its_agents_worker_and_its_starts_are_counted() -> None:
    talk = talk_with()
    talk.do(FIRST, c.StartTool(call="x"))
    assert "tool_ended" not in types(talk.put(crashed(talk.state, "worker:bot")))
    assert talk.state.usage is not None
    assert talk.state.usage.tool_calls == 1
    talk.do(FIRST, c.EndTool(call="x", result="1"))
    assert call(talk).status == "finished"


def test_the_hub_itself_may_end_any_call() -> None:
    talk = talk_with()
    talk.do(FIRST, c.StartTool(call="x"))
    talk.do(SERVICE, c.EndTool(call="x", outcome="failed", reason="as told"))
    assert call(talk).reason == "as told"
