"""Which frames of a microphone are somebody's voice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.talker import HANGOVER, QUIET, SHORT, Talker

FRAME = bytes(80)


def test_a_voice_is_heard_from_its_first_loud_frame() -> None:
    talker = Talker()
    assert not talker.talks(FRAME, 127)
    assert not talker.talks(FRAME, QUIET)
    assert talker.talks(FRAME, QUIET - 1)


def test_a_voice_goes_on_for_a_while_after_its_last_loud_frame() -> None:
    talker = Talker()
    talker.talks(FRAME, 20)
    after = [talker.talks(FRAME, 127) for _ in range(HANGOVER + 1)]
    assert after == [True] * (HANGOVER - 1) + [False, False]


def test_where_no_level_is_told_the_length_of_the_packet_tells() -> None:
    assert Talker().talks(bytes(SHORT + 1), None)
    assert not Talker().talks(bytes(SHORT), None)


@given(st.lists(st.integers(0, 127)))
def test_a_loud_frame_is_always_heard_and_a_long_silence_never(levels: list[int]) -> None:
    talker, since = Talker(), HANGOVER
    for level in levels:
        since = 0 if level < QUIET else since + 1
        assert talker.talks(FRAME, level) == (since < HANGOVER)
