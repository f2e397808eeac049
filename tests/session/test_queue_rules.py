"""The queue: asked for, kept, passed, taken over, wrapped up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.deadlines import earliest, fired
from legato.session.queue_rules import RESERVED_MS
from tests.session.talk import ADA, ALL, BOT, OPERATOR, Talk, types

BEN = Actor("ben", "operator", ALL)
SUE = Actor("sue", "supervisor", ALL)
ZOE = Actor("zoe", "operator", ALL)


def asked() -> Talk:
    talk = Talk()
    for name, role in (("ben", "operator"), ("sue", "supervisor")):
        talk.put([e.ParticipantJoined(by=name, participant=name, role=role)])  # type: ignore[arg-type]
    talk.do(BOT, c.RequestHuman(request="q", reason="refund", skill="billing", priority=2))
    return talk


def test_an_agent_or_a_user_asks_and_users_do_not_say_how_urgent_it_is() -> None:
    talk = asked()
    asking = talk.state.asking
    assert asking is not None
    assert (asking.by, asking.reason, asking.skill, asking.priority) == ("p_bot", "refund", "billing", 2)
    assert talk.refused(ADA, c.RequestHuman(request="q2")) == "already_exists"
    talk.do(BOT, c.WithdrawRequest(request="q"))
    assert talk.refused(ADA, c.RequestHuman(request="q2", priority=1)) == "not_allowed"
    assert talk.refused(BOT, c.RequestHuman(request="q2", priority=10)) == "malformed"
    talk.do(ADA, c.RequestHuman(request="q2"))
    assert talk.refused(BOT, c.WithdrawRequest(request="q2")) == "not_allowed"
    assert talk.refused(ADA, c.WithdrawRequest(request="q")) == "not_found"


def test_of_two_who_reserve_one_has_it_and_the_other_is_told_who() -> None:
    talk = asked()
    talk.do(OPERATOR, c.ReserveSession(request="q"))
    refusal = talk.ask(BEN, c.ReserveSession(request="q"))
    assert (refusal.reason, refusal.detail) == ("already_exists", "olga has it")  # type: ignore[union-attr]
    assert talk.refused(BEN, c.TakeOver()) == "already_exists"
    assert talk.refused(BEN, c.RejectSession(request="q")) == "wrong_order"


def test_who_takes_over_what_is_kept_for_them_accepts_it_and_owes_a_wrap_up_afterwards() -> None:
    talk = asked()
    talk.do(OPERATOR, c.ReserveSession(request="q"))
    taken = talk.do(OPERATOR, c.TakeOver())
    assert types(taken)[0] == "reservation_ended"
    assert talk.state.asking is None
    assert talk.refused(OPERATOR, c.WrapUp()) == "wrong_order"
    assert talk.refused(ADA, c.RequestHuman(request="q3")) == "already_exists"
    talk.do(OPERATOR, c.HandBack())
    assert list(talk.state.wrap_ups) == ["olga"]
    talk.do(OPERATOR, c.WrapUp(disposition="refunded", notes="she was kind"))
    assert talk.state.wrap_ups == {}
    assert talk.refused(OPERATOR, c.WrapUp()) == "wrong_order"


def test_who_answers_asks_for_another_person_and_answers_until_that_one_has_taken_over() -> None:
    talk = asked()
    talk.do(OPERATOR, c.TakeOver())
    assert talk.refused(BEN, c.RequestHuman(request="g")) == "already_exists"
    talk.do(OPERATOR, c.RequestHuman(request="g", reason="wants sales", skill="sales"))
    unskilled = Actor("ben", "operator", ALL, skills=frozenset({"billing"}))
    for command in (c.ReserveSession(request="g"), c.TakeOver()):
        assert talk.refused(unskilled, command) == "not_allowed"
    talk.do(BEN, c.ReserveSession(request="g"))
    assert talk.state.responder == "olga"
    taken = talk.do(BEN, c.TakeOver(reason="console"))
    changed = taken.events[-1]
    assert isinstance(changed, e.ResponderChanged)
    assert (changed.participant, changed.reason, changed.briefing) == ("ben", "transferred", "wants sales")
    assert (list(talk.state.wrap_ups), talk.state.asking) == (["olga"], None)
    assert talk.state.helped[-1].summary == "wants sales"
    assert talk.refused(OPERATOR, c.TakeOver()) == "already_exists"


def test_who_answers_gives_it_to_somebody_by_name_who_is_not_here() -> None:
    talk = asked()
    talk.do(OPERATOR, c.TakeOver())
    made = talk.do(OPERATOR, c.RequestHuman(request="g", reason="she knows you", to="zoe"))
    assert types(made) == ["human_requested", "session_reserved"]
    assert [event.by for event in made.events] == ["olga", "olga"]
    asking = talk.state.asking
    assert asking is not None
    assert asking.reserved_for == "zoe"
    for command in (c.ReserveSession(request="g"), c.TakeOver()):
        assert talk.refused(BEN, command) == "already_exists"
    assert talk.state.responder == "olga", "until they have it"
    talk.put([e.ParticipantJoined(by="zoe", participant="zoe", role="operator")])
    taken = talk.do(ZOE, c.TakeOver())
    assert types(taken)[0] == "reservation_ended"
    changed = taken.events[-1]
    assert isinstance(changed, e.ResponderChanged)
    assert (changed.participant, changed.reason, changed.briefing) == ("zoe", "transferred", "she knows you")
    assert (list(talk.state.wrap_ups), talk.state.asking) == (["olga"], None)


def test_an_agent_names_somebody_and_users_do_not() -> None:
    talk = asked()
    talk.do(BOT, c.WithdrawRequest(request="q"))
    assert talk.refused(ADA, c.RequestHuman(request="q2", to="ben")) == "not_allowed"
    for whom, reason in (("ada", "not_found"), ("p_bot", "wrong_order"), ("no such id", "malformed")):
        assert talk.refused(BOT, c.RequestHuman(request="q2", to=whom)) == reason
    assert talk.refused(BEN, c.RequestHuman(request="q2", to="p_bot")) == "not_found"
    assert talk.state.asking is None
    talk.do(BOT, c.RequestHuman(request="q2", to="ben"))
    assert talk.refused(OPERATOR, c.ReserveSession(request="q2")) == "already_exists"
    taken = talk.do(BEN, c.TakeOver()).events[-1]
    assert isinstance(taken, e.ResponderChanged)
    assert (taken.participant, taken.reason) == ("ben", "taken_over")


def test_who_is_named_and_lacks_the_skill_does_not_get_it_all_the_same() -> None:
    talk = asked()
    talk.do(OPERATOR, c.TakeOver())
    talk.do(OPERATOR, c.RequestHuman(request="g", skill="sales", to="ben"))
    unskilled = Actor("ben", "operator", ALL, skills=frozenset({"billing"}))
    assert talk.refused(unskilled, c.TakeOver()) == "not_allowed"
    talk.do(unskilled, c.RejectSession(request="g"))
    assert talk.refused(unskilled, c.ReserveSession(request="g")) == "not_allowed"
    talk.do(SUE, c.ReserveSession(request="g"))


HELPERS = {"olga": OPERATOR, "ben": BEN, "zoe": ZOE, "sue": SUE}
TRIES = {
    "reserve": c.ReserveSession(request="g"),
    "reject": c.RejectSession(request="g"),
    "take": c.TakeOver(),
    "withdraw": c.WithdrawRequest(request="g"),
}
STEPS = st.lists(
    st.tuples(st.sampled_from(list(HELPERS)), st.sampled_from([*TRIES, "wait"])),
    max_size=14,
)


@given(st.sampled_from(["ben", "zoe", "sue"]), STEPS)
def test_what_is_given_to_somebody_is_theirs_first_and_then_anybodys_in_its_place(
    named: str, steps: list[tuple[str, str]]
) -> None:
    """Whatever the others try, in any order: nobody but they, or a supervisor, has it before they let it pass; and it
    is answered by who gave it on until somebody has taken over."""
    talk = asked()
    talk.put([e.ParticipantJoined(by="zoe", participant="zoe", role="operator")])
    talk.do(OPERATOR, c.TakeOver())
    talk.do(OPERATOR, c.RequestHuman(request="g", to=named))
    assert talk.state.asking is not None
    since, passed = talk.state.asking.since, False
    for who, step in steps:
        before = talk.state.asking
        assert before is not None
        assert (before.since, talk.state.responder) == (since, "olga")
        assert passed or before.reserved_for == named
        if step == "wait":
            for each in fired(talk.state, talk.state.time + RESERVED_MS)[:1]:
                talk.put(list(each.events))
            assert talk.state.asking is not None
            passed = passed or talk.state.asking.reserved_for == ""
            continue
        answer = talk.ask(HELPERS[who], TRIES[step])
        if isinstance(answer, Refusal):
            continue
        talk.put(list(answer.events))
        if step in ("withdraw", "take"):
            assert step == "withdraw" or passed or who in (named, "sue")
            assert talk.state.asking is None
            assert talk.state.responder == ("olga" if step == "withdraw" else who)
            return
        if step == "reject":
            assert talk.state.asking is not None
            passed = passed or who == named
            assert talk.state.asking.passed[-1] == who
        assert step != "reserve" or passed


def test_what_the_agent_asked_for_is_a_takeover_and_what_another_asked_passes_nobody_on() -> None:
    talk = asked()
    taken = talk.do(SUE, c.TakeOver()).events[-1]
    assert isinstance(taken, e.ResponderChanged)
    assert (taken.reason, taken.briefing) == ("taken_over", "")
    talk.do(SUE, c.HandBack())
    talk.do(SUE, c.TakeOver())
    talk.put([e.HumanRequested(by=BOT.participant, request="late")])
    assert talk.refused(BEN, c.TakeOver()) == "already_exists"


def test_who_asked_for_another_person_takes_it_back_or_hands_back_and_leaves_it_in_the_queue() -> None:
    talk = asked()
    talk.do(OPERATOR, c.TakeOver())
    talk.do(OPERATOR, c.RequestHuman(request="g"))
    talk.do(OPERATOR, c.WithdrawRequest(request="g"))
    assert talk.refused(BEN, c.TakeOver()) == "already_exists"
    talk.do(OPERATOR, c.RequestHuman(request="g2"))
    talk.do(OPERATOR, c.HandBack())
    assert (talk.state.responder, talk.state.asking is not None) == (BOT.participant, True)
    taken = talk.do(BEN, c.TakeOver()).events[-1]
    assert isinstance(taken, e.ResponderChanged)
    assert taken.reason == "taken_over"


def test_whoever_helps_leaves_notes_at_any_time_and_owes_the_wrap_up_all_the_same() -> None:
    talk = asked()
    for nothing in ("", " "):
        assert talk.refused(OPERATOR, c.WrapUp(disposition="solved", notes=nothing)) == "wrong_order"
    assert talk.refused(ADA, c.WrapUp(notes="x")) == "wrong_order"
    talk.do(OPERATOR, c.WrapUp(notes="she called before"))
    talk.do(OPERATOR, c.TakeOver())
    talk.do(OPERATOR, c.WrapUp(notes="wants it by Monday"))
    talk.do(SUE, c.WrapUp(notes="call her"))
    talk.do(OPERATOR, c.HandBack())
    assert list(talk.state.wrap_ups) == ["olga"]
    talk.do(SUE, c.WrapUp(notes="done"))
    assert list(talk.state.wrap_ups) == ["olga"]
    left = [(note.by, note.notes) for note in talk.state.noted]
    assert left == [
        ("olga", "she called before"),
        ("olga", "wants it by Monday"),
        ("sue", "call her"),
        ("sue", "done"),
    ]
    talk.do(OPERATOR, c.WrapUp(disposition="solved"))
    assert talk.state.wrap_ups == {}


@pytest.mark.parametrize("how", ["rejected", "expired"])
def test_what_is_let_pass_goes_back_to_its_place(how: str) -> None:
    talk = asked()
    before = talk.state.asking
    assert before is not None
    talk.do(OPERATOR, c.ReserveSession(request="q"))
    if how == "rejected":
        talk.do(OPERATOR, c.RejectSession(request="q"))
    else:
        due = earliest(talk.state)
        assert due == talk.state.time + RESERVED_MS
        assert fired(talk.state, due - 1) == []
        (over,) = fired(talk.state, due)
        talk.put(list(over.events))
        assert earliest(talk.state) is None
    after = talk.state.asking
    assert after is not None
    assert (after.since, after.reserved_for, after.passed) == (before.since, "", ("olga",))
    talk.do(BEN, c.ReserveSession(request="q"))


def test_a_supervisor_takes_over_whoever_it_is_kept_for() -> None:
    talk = asked()
    talk.do(OPERATOR, c.ReserveSession(request="q"))
    taken = talk.do(SUE, c.TakeOver())
    assert getattr(taken.events[0], "how", "") == "withdrawn"
    assert (talk.state.responder, talk.state.asking) == ("sue", None)


def test_the_queue_is_for_those_who_may_take_over() -> None:
    talk = asked()
    few = Actor("ada", "user", frozenset({"read", "publish"}))
    for command in (c.ReserveSession(request="q"), c.RejectSession(request="q"), c.WrapUp()):
        assert talk.refused(few, command) == "not_allowed"


@pytest.mark.parametrize(
    ("skills", "role", "serves"),
    [
        (None, "operator", True),
        ({"billing", "sales"}, "operator", True),
        ({"sales"}, "operator", False),
        (set(), "operator", False),
        ({"sales"}, "supervisor", True),
    ],
)
def test_who_lacks_the_skill_that_is_wanted_neither_keeps_nor_takes_it(
    skills: set[str] | None, role: str, serves: bool
) -> None:
    who = "sue" if role == "supervisor" else "ben"
    actor = Actor(who, role, ALL, skills=None if skills is None else frozenset(skills))  # type: ignore[arg-type]
    for command in (c.ReserveSession(request="q"), c.TakeOver()):
        talk = asked()
        if serves:
            talk.do(actor, command)
            continue
        assert talk.refused(actor, command) == "not_allowed"
        assert talk.state.asking is not None
        assert talk.state.asking.reserved_for == ""


def test_who_has_few_skills_takes_what_wants_none() -> None:
    talk = asked()
    talk.do(BOT, c.WithdrawRequest(request="q"))
    talk.do(BOT, c.RequestHuman(request="q2"))
    talk.do(Actor("ben", "operator", ALL, skills=frozenset()), c.ReserveSession(request="q2"))
