"""When a connection is dead, by what was heard of it and how urgent that is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legato.client.pulse import HURRIED_BEAT_MS, SILENT_BEATS, Pulse


def test_who_is_hurried_counts_a_silence_from_when_that_began() -> None:
    pulse = Pulse(at_rest=3_000)
    pulse.begin(0)
    assert (pulse.speak_at, pulse.silent_at) == (3_000, 9_000)
    pulse.look(8_000, urgent=True)
    pulse.look(8_500, urgent=True)
    assert (pulse.speak_at, pulse.silent_at) == (1_000, 11_000)
    pulse.heard_at = 9_000
    assert pulse.silent_at == 12_000
    pulse.look(9_000, urgent=False)
    assert (pulse.speak_at, pulse.silent_at) == (3_000, 18_000)


def test_a_connection_that_somebody_watches_is_never_hurried() -> None:
    pulse = Pulse(at_rest=30_000)
    pulse.begin(0, watched=True)
    pulse.look(10, urgent=True)
    assert (pulse.speak_at, pulse.silent_at) == (30_000, 90_000)
    pulse.begin(1_000)  # the next one is its own
    pulse.look(2_000, urgent=True)
    assert (pulse.speak_at, pulse.silent_at) == (2_000, 5_000)


@given(st.integers(500, 30_000), st.lists(st.tuples(st.integers(1, 5_000), st.booleans(), st.booleans())))
def test_a_connection_is_dead_at_the_earliest_three_beats_after_it_was_heard(
    at_rest: int, steps: list[tuple[int, bool, bool]]
) -> None:
    pulse, now = Pulse(at_rest=at_rest), 0
    pulse.begin(now)
    for passed, heard, urgent in steps:
        now += passed
        if heard:
            pulse.heard_at = now
        pulse.look(now, urgent=urgent)
        assert pulse.silent_at - pulse.heard_at >= SILENT_BEATS * pulse.beat
        assert pulse.silent_at <= max(now, pulse.heard_at) + SILENT_BEATS * max(at_rest, HURRIED_BEAT_MS)
