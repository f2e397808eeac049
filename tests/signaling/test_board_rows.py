"""What the board tells of a session, by its state alone."""

from __future__ import annotations

from msgspec.structs import replace

from legato.session import events as e
from legato.session.fold import evolve
from legato.session.state import State
from signaling.http.board import row_of


def told(state: State, *events: e.Event) -> None:
    for event in events:
        evolve(state, replace(event, offset=state.offset + 1, time=1_000 * (state.offset + 1)))


def waits(state: State) -> list[tuple[str, str, int]]:
    row = row_of("s_1", state)
    assert row is not None
    return [(each.name, each.asks, each.since) for each in row.approvals]


def test_a_call_that_wants_a_yes_is_on_the_board_until_somebody_says_it_or_not() -> None:
    state = State()
    told(
        state,
        e.SessionCreated(by="hub"),
        e.ParticipantJoined(by="bot", participant="bot", role="agent"),
        e.ToolRequested(by="bot", call="c_1", name="refund", arguments="{}", approval="operator"),
        e.ToolRequested(by="bot", call="c_2", name="order", arguments="{}"),
        e.ToolRequested(by="bot", call="c_3", name="voucher", arguments="{}", approval="user"),
    )
    assert waits(state) == [("refund", "operator", 3_000), ("voucher", "user", 5_000)]
    told(state, e.ToolDecided(by="olga", call="c_1", approved=True))
    assert waits(state) == [("voucher", "user", 5_000)]
    told(state, e.ToolEnded(by="ada", call="c_3", outcome="cancelled", reason="denied"))
    assert waits(state) == []
