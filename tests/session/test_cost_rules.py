"""A session costs what its agents report, and no more than its budgets and one more word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.session import commands as c
from legato.session import events as e
from legato.session.cost_rules import BUDGETS, exhausted, most, spent, stops_answers
from legato.session.state import Usage
from tests.session.talk import ADA, BOT, OPERATOR, WORDS, Talk, types

TOOL = c.RequestTool(call="x", name="n", arguments="{}")


def budgeted(**labels: str) -> Talk:
    talk = Talk()
    talk.put([e.SessionLabelled(by="hub", labels=labels)])
    return talk


def used(talk: Talk, **much: int) -> list[str]:
    return types(talk.do(BOT, c.ReportUsage(**much)))  # type: ignore[arg-type]  # only numbers


def test_reports_add_up_and_calls_are_counted_when_they_start() -> None:
    talk = Talk()
    used(talk, tokens_in=3, tokens_out=2, ms=500)
    used(talk, tokens_out=1, ms=1_000)
    talk.do(BOT, TOOL, c.StartTool(call="x"))
    assert talk.state.usage == Usage(3, 3, 1_500, 1)


def test_people_are_told_once_at_four_fifths_and_once_at_the_end() -> None:
    talk = budgeted(budget_tokens="10")
    assert used(talk, tokens_in=7) == ["usage_reported"]
    assert used(talk, tokens_out=1) == ["usage_reported", "budget_neared"]
    assert used(talk, tokens_out=1) == ["usage_reported"]
    assert used(talk, tokens_out=1) == ["usage_reported", "budget_exhausted"]
    assert used(talk, tokens_out=1) == ["usage_reported"]


@pytest.mark.parametrize("what", ["tokens", "seconds"])
def test_an_answer_is_stopped_at_its_next_word_and_may_end(what: str) -> None:
    talk = budgeted(**{f"budget_{what}": "2"}).answering()
    talk.do(BOT, c.GrowMessage(message="m", index=0, text="a"))
    used(talk, tokens_out=2, ms=2_000)
    assert talk.refused(BOT, c.GrowMessage(message="m", index=1, text="b")) == "budget_exhausted"
    assert talk.refused(BOT, TOOL) == "budget_exhausted"
    talk.do(BOT, c.EndMessage(message="m"), c.EndResponse(response="r"))
    talk.do(ADA, c.PostMessage(message="t2", parts=WORDS))
    assert talk.refused(BOT, c.StartResponse(response="r2", turn="t2")) == "budget_exhausted"
    assert talk.refused(BOT, c.PostMessage(message="m2", parts=WORDS)) == "budget_exhausted"


def test_where_calls_are_used_up_the_agent_answers_without_them() -> None:
    talk = budgeted(budget_tool_calls="1").answering()
    assert types(talk.do(BOT, TOOL, c.StartTool(call="x")))[-1] == "budget_exhausted"
    assert talk.refused(BOT, c.RequestTool(call="y", name="n", arguments="{}")) == "budget_exhausted"
    talk.do(BOT, c.GrowMessage(message="m", index=0, text="a"))
    assert not stops_answers(talk.state)


def test_of_two_calls_that_were_asked_for_only_the_one_starts_for_which_there_is_a_budget() -> None:
    talk = budgeted(budget_tool_calls="1")
    talk.do(BOT, TOOL, c.RequestTool(call="y", name="n", arguments="{}"))
    talk.do(BOT, c.StartTool(call="y"))
    assert talk.refused(BOT, c.StartTool(call="x")) == "budget_exhausted"
    talk.do(BOT, c.EndTool(call="x", outcome="failed"))


def test_an_operator_raises_the_budget_and_the_agent_goes_on() -> None:
    talk = budgeted(budget_tokens="1")
    used(talk, tokens_in=1)
    talk.do(ADA, c.PostMessage(message="t", parts=WORDS))
    talk.do(OPERATOR, c.LabelSession(labels={"budget_tokens": "100"}))
    talk.do(BOT, c.StartResponse(response="r", turn="t"))


@pytest.mark.parametrize("actor", [BOT, ADA], ids=lambda actor: actor.role)
def test_nobody_but_people_who_help_changes_a_budget(actor: object) -> None:
    talk = budgeted(budget_tokens="1")
    raised = c.LabelSession(labels={"budget_tokens": "100"})
    assert talk.refused(actor, raised) == "not_allowed"  # type: ignore[arg-type]  # either actor


def test_only_agents_report_what_can_be_and_of_their_own_answers() -> None:
    talk = Talk().answering()
    assert talk.refused(ADA, c.ReportUsage(tokens_in=1)) == "not_allowed"
    assert talk.refused(BOT, c.ReportUsage(tokens_in=-1)) == "malformed"
    assert talk.refused(BOT, c.ReportUsage(ms=10**9 + 1)) == "malformed"
    assert talk.refused(BOT, c.ReportUsage(response="nobody")) == "already_ended"
    talk.do(BOT, c.ReportUsage(response="r", tokens_in=1))


@pytest.mark.parametrize("label", ["", "0", "-1", "1.5", "lots", "²"])
def test_a_label_that_is_no_number_is_no_budget(label: str) -> None:
    talk = budgeted(budget_tokens=label)
    assert most(talk.state, "tokens") == 0
    used(talk, tokens_in=10**9)
    assert exhausted(talk.state) == ()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12), st.integers(1, 60))
def test_a_budget_is_exhausted_from_the_report_on_that_says_so(
    reports: list[tuple[int, int]], budget: int
) -> None:
    talk = budgeted(budget_tokens=str(budget))
    said: list[str] = []
    for into, out in reports:
        said += used(talk, tokens_in=into, tokens_out=out)[1:]
        assert ("budget_exhausted" in said) == (exhausted(talk.state) == ("tokens",))
    assert spent(talk.state.usage, "tokens") == sum(into + out for into, out in reports)
    assert len(said) == len(set(said)) <= 2
    assert exhausted(talk.state) == tuple(
        what for what in BUDGETS if what == "tokens" and said[-1:] == ["budget_exhausted"]
    )
