"""Deadlines follow from the state, and fire once however often they are looked at."""

from hypothesis import given, settings
from hypothesis import strategies as st

from legato.session import events as e
from legato.session.compaction import AnyEvent
from legato.session.deadlines import APPROVAL_MS, GRACE_MS, deadlines, earliest, fired
from legato.session.fold import fold
from legato.session.ids import well_formed
from legato.session.state import State
from tests.session.happenings import LOGS, at


def log(*events: tuple[int, AnyEvent]) -> State:
    return fold([at(event, n, time) for n, (time, event) in enumerate(events, start=1)])


OPENED = e.AttachmentOpened(by="p", participant="p", attachment="a")
AWAY = e.AttachmentAway(by="hub", attachment="a")


def test_an_attachment_that_is_away_closes_after_its_grace() -> None:
    state = log((1, OPENED), (100, AWAY))
    assert earliest(state) == 100 + GRACE_MS
    assert fired(state, 99 + GRACE_MS) == []
    (due,) = fired(state, 100 + GRACE_MS)
    assert due.producer == "timer:grace:2"
    assert due.events == (e.AttachmentClosed(by="hub", attachment="a", reason="grace_over"),)


def test_an_attachment_that_came_back_has_no_deadline() -> None:
    state = log((1, OPENED), (100, AWAY), (200, e.AttachmentBack(by="p", attachment="a")))
    assert earliest(state) is None
    assert fired(state, 10**9) == []


def test_an_unreachable_worker_crashes_after_its_window() -> None:
    state = log(
        (1, e.ParticipantJoined(by="p", participant="p", role="agent")),
        (2, e.RightGranted(by="hub", right="worker:x", holder="p", token=1, worker="w")),
        (50, e.AgentUnreachable(by="hub", participant="p", right="worker:x", window_ms=250)),
    )
    assert earliest(state) == 300
    (due,) = fired(state, 300)
    assert due.producer == "timer:window:3"
    assert [event.type for event in due.events] == ["agent_crashed"]


def test_an_unreachable_agent_without_a_right_has_nothing_to_lose() -> None:
    state = log(
        (1, e.ParticipantJoined(by="p", participant="p", role="agent")),
        (50, e.AgentUnreachable(by="hub", participant="p", right="worker:x", window_ms=250)),
    )
    assert fired(state, 10**9) == []


def test_a_tool_call_that_nobody_approves_is_cancelled() -> None:
    asked = e.ToolRequested(by="p", call="c", name="refund", arguments="{}", approval="operator")
    (due,) = fired(log((5, asked)), 5 + APPROVAL_MS)
    assert due.producer == "timer:approval:1"
    assert [(type(event), event.by) for event in due.events] == [(e.ToolEnded, "hub")]
    assert fired(log((5, asked)), 4 + APPROVAL_MS) == []
    decided = log((5, asked), (6, e.ToolDecided(by="o", call="c", approved=True)))
    assert earliest(decided) is None


def test_when_nobody_says_whether_a_call_was_done_it_ends_so() -> None:
    asked = e.ToolRequested(
        by="p", call="c", name="pay", arguments="{}", key="k", approval="user", unknown=True
    )
    ((ended,),) = (due.events for due in fired(log((5, asked)), 5 + APPROVAL_MS))
    assert isinstance(ended, e.ToolEnded)
    assert (ended.outcome, ended.reason) == ("cancelled", "nobody said whether it was done")


def test_an_ended_session_has_no_deadlines() -> None:
    state = log((1, OPENED), (100, AWAY), (101, e.SessionEnded(by="hub")))
    assert (earliest(state), deadlines(state)) == (None, [])


@settings(max_examples=200, deadline=None)
@given(LOGS, st.integers(0, APPROVAL_MS * 2))
def test_what_was_fired_is_due_no_more(log: list[AnyEvent], now: int) -> None:
    state = fold(log)
    assert earliest(state) == min((each.at for each in deadlines(state)), default=None)
    for _ in range(20):
        due = fired(state, now)
        if not due:
            break
        assert well_formed(due[0].producer)
        producers = [each.producer for each in due]
        state = fold([at(event, state.offset + 1, now) for event in due[0].events], state)
        assert due[0].producer not in [each.producer for each in fired(state, now)]
        assert len(set(producers)) == len(producers)
    assert fired(state, now) == []
