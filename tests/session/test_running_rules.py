"""Calls that a client runs: one of those that can, once, and one end whatever becomes of it."""

import pytest

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.deadlines import deadlines
from legato.session.presence_rules import attached, closed
from legato.session.right_rules import crashed
from legato.session.running_rules import CLAIM_MS
from tests.session.talk import ADA, ALL, BOT, OPERATOR, Talk, call, overdue, types

PHONE = Actor("ada", "user", ALL, attachment="phone")
BEN = Actor("ben", "user", ALL, attachment="bens")
NEXT = Actor("p_bot", "agent", ALL, worker="w2")
ASKED = c.RequestTool(call="x", name="where", arguments="{}", response="r", key="k", runs="client")


def two_tabs(**asked: object) -> Talk:
    """A user with two devices that can run it is being answered, and the agent asks where they are."""
    talk = Talk().answering()
    for who in (ADA, PHONE):
        talk.put(attached(talk.state, "ada", who.attachment, 7))
        talk.do(who, c.AnnounceTools(tools=("where",)))
    talk.do(BOT, c.RequestTool(**{**{f: getattr(ASKED, f) for f in ASKED.__struct_fields__}, **asked}))
    return talk


def test_one_of_two_tabs_runs_it_and_it_alone_says_what_came_of_it() -> None:
    talk = two_tabs()
    talk.do(PHONE, c.StartTool(call="x"))
    assert talk.refused(ADA, c.StartTool(call="x")) == "already_exists"
    assert talk.refused(PHONE, c.StartTool(call="x")) == "already_exists"
    assert talk.refused(ADA, c.ProgressTool(call="x", step=1)) == "not_allowed"
    assert talk.refused(ADA, c.EndTool(call="x", result="1")) == "not_allowed"
    assert talk.refused(BOT, c.EndTool(call="x", result="1")) == "not_allowed"
    talk.do(PHONE, c.ProgressTool(call="x", step=1, steps=2))
    talk.do(PHONE, c.EndTool(call="x", result='"here"'))
    assert (call(talk).status, call(talk).runner, call(talk).result) == ("finished", "phone", '"here"')
    assert talk.refused(PHONE, c.EndTool(call="x")) == "already_ended"


def test_who_has_not_said_that_it_can_may_not() -> None:
    talk = two_tabs(name="other")
    assert talk.refused(ADA, c.StartTool(call="x")) == "not_allowed"
    assert talk.refused(BOT, c.StartTool(call="x")) == "not_allowed"
    talk.do(ADA, c.AnnounceTools(tools=("other",)))
    talk.do(ADA, c.StartTool(call="x"))


def test_what_the_agent_does_itself_no_client_touches() -> None:
    talk = two_tabs(runs="")
    for command in (c.StartTool(call="x"), c.ProgressTool(call="x"), c.EndTool(call="x", outcome="failed")):
        assert talk.refused(ADA, command) == "not_allowed"
    talk.do(BOT, c.StartTool(call="x"))
    assert call(talk).runner == ""


def test_it_is_for_the_devices_of_who_is_answered() -> None:
    talk = two_tabs()
    talk.put([e.ParticipantJoined(by="ben", participant="ben", role="user")])
    talk.put(attached(talk.state, "ben", "bens", 7))
    talk.do(BEN, c.AnnounceTools(tools=("where",)))
    assert talk.refused(BEN, c.StartTool(call="x")) == "not_allowed"
    talk.do(BOT, c.RequestTool(call="y", name="where", arguments="{}", runs="client"))
    assert (call(talk).participant, call(talk, "y").participant) == ("ada", "")
    talk.do(BEN, c.StartTool(call="y"))


def test_an_operators_device_runs_nothing_that_is_for_users() -> None:
    talk = two_tabs()
    talk.put(attached(talk.state, "olga", "desk", 7))
    desk = Actor("olga", "operator", ALL, attachment="desk")
    talk.do(desk, c.AnnounceTools(tools=("where",)))
    talk.do(BOT, c.RequestTool(call="y", name="where", arguments="{}", runs="client"))
    assert talk.refused(desk, c.StartTool(call="y")) == "not_allowed"
    assert talk.refused(OPERATOR, c.AnnounceTools(tools=("where",))) == "wrong_order"
    assert talk.refused(BOT, c.AnnounceTools(tools=("where",))) == "not_allowed"


def test_it_waits_for_a_persons_yes_first() -> None:
    talk = two_tabs(approval="user")
    assert talk.refused(ADA, c.StartTool(call="x")) == "wrong_order"
    assert [each.name for each in deadlines(talk.state)] == ["approval"]
    talk.do(ADA, c.DecideTool(call="x", approved=True))
    assert [each.name for each in deadlines(talk.state)] == ["claim"]
    talk.do(ADA, c.StartTool(call="x"))
    assert deadlines(talk.state) == []


@pytest.mark.parametrize(("claim_ms", "waited"), [(0, CLAIM_MS), (500, 500)])
def test_what_no_client_begins_fails(claim_ms: int, waited: int) -> None:
    talk = two_tabs(claim_ms=claim_ms)
    assert overdue(talk, waited - 1) == []
    assert overdue(talk, waited) == ["tool_ended"]
    assert (call(talk).status, call(talk).reason) == ("failed", "no client could run it")


def test_a_client_that_is_gone_leaves_it_interrupted_and_the_other_begins_nothing() -> None:
    talk = two_tabs()
    talk.do(PHONE, c.StartTool(call="x"))
    assert overdue(talk) == []
    talk.put(closed(talk.state, "phone"))
    assert talk.refused(ADA, c.StartTool(call="x")) == "already_exists"
    assert overdue(talk) == ["tool_ended"]
    assert call(talk).status == "interrupted"
    again = c.RequestTool(call="y", name="where", arguments="{}", response="r", key="k", runs="client")
    talk.do(BOT, again)
    assert talk.refused(ADA, c.StartTool(call="y")) == "already_exists", "nobody knows whether it was done"


def test_a_person_may_have_it_done_again() -> None:
    talk = two_tabs()
    talk.do(PHONE, c.StartTool(call="x"))
    talk.put(closed(talk.state, "phone"))
    overdue(talk)
    asked = c.RequestTool(
        call="y", name="where", arguments="{}", response="r", key="k", approval="user", unknown=True,
        runs="client",
    )  # fmt: skip
    talk.do(BOT, asked)
    talk.do(ADA, c.DecideTool(call="y", approved=True))
    talk.do(ADA, c.StartTool(call="y"))


def test_what_can_be_done_again_is_offered_again_with_its_key() -> None:
    talk = two_tabs(idempotent=True)
    talk.do(PHONE, c.StartTool(call="x"))
    talk.do(PHONE, c.StartTool(call="x"))  # its page was loaded anew
    assert talk.refused(ADA, c.StartTool(call="x")) == "already_exists", "one runner at a time"
    talk.put(closed(talk.state, "phone"))
    overdue(talk)
    talk.do(
        BOT,
        c.RequestTool(
            call="y", name="where", arguments="{}", response="r", key="k", idempotent=True, runs="client"
        ),
    )
    talk.do(ADA, c.StartTool(call="y"))


def test_a_call_that_runs_outlives_its_agents_worker() -> None:
    talk = two_tabs()
    talk.do(PHONE, c.StartTool(call="x"))
    assert "tool_ended" not in types(talk.put(crashed(talk.state, "worker:bot")))
    talk.do(NEXT, c.AcceptSession(right="worker:bot", worker="w2"))
    talk.do(PHONE, c.EndTool(call="x", result="1"))
    assert call(talk).status == "finished"


def test_one_that_nobody_began_ends_with_its_worker() -> None:
    talk = two_tabs()
    assert "tool_ended" in types(talk.put(crashed(talk.state, "worker:bot")))
    assert talk.refused(ADA, c.StartTool(call="x")) == "already_ended"


@pytest.mark.parametrize(
    ("tools", "reason"),
    [((), ""), (("",), "malformed"), (("x" * 129,), "malformed"), (("x",) * 33, "too_large")],
)
def test_what_is_announced_is_bounded(tools: tuple[str, ...], reason: str) -> None:
    talk = two_tabs()
    if reason:
        assert talk.refused(ADA, c.AnnounceTools(tools=tools)) == reason
    else:
        talk.do(ADA, c.AnnounceTools(tools=tools))
        assert talk.refused(ADA, c.StartTool(call="x")) == "not_allowed"


def test_work_of_clients_needs_to_publish_and_nothing_more() -> None:
    talk = two_tabs()
    reads = Actor("ada", "user", frozenset({"read"}), attachment="tab")
    says = Actor("ada", "user", frozenset({"publish"}), attachment="tab")
    assert talk.refused(reads, c.StartTool(call="x")) == "not_allowed"
    talk.do(says, c.StartTool(call="x"))
    agent = Actor("p_bot", "agent", frozenset({"publish"}), worker="w1")
    assert talk.refused(agent, c.EndTool(call="x", outcome="failed")) == "not_allowed"


def test_a_supervisor_decides_in_an_operators_place_and_nobody_else_does() -> None:
    talk = Talk().answering()
    sam = Actor("sam", "supervisor", ALL)
    talk.put([e.ParticipantJoined(by="sam", participant="sam", role="supervisor")])
    for id, role in (("x", "operator"), ("y", "user")):
        talk.do(BOT, c.RequestTool(call=id, name="pay", arguments="{}", response="r", approval=role))
    assert talk.refused(ADA, c.DecideTool(call="x", approved=True)) == "not_allowed"
    assert talk.refused(sam, c.DecideTool(call="y", approved=True)) == "not_allowed"
    talk.do(sam, c.DecideTool(call="x", approved=True))
    assert call(talk).decided_by == "sam"


def test_what_a_policy_allowed_says_which_and_asks_nobody() -> None:
    talk = Talk().answering()
    asked = c.RequestTool(call="x", name="pay", arguments="{}", response="r", policy="small")
    both = c.RequestTool(call="y", name="pay", arguments="{}", response="r", policy="small", approval="user")
    assert talk.refused(BOT, both) == "malformed"
    talk.do(BOT, asked)
    talk.do(BOT, c.StartTool(call="x"))
    assert call(talk).policy == "small"


def test_a_person_is_waited_for_as_long_as_the_call_says() -> None:
    talk = two_tabs(approval="user", approval_ms=2_000)
    assert overdue(talk, 1_999) == []
    assert overdue(talk, 2_000) == ["tool_ended"]
    assert (call(talk).status, call(talk).reason) == ("cancelled", "nobody approved it")
