"""Seeking a person who helps: whom the hub tells, how often, and when it is over."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from legato.session import events as e
from legato.session.away_rules import PAUSES_MS, WEBHOOK
from legato.session.bounds import KEPT_TOLD
from legato.session.deadlines import earliest
from legato.session.fold import fold
from legato.session.seeking_rules import on_call, sought, told
from legato.session.state import State, decode_state, encode_state
from tests.session.test_away_rules import ADA, BOT, CREATED, HERE, after

OLGA = e.ParticipantJoined(by="olga", participant="olga", role="operator")
DESK = e.AttachmentOpened(by="olga", participant="olga", attachment="desk")
LEFT = e.AttachmentClosed(by="hub", attachment="desk")
BELL = e.PushSubscribed(by="olga", participant="olga", subscription="push_olga", sealed="c2VhbGVk")
REQUESTED = e.HumanRequested(by="ada", request="q_1", reason="angry", skill="billing", priority=3)
KEPT = e.SessionReserved(by="olga", request="q_1", participant="olga", window_ms=20_000)
BACK = e.ReservationEnded(by="hub", request="q_1", participant="olga", how="expired")


def waits(*more: e.Event, time: int = 1_000) -> State:
    """Ada, who is here, asks for a person."""
    return after(CREATED, BOT, ADA, HERE, *more, REQUESTED, time=time)


def tried(state: State, *reached: str, reason: str = "", target: str = "", time: int = 2_000) -> State:
    """As the hub writes a try down."""
    return after(*told(state, "q_1", reached, reason, target=target), state=state, time=time)


def test_the_webhook_is_told_at_once_though_the_users_are_there() -> None:
    state = waits()
    (need,) = sought(state)
    assert (need.about, need.notice, need.at, need.targets) == ("q_1", "human", 1_000, (WEBHOOK,))
    assert earliest(state) == 1_000
    over = tried(state, WEBHOOK)
    assert (sought(over), earliest(over)) == ([], None)
    assert over.asking is not None
    assert over.asking.told[""].reached == (WEBHOOK,)


def test_nobody_is_told_of_a_session_that_nobody_may_be_told_of_or_that_asks_for_nobody() -> None:
    asked = (BOT, ADA, HERE, REQUESTED)
    assert sought(after(e.SessionCreated(by="hub"), *asked)) == []
    assert sought(after(CREATED, BOT, ADA, HERE)) == []
    assert sought(after(CREATED, e.SessionLabelled(by="hub", labels={"notify": "none"}), *asked)) == []
    assert sought(after(e.SessionEnded(by="hub"), state=waits())) == []
    assert sought(after(e.HumanRequestWithdrawn(by="ada", request="q_1"), state=waits())) == []


def test_who_helps_and_has_it_before_them_or_is_kept_it_need_not_be_sought() -> None:
    state = waits(OLGA, DESK)
    assert sought(state) == []
    assert len(sought(after(LEFT, state=state))) == 1
    kept = after(LEFT, KEPT, state=state)
    assert sought(kept) == []
    assert len(sought(after(BACK, state=kept))) == 1


def test_a_person_who_answers_and_asks_for_another_is_not_the_one_who_is_sought() -> None:
    answers = e.ResponderChanged(by="olga", participant="olga", reason="taken_over")
    asks = e.HumanRequested(by="olga", request="q_1")
    state = after(CREATED, BOT, ADA, HERE, OLGA, DESK, BELL, answers, asks)
    assert [need.targets for need in sought(state)] == [(WEBHOOK,)]
    assert on_call(state) == ()


def test_browsers_of_those_who_help_are_told_and_those_of_users_are_not() -> None:
    adas = e.PushSubscribed(by="ada", participant="ada", subscription="push_ada", sealed="c2VhbGVk")
    state = waits(OLGA, DESK, BELL, adas, LEFT)
    assert [need.targets for need in sought(state)] == [(WEBHOOK, "push_olga")]
    assert on_call(state) == ("olga",)
    half = tried(state, "push_olga", reason="status 500")
    assert [(need.targets, need.at) for need in sought(half)] == [((WEBHOOK,), 2_000 + PAUSES_MS[0])]
    gone = told(state, "q_1", [WEBHOOK], "", ["push_olga"])
    assert [each.type for each in gone] == ["push_unsubscribed", "human_request_told"]
    assert sought(after(*gone, state=state)) == []


def test_a_target_of_its_own_name_has_tries_of_its_own_and_is_told_only_what_it_wants() -> None:
    named = e.SessionLabelled(by="hub", labels={"notify_targets": "ring:human crm:approval"})
    state = waits(named)
    assert [need.target for need in sought(state)] == ["", "ring"]
    state = tried(state, WEBHOOK)
    state = tried(state, reason="status 500", target="ring")
    assert [(need.target, need.at) for need in sought(state)] == [("ring", 2_000 + PAUSES_MS[0])]
    assert sought(tried(state, "ring", target="ring")) == []


def test_whoever_comes_and_goes_begins_nothing_anew_and_another_request_does() -> None:
    state = tried(waits(OLGA, DESK, LEFT), WEBHOOK)
    state = after(e.AttachmentClosed(by="hub", attachment="a_1"), HERE, DESK, LEFT, state=state)
    assert sought(state) == []
    before = sought(waits())[0]
    again = e.HumanRequestWithdrawn(by="ada", request="q_1")
    (need,) = sought(after(again, REQUESTED, state=state, time=9_000))
    assert (need.about, need.at) == ("q_1", 9_000)
    assert need.went != before.went, "it has another name"


def test_what_is_not_taken_is_given_up_after_as_many_tries_as_there_are_pauses_and_one_more() -> None:
    state, times = waits(), list[int]()
    while (need := next(iter(sought(state)), None)) is not None:
        times.append(need.at)
        state = tried(state, reason="status 500", time=need.at)
    assert [after - before for before, after in pairwise(times)] == list(PAUSES_MS)


def test_a_try_that_ends_when_somebody_has_it_is_not_written_down() -> None:
    state = waits()
    assert told(after(OLGA, KEPT, state=state), "q_1", [WEBHOOK], "") == []
    assert told(state, "q_0", [WEBHOOK], "") == []
    assert told(State(), "q_1", [WEBHOOK], "") == []


def test_of_more_targets_than_are_kept_nothing_is_kept_nor_told() -> None:
    state = waits()
    for number in range(KEPT_TOLD + 1):
        after(e.HumanRequestTold(by="hub", request="q_1", target=f"t{number}"), state=state)
    assert state.asking is not None
    assert f"t{KEPT_TOLD}" not in state.asking.told
    assert len(state.asking.told) == KEPT_TOLD
    assert sought(state) == [], "what becomes of it could not be kept"


@given(st.lists(st.tuples(st.sampled_from(["q_1", "q_2"]), st.integers(0, 40), st.booleans()), max_size=60))
def test_what_is_kept_of_it_is_bounded_and_is_in_a_snapshot(tries: list[tuple[str, int, bool]]) -> None:
    state = waits()
    for request, number, sent in tries:
        one = e.HumanRequestTold(by="hub", request=request, target=f"t{number}", sent=sent, reached=("x",))
        after(one, state=state)
        assert state.asking is not None
        assert len(state.asking.told) <= KEPT_TOLD
        assert all(each.reached == ("x",) for each in state.asking.told.values())
        assert state.asking.told.keys() <= {f"t{number}" for request, number, _ in tries if request == "q_1"}
    assert decode_state(encode_state(state)) == state
    assert fold([], state) == state
