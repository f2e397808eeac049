"""An agent's work follows from the state, not from what it happened to see."""

from __future__ import annotations

from legato.agent.duties import Claim, Duties, callers, duties, newcomers
from legato.agent.tools import describe
from legato.agent.turn import Said, history_of
from legato.session import commands as c
from legato.session import events as e
from legato.session.fold import fold
from legato.session.parts import Part
from legato.session.state import State
from tests.session.talk import ADA, BOT, OPERATOR, WORDS, Talk

ME = "agent:concierge"


def log(*events: e.Event) -> State:
    placed = [
        type(event)(
            **{
                name: getattr(event, name)
                for name in event.__struct_fields__
                if name not in ("offset", "time")
            },
            offset=at,
            time=at,
        )
        for at, event in enumerate(events, 1)
    ]
    return fold(placed)


GRANTED = e.RightGranted(by="hub", right="worker:concierge", holder=ME, token=1, worker="k_1")
RESPONDS = e.ResponderChanged(by="hub", participant=ME)
ASKED = e.MessagePosted(by="p_1", message="m_1", parts=[Part(text="hello")], turn="m_1", ends_turn=True)


UNASKED = Claim()
HAD = Claim(asked=0, had=True)


def due(state: State, claim: Claim = HAD, *, worker: str = "k_1") -> Duties:
    return duties(state, "concierge", ME, worker, claim)


def test_a_session_without_a_worker_is_accepted() -> None:
    assert due(State(), UNASKED) == Duties(accept=True)


def test_a_session_that_another_worker_has_is_let_go() -> None:
    assert due(log(GRANTED), UNASKED, worker="k_2").lost
    assert due(log(GRANTED), worker="k_2").lost


def test_a_standby_waits_while_the_worker_is_out_of_reach_and_accepts_when_it_crashed() -> None:
    joined = e.ParticipantJoined(by=ME, participant=ME, role="agent")
    away = e.AgentUnreachable(by="hub", participant=ME, right="worker:concierge", window_ms=250)
    assert due(log(joined, GRANTED, away), UNASKED, worker="k_2") == Duties()
    back = e.AgentReachable(by="hub", participant=ME, right="worker:concierge")
    assert due(log(joined, GRANTED, away, back), UNASKED, worker="k_2").lost
    crashed = e.AgentCrashed(by="hub", participant=ME, right="worker:concierge", token=2)
    assert due(log(joined, GRANTED, away, crashed), UNASKED, worker="k_2") == Duties(accept=True)
    assert due(log(joined, GRANTED, away, crashed)).lost


def test_an_acceptance_that_is_acknowledged_but_not_folded_yet_loses_nothing() -> None:
    assert due(State(), Claim(asked=0)) == Duties()
    assert due(log(GRANTED, RESPONDS), Claim(asked=0)) == Duties()
    assert due(log(GRANTED), Claim(asked=0), worker="k_2").lost


def test_a_right_that_was_given_and_lost_between_two_looks_is_lost() -> None:
    released = e.RightReleased(by="hub", right="worker:concierge", token=2)
    assert due(log(GRANTED, released), Claim(asked=0)).lost
    assert not due(log(GRANTED, released), UNASKED).lost


def test_a_waiting_turn_is_claimed_by_whoever_answers() -> None:
    assert due(log(GRANTED, RESPONDS, ASKED)) == Duties(turns=("m_1",))
    assert due(log(GRANTED, ASKED)) == Duties()


def test_a_turn_that_is_being_answered_is_not_claimed_again() -> None:
    answering = e.ResponseStarted(by=ME, response="r_1", turn="m_1")
    assert due(log(GRANTED, RESPONDS, ASKED, answering)) == Duties()


def test_a_response_that_was_asked_to_stop_is_stopped() -> None:
    answering = e.ResponseStarted(by=ME, response="r_1", turn="m_1")
    asked = e.CancelRequested(by="p_1", response="r_1")
    assert due(log(GRANTED, RESPONDS, ASKED, answering, asked)) == Duties(stop=("r_1",))


def test_an_ended_session_has_no_work() -> None:
    assert due(log(GRANTED, RESPONDS, ASKED, e.SessionEnded(by="hub"))) == Duties(lost=True)


def test_the_history_holds_only_what_was_heard_of_an_interrupted_answer() -> None:
    state = log(
        ASKED,
        e.MessageStarted(by=ME, message="m_2"),
        e.MessageGrown(by=ME, message="m_2", index=0, text="thinking", kind="reasoning"),
        e.MessageGrown(by=ME, message="m_2", index=1, text="One two three", part=1),
        e.MessageEnded(by=ME, message="m_2", outcome="interrupted"),
        e.HeardSettled(by="hub", message="m_2", participant="p_1", characters=7),
    )
    assert history_of(state, ME) == [Said("user", "hello", "p_1"), Said("assistant", "One two", ME)]


def test_a_tool_is_described_by_its_signature() -> None:
    async def order(number: str, express: bool = False) -> dict[str, str]:
        """Look up an order."""
        return {"number": number, "express": str(express)}

    tool = describe(order, idempotent=True, approval="")
    assert tool.description == "Look up an order."
    assert tool.parameters["required"] == ["number"]
    assert tool.parameters["properties"]["express"] == {"type": "boolean"}
    assert tool.convert({"number": "4711", "express": True}) == {"number": "4711", "express": True}


def test_who_waits_in_a_fresh_session_is_a_newcomer_and_nobody_is_once_something_was_said() -> None:
    came = e.ParticipantJoined(by="hub", participant="p_1", role="user")
    assert newcomers(log(came)) == ["p_1"]
    assert newcomers(log(came, ASKED)) == []


def test_who_called_before_the_worker_came_is_on_a_call_and_nobody_is_greeted_once_something_was_said() -> (
    None
):
    came = e.AttachmentOpened(by="p_1", participant="p_1", attachment="a_1", takes=("audio",))
    text = e.AttachmentOpened(by="p_2", participant="p_2", attachment="a_2")
    calls = e.VoiceStarted(by="hub", attachment="a_1", call="k", track="t")
    assert callers(log(came, text, calls)) == ["p_1"]
    assert callers(log(came, text, calls, ASKED)) == []


def test_turns_wait_while_there_is_no_budget_to_answer_them() -> None:
    talk = Talk()
    talk.do(OPERATOR, c.LabelSession(labels={"budget_tokens": "1"}))
    talk.do(BOT, c.ReportUsage(tokens_in=1))
    talk.do(ADA, c.PostMessage(message="t", parts=WORDS))
    claim = Claim(asked=0, had=True)
    assert duties(talk.state, "bot", "p_bot", "w1", claim).turns == ()
    talk.do(OPERATOR, c.LabelSession(labels={"budget_tokens": "100"}))
    assert duties(talk.state, "bot", "p_bot", "w1", claim).turns == ("t",)
