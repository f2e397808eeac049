"""Steering: what is asked of an answer has one outcome, and the agent says what it did."""

import pytest
from msgspec.structs import replace

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.ids import HUB
from legato.session.right_rules import crashed
from legato.session.state import Message
from tests.session.talk import ADA, ALL, BOT, OPERATOR, WORDS, Talk, types

STEER = c.SteerResponse(response="r", text="shorter")
PAUSE, GO_ON = c.PauseResponse(response="r"), c.ContinueResponse(response="r")
NEXT = Actor("p_bot", "agent", ALL, worker="w2")
AGAIN = c.RegenerateResponse(response="r")


def answered() -> Talk:
    talk = Talk().answering()
    talk.do(BOT, c.GrowMessage(message="m", index=0, text="One two"))
    talk.do(BOT, c.EndResponse(response="r"))
    return talk


def sounding() -> Talk:
    """An answer that was written to its end, on a call, and not heard to its end."""
    talk = Talk().answering()
    talk.do(BOT, c.GrowMessage(message="m", index=0, text="One two"))
    talk.put([e.AttachmentOpened(by="ada", participant="ada", attachment="tab")])
    talk.put([e.VoiceStarted(by=HUB, attachment="tab", call="k", track="mic")])
    talk.put([e.SpeechQueued(by=HUB, message="m", track="t", start=0, end=960, characters=7)])
    return talk


def says(asked: e.Steering, *, done: bool = True) -> c.AnswerSteering:
    return c.AnswerSteering(response="r", asked=asked, done=done, detail="so it is")


def test_a_direction_waits_in_the_state_until_the_agent_says_what_it_did() -> None:
    talk = Talk().answering()
    asked = talk.do(ADA, STEER)
    assert (types(asked), asked.conditional) == (["steering_requested"], True)
    assert (talk.state.responses["r"].steer, talk.state.responses["r"].steer_at) == (
        "shorter",
        talk.state.offset,
    )
    assert talk.refused(OPERATOR, c.SteerResponse(response="r", text="longer")) == "already_exists"
    assert talk.refused(BOT, says("pause")) == "wrong_order"
    assert types(talk.do(BOT, says("steer", done=False))) == ["steering_answered"]
    assert talk.state.responses["r"].steer == ""
    assert talk.refused(BOT, says("steer")) == "wrong_order", "it is answered once"
    talk.do(OPERATOR, c.SteerResponse(response="r", text="longer"))


def test_of_two_pauses_one_counts_and_a_pause_ends_with_continuing() -> None:
    talk = Talk().answering()
    assert talk.refused(ADA, GO_ON) == "wrong_order"
    assert talk.do(ADA, PAUSE).conditional
    assert talk.state.paused == "r"
    assert talk.refused(OPERATOR, PAUSE) == "already_exists"
    assert talk.refused(BOT, says("continue")) == "wrong_order"
    talk.do(BOT, says("pause"))
    assert (talk.state.paused, talk.state.responses["r"].pausing) == ("r", "")
    talk.do(OPERATOR, GO_ON)
    assert talk.state.paused == ""
    assert talk.refused(ADA, GO_ON) == "wrong_order"
    talk.do(BOT, says("continue"))


def test_who_goes_on_before_the_agent_said_that_it_paused_is_answered_for_going_on() -> None:
    talk = Talk().answering()
    talk.do(ADA, PAUSE)
    talk.do(ADA, GO_ON)
    assert talk.refused(BOT, says("pause")) == "wrong_order"
    talk.do(BOT, says("continue"))


def test_an_answer_to_the_first_pause_is_none_to_the_second() -> None:
    talk = Talk().answering()
    talk.do(ADA, PAUSE)
    first = talk.state.responses["r"].pausing_at
    assert first == talk.state.offset
    talk.do(ADA, GO_ON)
    talk.do(ADA, PAUSE)
    said = says("pause")
    assert talk.refused(BOT, replace(said, at=first)) == "wrong_order"
    assert talk.refused(BOT, replace(says("continue"), at=first + 1)) == "wrong_order"
    assert types(talk.do(BOT, replace(said, at=talk.state.responses["r"].pausing_at))) == [
        "steering_answered"
    ]
    assert talk.state.responses["r"].pausing == ""


def test_an_agent_that_names_no_request_answers_the_newest() -> None:
    talk = Talk().answering()
    talk.do(ADA, PAUSE)
    talk.do(ADA, GO_ON)
    talk.do(ADA, PAUSE)
    assert types(talk.do(BOT, says("pause"))) == ["steering_answered"]


@pytest.mark.parametrize("command", [STEER, PAUSE])
def test_what_is_being_cancelled_or_has_ended_is_not_steered(command: c.Command) -> None:
    talk = Talk().answering()
    talk.do(ADA, c.CancelResponse(response="r"))
    assert talk.refused(ADA, command) == "already_ended"
    talk.do(BOT, c.EndResponse(response="r", outcome="cancelled"))
    assert talk.refused(ADA, command) == "already_ended"
    assert talk.refused(BOT, says("steer")) == "already_ended"


def test_a_direction_says_something_and_is_no_novel() -> None:
    talk = Talk().answering()
    assert talk.refused(ADA, c.SteerResponse(response="r", text=" ")) == "malformed"
    assert talk.refused(ADA, c.SteerResponse(response="r", text="x" * 4_001)) == "too_large"


def test_an_answer_that_is_only_heard_still_is_paused_by_the_hub() -> None:
    talk = sounding()
    talk.do(ADA, PAUSE)
    talk.do(BOT, says("pause"), c.EndResponse(response="r"))
    assert talk.state.paused == "r", "its words wait to be heard"
    assert types(talk.do(ADA, GO_ON)) == ["steering_requested", "steering_answered"]
    (_, said) = talk.do(ADA, PAUSE).events
    assert isinstance(said, e.SteeringAnswered)
    assert (said.by, said.done) == (HUB, True)


def test_cancelling_an_answer_crashing_in_it_or_beginning_another_ends_its_pause() -> None:
    ends: list[tuple[Actor, c.Command]] = [
        (ADA, c.CancelResponse(response="r")),
        (BOT, c.EndResponse(response="r", outcome="failed")),
        (BOT, c.StartResponse(response="r2")),
    ]
    for who, command in ends:
        talk = sounding()
        talk.do(ADA, PAUSE)
        talk.do(who, command)
        assert talk.state.paused == ""


def lose_the_worker(talk: Talk) -> None:
    talk.put(crashed(talk.state, "worker:bot"))
    talk.do(NEXT, c.AcceptSession(right="worker:bot", worker="w2"))


def test_a_pause_outlives_the_worker_and_the_next_one_begins_paused() -> None:
    talk = Talk().answering()
    talk.do(ADA, PAUSE)
    lose_the_worker(talk)
    assert talk.state.paused == "r", "nothing of it sounds meanwhile"
    talk.do(NEXT, c.StartResponse(response="r2", turn="t"))
    assert talk.state.paused == "r2"
    assert talk.refused(ADA, GO_ON) == "wrong_order"
    talk.do(ADA, c.ContinueResponse(response="r2"))
    assert talk.state.paused == ""


def test_who_goes_on_while_there_is_no_worker_is_answered_by_the_hub_and_the_next_one_speaks() -> None:
    talk = Talk().answering()
    talk.do(ADA, PAUSE)
    lose_the_worker(talk)
    assert types(talk.do(ADA, GO_ON)) == ["steering_requested", "steering_answered"]
    talk.do(NEXT, c.StartResponse(response="r2", turn="t"))
    assert talk.state.paused == ""


def test_a_person_who_takes_over_is_not_paused_by_what_the_agent_was_to_wait_with() -> None:
    talk = Talk().answering()
    talk.do(ADA, PAUSE)
    talk.do(OPERATOR, c.TakeOver())
    assert talk.state.paused == ""
    talk.do(OPERATOR, c.PostMessage(message="o", parts=WORDS))
    assert talk.state.paused == ""


def test_a_person_who_takes_over_from_nobody_is_not_paused_by_what_the_last_worker_was_to_wait_with() -> None:
    talk = Talk().answering()
    talk.do(ADA, PAUSE)
    talk.put(crashed(talk.state, "worker:bot"))
    assert talk.state.paused == "r"
    talk.do(OPERATOR, c.TakeOver())
    assert talk.state.paused == ""


def test_another_answer_stands_beside_the_old_one_which_is_marked() -> None:
    talk = answered()
    assert types(talk.do(ADA, AGAIN)) == ["response_superseded"]
    old = talk.state.entries["m"]
    assert isinstance(old, Message)
    assert (old.superseded, old.status) == (True, "finished")
    (turn,) = talk.state.waiting_turns()
    assert (turn.id, turn.again, turn.participant) == ("t", "r", "ada")
    assert talk.refused(OPERATOR, AGAIN) == "not_found", "of two who ask one has it"
    talk.do(BOT, c.StartResponse(response="r2", turn="t"), c.EndResponse(response="r2"))
    talk.do(ADA, c.RegenerateResponse(response="r2"))


def test_what_was_started_for_a_turn_is_not_started_for_another_answer_to_it() -> None:
    talk = Talk().answering()
    call = c.RequestTool(call="x", name="pay", arguments="{}", response="r", key="k")
    talk.do(BOT, call)
    talk.do(BOT, c.StartTool(call="x"))
    talk.do(BOT, c.EndTool(call="x"))
    talk.do(BOT, c.EndResponse(response="r"))
    talk.do(ADA, AGAIN)
    talk.do(BOT, c.StartResponse(response="r2", turn="t"))
    talk.do(BOT, c.RequestTool(call="y", name="pay", arguments="{}", response="r2", key="k"))
    assert talk.refused(BOT, c.StartTool(call="y")) == "already_exists"


def test_what_is_not_over_or_a_person_answers_is_not_answered_anew() -> None:
    talk = Talk().answering()
    assert talk.refused(ADA, AGAIN) == "wrong_order"
    talk.do(BOT, c.EndResponse(response="r"))
    talk.do(OPERATOR, c.TakeOver())
    assert talk.refused(ADA, AGAIN) == "not_allowed"
    assert talk.refused(ADA, c.RegenerateResponse(response="x")) == "not_found"


def test_what_is_still_heard_of_the_old_answer_stops() -> None:
    talk = sounding()
    talk.do(BOT, c.EndResponse(response="r"))
    assert types(talk.do(ADA, AGAIN)) == ["cancel_requested", "response_superseded"]


def test_a_turn_can_only_wait_beside_so_many_others() -> None:
    talk = answered()
    for n in range(32):
        talk.do(ADA, c.PostMessage(message=f"q{n}", parts=WORDS))
    assert talk.refused(ADA, AGAIN) == "too_fast"
