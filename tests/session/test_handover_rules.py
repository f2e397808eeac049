"""One agent hands a session to another: at no moment does the session want the wrong one, and no turn is lost."""

import pytest

from legato.session import commands as c
from legato.session.actors import Actor
from legato.session.right_rules import crashed
from legato.session.state import Message
from tests.session.talk import ADA, ALL, BOT, OPERATOR, WORDS, ZOMBIE, Talk, types

BILLING = Actor("p_billing", "agent", ALL, worker="w9")
OVER = c.HandOver(to="billing", briefing="she wants her money back")


def accept(talk: Talk) -> None:
    talk.do(BILLING, c.AcceptSession(right="worker:billing", worker="w9"))


def test_the_session_wants_the_other_agent_and_the_turn_waits_for_it() -> None:
    talk = Talk().answering()
    over = talk.do(BOT, OVER)
    assert types(over) == [
        "message_ended",
        "response_ended",
        "session_labelled",
        "right_released",
        "right_released",
        "responder_changed",
    ]
    assert over.conditional
    assert talk.state.labels["agent"] == "billing"
    assert (talk.state.responder, talk.state.rights["worker:bot"].holder) == ("", "")
    assert [turn.id for turn in talk.state.waiting_turns()] == ["t"]
    accept(talk)
    assert (talk.state.responder, talk.state.briefing) == ("p_billing", "she wants her money back")
    talk.do(BILLING, c.StartResponse(response="r2", turn="t"))
    assert talk.refused(BOT, c.StartMessage(message="late")) == "stale_token"


def test_what_was_said_before_it_stands_and_calls_end_for_they_are_the_old_agents() -> None:
    talk = Talk().answering()
    talk.do(BOT, c.GrowMessage(message="m", index=0, text="One moment."))
    talk.do(BOT, c.EndMessage(message="m"))
    talk.do(BOT, c.RequestTool(call="x", name="n", arguments="{}", response="r", key="k", idempotent=True))
    talk.do(BOT, OVER)
    said = talk.state.entries["m"]
    assert isinstance(said, Message)
    assert said.status == "finished"
    assert talk.state.open_tools() == []
    assert talk.state.responses == {}


def test_a_briefing_outlives_a_crash_and_is_over_when_it_is_handed_on_without_one() -> None:
    talk = Talk()
    talk.do(BOT, OVER)
    accept(talk)
    talk.put(crashed(talk.state, "worker:billing"))
    accept(talk)
    assert talk.state.briefing == "she wants her money back"
    talk.do(BILLING, c.HandOver(to="bot"))
    talk.do(BOT, c.AcceptSession(right="worker:bot", worker="w1"))
    assert talk.state.briefing == ""


def test_a_pause_outlives_a_handover() -> None:
    talk = Talk().answering()
    talk.do(ADA, c.PauseResponse(response="r"))
    talk.do(BOT, OVER)
    accept(talk)
    talk.do(BILLING, c.StartResponse(response="r2", turn="t"))
    assert talk.state.paused == "r2"


@pytest.mark.parametrize("who", [ADA, OPERATOR, BILLING, ZOMBIE])
def test_only_the_agent_that_answers_hands_over(who: Actor) -> None:
    talk = Talk().answering()
    assert talk.refused(who, OVER) in ("not_allowed", "stale_token", "resume_first")


def test_an_agent_does_not_hand_over_while_a_person_answers_or_to_itself_or_to_what_is_no_name() -> None:
    talk = Talk().answering()
    assert talk.refused(BOT, c.HandOver(to="bot")) == "wrong_order"
    assert talk.refused(BOT, c.HandOver(to="")) == "malformed"
    assert talk.refused(BOT, c.HandOver(to="x" * 60)) == "malformed"
    assert talk.refused(BOT, c.HandOver(to="billing", briefing="x" * 4_001)) == "too_large"
    talk.do(OPERATOR, c.TakeOver())
    assert talk.refused(BOT, OVER) == "not_allowed"


def test_a_session_that_is_full_of_labels_has_no_room_for_the_agents_name() -> None:
    talk = Talk()
    talk.do(ADA, c.LabelSession(labels={f"l{n}": "x" for n in range(32)}))
    assert talk.refused(BOT, OVER) == "too_large"


def test_what_waits_beside_the_turn_is_answered_by_the_next_agent() -> None:
    talk = Talk().answering()
    talk.do(ADA, c.PostMessage(message="t2", parts=WORDS))
    talk.do(BOT, OVER)
    assert {turn.id for turn in talk.state.waiting_turns()} == {"t", "t2"}
