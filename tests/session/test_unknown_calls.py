"""A call that was cut off in the midst is not begun again unless a person says so."""

import pytest

from legato.session import commands as c
from legato.session.actors import Actor
from legato.session.right_rules import crashed
from legato.session.state import ToolCall
from tests.session.talk import ADA, ALL, BOT, OPERATOR, Talk, types

NEXT = Actor("p_bot", "agent", ALL, worker="w2")
UNKNOWN = c.RequestTool(
    call="y", name="pay", arguments="{}", response="r2", key="k", approval="user", unknown=True
)


def cut_off() -> Talk:
    """A payment was running when the worker died; the next one answers the turn anew."""
    talk = Talk().answering()
    talk.do(BOT, c.RequestTool(call="x", name="pay", arguments="{}", response="r", key="k"))
    talk.do(BOT, c.StartTool(call="x"))
    talk.put(crashed(talk.state, "worker:bot"))
    talk.do(NEXT, c.AcceptSession(right="worker:bot", worker="w2"))
    talk.do(NEXT, c.StartResponse(response="r2", turn="t"))
    return talk


def ended(talk: Talk, call: str) -> tuple[str, str, str]:
    entry = talk.state.entries[call]
    assert isinstance(entry, ToolCall)
    return entry.status, entry.result, entry.reason


def test_it_is_done_again_if_a_person_says_so_and_only_once() -> None:
    talk = cut_off()
    talk.do(NEXT, UNKNOWN)
    assert talk.refused(NEXT, c.StartTool(call="y")) == "wrong_order"
    assert types(talk.do(ADA, c.DecideTool(call="y", approved=True))) == ["tool_decided"]
    talk.do(NEXT, c.StartTool(call="y"))
    assert talk.refused(NEXT, c.StartTool(call="y")) == "already_exists"
    talk.do(NEXT, c.EndTool(call="y", result="1"))
    assert ended(talk, "y") == ("finished", "1", "")


def test_what_a_person_says_was_done_is_finished_without_a_result() -> None:
    talk = cut_off()
    talk.do(NEXT, UNKNOWN)
    assert types(talk.do(ADA, c.DecideTool(call="y", approved=False, done=True))) == [
        "tool_decided",
        "tool_ended",
    ]
    assert ended(talk, "y") == ("finished", "", "it was done")
    assert talk.refused(NEXT, c.StartTool(call="y")) == "already_ended"


def test_what_a_person_gives_up_is_cancelled() -> None:
    talk = cut_off()
    talk.do(NEXT, UNKNOWN)
    talk.do(ADA, c.DecideTool(call="y", approved=False))
    assert ended(talk, "y") == ("cancelled", "", "given up")


def test_one_person_decides_and_it_is_who_was_asked() -> None:
    talk = cut_off()
    talk.do(NEXT, UNKNOWN)
    assert talk.refused(OPERATOR, c.DecideTool(call="y", approved=True)) == "not_allowed"
    assert talk.refused(NEXT, c.DecideTool(call="y", approved=True)) == "not_allowed"
    talk.do(ADA, c.DecideTool(call="y", approved=True))
    assert talk.refused(ADA, c.DecideTool(call="y", approved=False, done=True)) == "already_exists"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"approval": ""}, "malformed"),
        ({"key": ""}, "malformed"),
        ({"idempotent": True}, "malformed"),
        ({"key": "other"}, "wrong_order"),
        ({"response": ""}, "wrong_order"),
    ],
)
def test_nobody_is_asked_about_what_was_not_begun_or_may_be_done_again(
    change: dict[str, str | bool], reason: str
) -> None:
    asked = {name: getattr(UNKNOWN, name) for name in UNKNOWN.__struct_fields__} | change
    assert cut_off().refused(NEXT, c.RequestTool(**asked)) == reason


def test_a_call_that_only_wants_a_yes_cannot_have_been_done() -> None:
    talk = Talk().answering()
    talk.do(BOT, c.RequestTool(call="x", name="pay", arguments="{}", response="r", key="k", approval="user"))
    assert talk.refused(ADA, c.DecideTool(call="x", approved=False, done=True)) == "malformed"
    assert talk.refused(ADA, c.DecideTool(call="x", approved=True, done=True)) == "malformed"


def test_a_question_that_a_crash_cut_off_is_asked_anew_by_the_next_worker() -> None:
    talk = cut_off()
    talk.do(NEXT, UNKNOWN)
    talk.put(crashed(talk.state, "worker:bot"))
    assert ended(talk, "y")[0] == "interrupted"
    talk.do(BOT, c.AcceptSession(right="worker:bot", worker="w1"))
    talk.do(BOT, c.StartResponse(response="r3", turn="t"))
    again = c.RequestTool(
        call="z", name="pay", arguments="{}", response="r3", key="k", approval="user", unknown=True
    )
    talk.do(BOT, again)
