"""An agent that listens is there beside whoever answers, with a right of its own, and never answers."""

import pytest

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor, listens
from legato.session.agent_labels import listening
from legato.session.presence import roster
from legato.session.right_rules import crashed
from tests.session.talk import ADA, ALL, BOT, OPERATOR, WORDS, Talk, types

SCRIBE = Actor("p_scribe", "agent", ALL, worker="w9")
LISTEN = c.AcceptSession(right="worker:scribe", worker="w9", listens=True)


def labelled(**labels: str) -> Talk:
    talk = Talk()
    talk.put([e.SessionLabelled(by="hub", labels=labels)])
    return talk


def test_it_gets_a_right_of_its_own_and_the_responder_stays() -> None:
    talk = Talk()
    assert types(talk.do(SCRIBE, LISTEN)) == ["participant_joined", "right_granted"]
    assert talk.state.responder == "p_bot"
    assert listens(talk.state, "p_scribe")
    assert [each.participant for each in roster(talk.state) if each.listens] == ["p_scribe"]


def test_it_does_not_answer_where_nobody_does() -> None:
    talk = Talk()
    talk.put(crashed(talk.state, "worker:bot"))
    talk.do(SCRIBE, LISTEN)
    assert talk.state.responder == ""


@pytest.mark.parametrize(
    "word",
    [
        c.StartResponse(response="r"),
        c.PostMessage(message="m", parts=WORDS),
        c.StartMessage(message="m"),
        c.RequestTool(call="x", name="n", arguments="{}"),
        c.HandOver(to="bot"),
    ],
    ids=lambda word: word.type,
)
def test_what_it_would_say_or_do_is_refused(word: c.Command) -> None:
    talk = Talk()
    talk.do(SCRIBE, LISTEN)
    assert talk.refused(SCRIBE, word) == "not_allowed"


def test_it_may_ask_for_a_person() -> None:
    talk = Talk()
    talk.do(SCRIBE, LISTEN)
    talk.do(SCRIBE, c.RequestHuman(request="q", reason="against the rules"))
    assert talk.state.asking is not None


def test_a_person_hands_back_to_the_agent_that_answers_and_to_nobody_if_there_is_none() -> None:
    talk = Talk()
    talk.do(SCRIBE, LISTEN)
    talk.do(OPERATOR, c.TakeOver())
    talk.put(crashed(talk.state, "worker:bot"))
    talk.do(OPERATOR, c.HandBack())
    assert talk.state.responder == ""


def test_nothing_is_handed_over_to_it() -> None:
    talk = Talk()
    talk.do(SCRIBE, LISTEN)
    assert talk.refused(BOT, c.HandOver(to="scribe")) == "not_allowed"


def test_the_agent_that_the_session_wants_cannot_only_listen() -> None:
    talk = labelled(agent="scribe")
    assert talk.refused(SCRIBE, LISTEN) == "not_allowed"


def test_an_agent_that_the_session_wants_to_listen_listens_whatever_it_says() -> None:
    talk = labelled(agent="bot", listeners="police scribe  scribe bot")
    assert listening(talk.state) == ("police", "scribe")
    talk.do(SCRIBE, c.AcceptSession(right="worker:scribe", worker="w9"))
    assert listens(talk.state, "p_scribe")


def test_when_its_worker_is_lost_the_answer_goes_on() -> None:
    talk = Talk().answering()
    talk.do(SCRIBE, LISTEN)
    talk.put(crashed(talk.state, "worker:scribe"))
    assert (talk.state.responder, list(talk.state.responses)) == ("p_bot", ["r"])
    assert not listens(talk.state, "p_scribe")
    assert talk.refused(ADA, LISTEN) == "not_allowed"
