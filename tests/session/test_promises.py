"""What a person promised stands in the log, and in the marker of the stretch in which they answered."""

from __future__ import annotations

from legato.agent.briefing import briefing_of
from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.limits import PROMISE_TEXT
from legato.session.presence_rules import left
from tests.session.talk import ADA, ALL, BOT, OPERATOR, Talk, types
from tests.session.test_takeover_rules import SUE, crowd


def promised(talk: Talk, id: str, text: str) -> None:
    talk.do(OPERATOR, c.MakePromise(promise=id, text=text))


def test_only_who_answers_promises_and_only_under_a_new_name() -> None:
    talk = crowd()
    ask = c.MakePromise(promise="p", text="a call at nine")
    for each in (ADA, BOT, OPERATOR):
        assert talk.refused(each, ask) == "not_allowed"
    talk.do(OPERATOR, c.TakeOver())
    assert talk.refused(SUE, ask) == "not_allowed"
    few = Actor("olga", "operator", ALL - {"takeover"})
    assert talk.refused(few, ask) == "not_allowed"
    assert types(talk.do(OPERATOR, ask)) == ["promise_made"]
    assert talk.refused(OPERATOR, ask) == "already_exists"
    assert talk.refused(OPERATOR, c.MakePromise(promise="q", text=" ")) == "malformed"
    assert talk.refused(OPERATOR, c.MakePromise(promise="q", text="x" * (PROMISE_TEXT + 1))) == "too_large"
    assert talk.refused(OPERATOR, c.MakePromise(promise="no id", text="x")) == "malformed"
    promised(talk, "q", "x" * PROMISE_TEXT)


def test_what_was_none_is_withdrawn_by_who_made_it_while_they_answer() -> None:
    talk = crowd()
    talk.do(OPERATOR, c.TakeOver())
    promised(talk, "p", "a call at nine")
    assert talk.refused(SUE, c.WithdrawPromise(promise="p")) == "not_allowed"
    assert talk.refused(OPERATOR, c.WithdrawPromise(promise="q")) == "not_found"
    assert types(talk.do(OPERATOR, c.WithdrawPromise(promise="p"))) == ["promise_withdrawn"]
    assert talk.state.help is not None
    assert talk.state.help.promises == ()
    promised(talk, "p", "a call at ten")
    talk.do(OPERATOR, c.HandBack())
    assert talk.refused(OPERATOR, c.WithdrawPromise(promise="p")) == "not_allowed"
    (help,) = talk.state.helped
    assert [each.text for each in help.promises] == ["a call at ten"]


def test_the_marker_says_who_from_when_until_when_what_was_promised_and_which_tools_ran() -> None:
    talk = crowd()
    talk.do(OPERATOR, c.TakeOver())
    begun = talk.state.offset
    promised(talk, "p", "her money on Monday")
    talk.put(
        [
            e.ToolRequested(by="p_bot", call="k1", name="refund", arguments="{}"),
            e.ToolRequested(by="p_bot", call="k2", name="lookup", arguments="{}"),
            e.ToolStarted(by="p_bot", call="k1"),
        ]
    )
    assert talk.state.helped == []
    talk.do(OPERATOR, c.HandBack(briefing="calm again"))
    talk.put([e.ToolStarted(by="p_bot", call="k2")])
    (help,) = talk.state.helped
    assert (help.by, help.at, help.summary, help.tools) == ("olga", begun, "calm again", ("refund",))
    assert (help.since, help.until, help.ended_at) == (7, 7, talk.state.offset - 1)
    (promise,) = help.promises
    assert (promise.id, promise.by, promise.text, promise.time) == ("p", "olga", "her money on Monday", 7)
    assert talk.state.help is None


def test_a_supervisor_who_takes_over_and_a_person_who_goes_end_the_stretch_too() -> None:
    talk = crowd()
    talk.do(OPERATOR, c.TakeOver())
    promised(talk, "p", "one")
    talk.do(SUE, c.TakeOver())
    talk.do(SUE, c.MakePromise(promise="p", text="two"))
    talk.put(left(talk.state, "sue", "sue"))
    told = [(help.by, [each.text for each in help.promises]) for help in talk.state.helped]
    assert told == [("olga", ["one"]), ("sue", ["two"])]


def test_an_agent_that_answers_again_is_told_the_briefing_and_the_promises() -> None:
    talk = crowd()
    assert briefing_of(talk.state) == ""
    talk.do(OPERATOR, c.TakeOver())
    promised(talk, "p", "her money on Monday")
    assert briefing_of(talk.state) == ""
    talk.do(OPERATOR, c.HandBack(briefing="calm again"))
    assert briefing_of(talk.state) == "calm again\nPromised:\n- her money on Monday"
    talk.do(OPERATOR, c.TakeOver())
    assert briefing_of(talk.state) == ""
    talk.do(OPERATOR, c.HandBack())
    assert briefing_of(talk.state) == ""


def test_what_is_left_for_the_record_stands_in_the_state_and_the_newest_stay() -> None:
    talk = crowd()
    for number in range(10):
        talk.do(OPERATOR, c.TakeOver())
        talk.do(OPERATOR, c.HandBack())
        talk.do(OPERATOR, c.WrapUp(disposition="sold", notes=str(number)))
    assert [(each.by, each.disposition, each.notes) for each in talk.state.noted] == [
        ("olga", "sold", str(number)) for number in range(2, 10)
    ]
    assert len(talk.state.helped) == 4
