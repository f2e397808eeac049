"""Who answers may change: from the agent to a person, to another person, and back."""

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.ids import HUB
from legato.session.presence_rules import attached, closed, left, log_reopened
from legato.session.right_rules import crashed, reachable, unreachable
from legato.session.takeover_rules import as_answer
from tests.session.talk import ADA, ALL, BOT, OPERATOR, WORDS, Talk, overdue, types

BEN = Actor("ben", "operator", ALL)
SUE = Actor("sue", "supervisor", ALL)


def crowd() -> Talk:
    talk = Talk()
    talk.put([e.ParticipantJoined(by="ben", participant="ben", role="operator")])
    talk.put([e.ParticipantJoined(by="sue", participant="sue", role="supervisor")])
    return talk


def test_who_takes_over_answers_and_what_the_agent_was_saying_ends() -> None:
    talk = Talk().answering()
    taken = talk.do(OPERATOR, c.TakeOver())
    assert types(taken) == [
        "cancel_requested",
        "message_ended",
        "response_ended",
        "right_granted",
        "responder_changed",
    ]
    assert (taken.conditional, taken.raises) == (True, {"responder": 2})
    assert (talk.state.responder, talk.state.rights["responder"].holder) == ("olga", "olga")
    assert talk.state.rights["worker:bot"].holder == "p_bot", "the agent stays"
    assert [turn.id for turn in talk.state.waiting_turns()] == ["t"], "its turn waits for the person"
    assert talk.state.entries["m"].status == "interrupted"
    assert talk.refused(BOT, c.StartResponse(response="r2", turn="t")) == "not_allowed"
    assert talk.do(BOT, c.OfferDraft(draft="d", text="hello")).rights == {"worker:bot": 1}


def test_what_an_agent_left_behind_that_crashed_is_silent_too() -> None:
    talk = crowd().answering()
    talk.put(
        [
            e.AttachmentOpened(by="ada", participant="ada", attachment="tab", takes=("text", "audio")),
            e.VoiceStarted(by="hub", attachment="tab", call="k", track="mic"),
            e.SpeechQueued(by="hub", message="m", track="t_bot", start=0, end=960, characters=3),
        ]
    )
    talk.do(BOT, c.EndMessage(message="m"), c.EndResponse(response="r"))
    talk.put(crashed(talk.state, "worker:bot"))
    assert talk.state.responder == ""
    (stopped,) = [
        event for event in talk.do(OPERATOR, c.TakeOver()).events if event.type == "cancel_requested"
    ]
    assert isinstance(stopped, e.CancelRequested)
    assert (stopped.by, stopped.response) == ("olga", "r")


def test_whatever_a_person_posts_who_answers_ends_every_turn_that_waits() -> None:
    talk = Talk().answering()
    talk.do(ADA, c.PostMessage(message="t2", parts=WORDS))
    talk.do(OPERATOR, c.TakeOver())
    answered = talk.do(OPERATOR, c.PostMessage(message="m2", parts=WORDS))
    assert types(answered) == [*["response_started"] * 2, "message_posted", *["response_ended"] * 2]
    assert answered.rights == {"responder": 2}, "who no longer answers is refused by the store"
    assert not answered.conditional
    assert (talk.state.turns, talk.state.responses) == ({}, {})
    assert talk.do(OPERATOR, c.PostMessage(message="m3", parts=WORDS)).events[0].type == "message_posted"
    assert talk.state.turns == {}, "what they say is no turn"


def test_what_a_person_says_aloud_who_answers_is_an_answer_too() -> None:
    talk = Talk().answering()
    spoken: list[e.Event] = [
        e.MessagePosted(by="olga", message="s", parts=WORDS, turn="u", ends_turn=True),
        e.TurnMarked(by=HUB, turn="u", mark="transcript_final", at_ms=1),
        e.TurnEnded(by=HUB, turn="u"),
    ]
    assert as_answer(talk.state, "olga", spoken) == spoken, "as long as she does not answer"
    talk.do(OPERATOR, c.TakeOver())
    talk.put([e.TurnStarted(by=HUB, turn="u", participant="olga")])
    talk.put(as_answer(talk.state, "olga", spoken))
    assert talk.state.turns == {}
    assert talk.state.entries["s"].response == "s.0"


def test_of_two_who_take_over_the_second_is_told_who_was_first() -> None:
    talk = crowd()
    talk.do(OPERATOR, c.TakeOver())
    refusal = talk.ask(BEN, c.TakeOver())
    assert refusal == Refusal("already_exists", "olga answers", "right", expected=2)
    assert talk.refused(OPERATOR, c.TakeOver()) == "already_exists"


def test_a_supervisor_may_take_over_from_an_operator_and_nobody_from_a_supervisor() -> None:
    talk = crowd()
    talk.do(OPERATOR, c.TakeOver())
    talk.do(SUE, c.TakeOver(reason="help"))
    assert talk.state.responder == "sue"
    assert talk.refused(OPERATOR, c.TakeOver()) == "already_exists"
    assert talk.refused(Actor("tom", "supervisor", ALL), c.TakeOver()) == "resume_first"
    talk.put([e.ParticipantJoined(by="tom", participant="tom", role="supervisor")])
    assert talk.refused(Actor("tom", "supervisor", ALL), c.TakeOver()) == "already_exists"


def test_only_who_may_take_over_does() -> None:
    talk = Talk()
    few = frozenset({"read", "publish", "steer"})
    assert talk.refused(Actor("ada", "user", few), c.TakeOver()) == "not_allowed"
    assert talk.refused(Actor("ada", "user", few), c.HandBack()) == "not_allowed"


def test_who_hands_back_leaves_a_briefing_and_the_agent_answers_what_waits() -> None:
    talk = Talk().answering()
    talk.do(OPERATOR, c.TakeOver())
    assert talk.refused(ADA, c.HandBack()) == "stale_token"
    back = talk.do(OPERATOR, c.HandBack(briefing="she gets a call at nine"))
    assert types(back) == ["right_granted", "responder_changed"]
    assert back.raises == {"responder": 3}
    assert (talk.state.responder, talk.state.briefing) == ("p_bot", "she gets a call at nine")
    assert talk.state.rights["responder"].worker == "w1"
    talk.do(BOT, c.StartResponse(response="r2", turn="t"))
    assert talk.refused(OPERATOR, c.HandBack()) == "stale_token"


def test_without_an_agent_the_session_waits_for_one_which_then_answers() -> None:
    talk = Talk()
    talk.do(OPERATOR, c.TakeOver())
    talk.put(crashed(talk.state, "worker:bot"))
    assert talk.state.responder == "olga", "the agent's end is not the person's"
    talk.do(OPERATOR, c.HandBack(briefing="b"))
    assert (talk.state.responder, talk.state.briefing, talk.state.rights["responder"].holder) == ("", "b", "")
    talk.do(Actor("p_bot", "agent", ALL, worker="w2"), c.AcceptSession(right="worker:bot", worker="w2"))
    assert talk.state.responder == "p_bot"


def test_an_agent_that_was_out_of_reach_as_the_answering_came_back_answers_once_it_is_here() -> None:
    talk = Talk()
    talk.do(OPERATOR, c.TakeOver())
    talk.put(unreachable(talk.state, "worker:bot", 250))
    talk.do(OPERATOR, c.HandBack(briefing="b"))
    assert talk.state.responder == "", "nobody hears who is out of reach"
    back = talk.put(reachable(talk.state, "worker:bot"))
    assert types(back) == ["agent_reachable", "right_granted", "responder_changed"]
    assert (talk.state.responder, talk.state.briefing) == ("p_bot", "b")
    assert talk.state.rights["responder"].worker == "w1"
    talk.do(ADA, c.PostMessage(message="t", parts=WORDS))
    talk.do(BOT, c.StartResponse(response="r", turn="t"))


def test_an_agent_that_comes_back_within_reach_takes_the_answering_from_nobody() -> None:
    talk = Talk()
    talk.do(OPERATOR, c.TakeOver())
    talk.put(unreachable(talk.state, "worker:bot", 250))
    assert types(talk.put(reachable(talk.state, "worker:bot"))) == ["agent_reachable"]
    assert talk.state.responder == "olga"


def test_a_person_who_answered_as_the_logs_tail_was_lost_answers_on() -> None:
    talk = Talk()
    talk.put(attached(talk.state, "olga", "a1", 0))
    talk.do(OPERATOR, c.TakeOver())
    talk.do(OPERATOR, c.HoldUsers())
    talk.put(log_reopened("e", talk.state.offset + 1, talk.state.offset + 3))
    another = Actor("p_bot", "agent", ALL, worker="w2")
    talk.do(another, c.AcceptSession(right="worker:bot", worker="w2"))
    assert talk.state.responder == "olga", "no agent takes it from somebody who is speaking"
    assert overdue(talk) == ["right_granted"]
    assert (talk.state.rights["responder"].holder, talk.state.held) == ("olga", "olga")
    assert overdue(talk) == [], "once"
    talk.do(OPERATOR, c.ReleaseUsers())
    talk.do(OPERATOR, c.HoldUsers())
    talk.put(closed(talk.state, "a1"))
    assert (talk.state.responder, talk.state.held) == ("p_bot", ""), "and who is gone answers no more"


def test_an_agent_that_answered_as_the_logs_tail_was_lost_accepts_anew() -> None:
    talk = Talk()
    talk.put(log_reopened("e", talk.state.offset + 1, talk.state.offset + 3))
    assert overdue(talk) == []
    another = Actor("p_bot", "agent", ALL, worker="w2")
    talk.do(another, c.AcceptSession(right="worker:bot", worker="w2"))
    assert talk.state.rights["responder"].holder == "p_bot"


def test_a_person_who_goes_leaves_the_answering_to_the_agent() -> None:
    for goes in ("leaves", "closes the last tab"):
        talk = Talk()
        talk.put(attached(talk.state, "olga", "a1", 0))
        talk.put(attached(talk.state, "olga", "a2", 0))
        talk.do(OPERATOR, c.TakeOver())
        if goes == "leaves":
            talk.put(left(talk.state, "olga", "olga"))
        else:
            talk.put(closed(talk.state, "a1"))
            assert talk.state.responder == "olga", "another tab is there"
            talk.put(closed(talk.state, "a2"))
        assert (talk.state.responder, talk.state.rights["responder"].holder) == ("p_bot", "p_bot"), goes


def test_the_agents_going_does_not_take_the_answering_from_a_person() -> None:
    talk = Talk()
    talk.do(OPERATOR, c.TakeOver())
    talk.put(left(talk.state, "p_bot", "p_bot"))
    assert talk.state.responder == "olga"
    talk.put(left(talk.state, "olga", "olga"))
    assert talk.state.responder == ""
