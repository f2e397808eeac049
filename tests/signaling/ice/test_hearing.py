"""A node that loses sound of its callers is full, until it has heard all of it for a while."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from signaling.ice.hearing import CALM_LOOKS, CALM_OF, DEAF_LOOKS, DEAF_OF, LEAST, Hearing

GOOD: Final = (5_000, 0)
DEAF: Final = (5_000, 5_000)
Second = tuple[int, int]
"""Datagrams that were read in it, and lost."""

EDGES: Final = (
    GOOD, DEAF, (0, 0), (0, 1), (0, LEAST), ((DEAF_OF - 1) * LEAST, LEAST), ((DEAF_OF - 1) * LEAST + 1, LEAST),
    ((DEAF_OF - 1) * (LEAST - 1), LEAST - 1), (CALM_OF - 1, 1), (CALM_OF, 1),
)  # fmt: skip
SECONDS: Final = st.lists(
    st.one_of(st.sampled_from(EDGES), st.tuples(st.integers(0, 10_000), st.integers(0, 10_000))), max_size=60
)


def looked(hearing: Hearing, seconds: Iterable[Second]) -> list[int]:
    """The seconds, counted from 1, with which it turned."""
    read = lost = 0
    turned = []
    for number, (more_read, more_lost) in enumerate(seconds, 1):
        read, lost = read + more_read, lost + more_lost
        before = hearing.full
        assert hearing.look(read, lost) is (hearing.full is not before)
        if hearing.full is not before:
            turned.append(number)
    return turned


def deaf(second: Second) -> bool:
    return second[1] >= LEAST and second[1] / sum(second) >= 1 / DEAF_OF


def calm(second: Second) -> bool:
    return second[1] == 0 or second[1] / sum(second) < 1 / CALM_OF


@given(SECONDS)
def test_it_turns_with_the_first_row_of_seconds_that_speaks_for_it(seconds: list[Second]) -> None:
    turned: list[int] = []
    full, since = False, 0
    for number in range(1, len(seconds) + 1):
        enough, speaks = (CALM_LOOKS, calm) if full else (DEAF_LOOKS, deaf)
        if number - since >= enough and all(map(speaks, seconds[number - enough : number])):
            turned, full, since = [*turned, number], not full, number
    assert looked(Hearing(), seconds) == turned


@given(SECONDS)
def test_whatever_was_it_hears_after_a_calm_while_and_is_full_after_a_deaf_one(seconds: list[Second]) -> None:
    hearing = Hearing()
    looked(hearing, [*seconds, *[GOOD] * CALM_LOOKS])
    assert not hearing.full
    hearing = Hearing()
    looked(hearing, [*seconds, *[DEAF] * DEAF_LOOKS])
    assert hearing.full


def test_a_stall_of_a_moment_fills_nothing() -> None:
    assert not looked(Hearing(), [GOOD, GOOD, DEAF, GOOD, DEAF, DEAF, GOOD])


def test_one_second_that_is_not_calm_begins_the_while_anew() -> None:
    seconds = [*[DEAF] * DEAF_LOOKS, *[GOOD] * (CALM_LOOKS - 1), (4_950, 50), *[GOOD] * CALM_LOOKS]
    assert looked(Hearing(), seconds) == [DEAF_LOOKS, len(seconds)]
