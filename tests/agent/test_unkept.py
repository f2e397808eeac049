"""What an agent holds of its sound until the hub has it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legato.agent.unkept import WINDOW_S, Unkept

HZ = 24_000


def leave(unkept: Unkept) -> list[tuple[int, bytes]]:
    """All that may leave now, having left."""
    left = []
    while (piece := unkept.next()) is not None:
        unkept.sent(*piece)
        left.append(piece)
    return left


def test_on_another_connection_it_goes_on_with_the_piece_that_is_not_confirmed() -> None:
    unkept = Unkept(HZ)
    for _ in range(3):
        unkept.add(bytes(4_800))
    assert [at for at, _ in leave(unkept)] == [0, 4_800, 9_600]
    unkept.opened(6_000)
    assert [at for at, _ in leave(unkept)] == [4_800, 9_600]
    unkept.taken(14_400)
    assert unkept.safe


def test_no_more_leaves_than_a_hub_is_to_hold_unconfirmed() -> None:
    unkept = Unkept(HZ)
    for _ in range(WINDOW_S + 5):
        unkept.add(bytes(2 * HZ))
    assert not unkept.room
    assert len(leave(unkept)) == WINDOW_S
    unkept.taken(2 * 48_000)
    assert len(leave(unkept)) == 2
    assert not unkept.all_sent


@given(
    st.sampled_from([8_000, 22_050, 44_100, 48_000]),
    st.lists(st.tuples(st.integers(1, 5_000), st.integers(0, 48_000), st.booleans()), max_size=40),
)
def test_what_is_not_confirmed_leaves_again_and_nothing_else_is_lost(
    rate: int, steps: list[tuple[int, int, bool]]
) -> None:
    unkept, total, confirmed = Unkept(rate), 0, 0
    for samples, ahead, anew in steps:
        unkept.add(bytes(2 * samples))
        total += samples
        leave(unkept)
        confirmed = min(total * 48_000 // rate, confirmed + ahead)
        (unkept.opened if anew else unkept.taken)(confirmed)
        again = leave(unkept)
        if anew and again:
            assert again[0][0] <= confirmed, "from no later than where the hub is"
            assert again[-1][0] * rate // 48_000 + len(again[-1][1]) // 2 + 1 >= total
    unkept.taken(total * 48_000 // rate)
    assert unkept.safe
    assert unkept.next() is None
