"""What a program was given of its agent's speech is told to the sample, however late it learns what it is."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from legato.client.playout import FRAME, MOVES_MS, Playout
from legato.wire.up import PlayedUntil


def told(playout: Playout, first: int, count: int, now: int = 0) -> None:
    for number in range(first, first + count):
        playout.frame(number * FRAME, now + 20 * (number - first))


def at(message: str, samples: int, timestamp: int, **more: Any) -> dict[str, Any]:
    return {"message": message, "samples": samples, "timestamp": timestamp, **more}


def test_before_any_speech_nothing_was_heard() -> None:
    playout = Playout()
    told(playout, 0, 10)
    assert playout.heard(1_000) is None


def test_frames_of_a_stretch_count_from_where_it_begins() -> None:
    playout = Playout()
    playout.playing(at("m_1", 4_800, 3 * FRAME))
    told(playout, 0, 5)
    assert playout.heard(80, "live") == PlayedUntil(message="m_1", samples=4_800 + 2 * FRAME, then="live")
    assert playout.heard(2_080) == PlayedUntil(message="m_1", samples=4_800 + 2 * FRAME, ago=2_000)


def test_what_is_told_after_its_frames_counts_from_when_they_came() -> None:
    playout = Playout()
    told(playout, 0, 5, now=100)
    playout.playing(at("m_1", 0, 3 * FRAME))
    assert playout.heard(500) == PlayedUntil(message="m_1", samples=2 * FRAME, ago=320)


def test_silence_is_not_heard_and_speech_that_catches_up_counts_for_more() -> None:
    playout = Playout()
    playout.playing(at("m_1", 0, 0, step=1_200, until=4 * FRAME))
    told(playout, 0, 9)
    assert playout.heard(160) == PlayedUntil(message="m_1", samples=4 * 1_200, ago=100)


def test_another_streams_frames_are_counted_anew_and_what_was_heard_stands() -> None:
    playout = Playout()
    playout.playing(at("m_1", 0, 0))
    told(playout, 0, 50)
    playout.begin()
    playout.playing(at("m_1", 0, 40 * FRAME))  # said of the stream before, and late
    told(playout, 0, 3, now=5_000)
    heard = playout.heard(5_000)
    assert heard is not None
    assert heard.samples == 50 * FRAME
    playout.playing(at("m_1", 48 * FRAME, FRAME))
    told(playout, 3, 60, now=5_060)
    heard = playout.heard(7_000)
    assert heard is not None
    assert heard.samples == (48 + 62) * FRAME


def test_who_gives_it_up_having_heard_nothing_says_nothing() -> None:
    playout = Playout()
    assert playout.give(0) is None
    assert not playout.frame(0, 5)


@given(st.lists(st.one_of(st.integers(1, 2 * MOVES_MS), st.just("give")), max_size=40))
def test_what_was_told_as_the_last_stays_the_last_until_the_hub_says_anew(steps: list[Any]) -> None:
    playout, now, media = Playout(), 0, 0
    playout.playing(at("m_1", 0, 0))
    assert playout.frame(0, 0)
    given_at: int | None = None
    for step in steps:
        if step == "give":
            last = playout.give(now)
            assert last is not None
            given_at, told_last = now, last.samples
            continue
        now, media = now + step, media + FRAME
        came = playout.frame(media, now)
        assert came == (given_at is None or now >= given_at + MOVES_MS)
        if given_at is not None:
            heard = playout.heard(now)
            assert heard is not None
            assert heard.samples == told_last
            assert playout.report(now) is None


@given(
    st.one_of(
        st.none(),
        st.text(),
        st.integers(),
        st.dictionaries(
            st.sampled_from(["message", "samples", "timestamp", "step", "until"]),
            st.one_of(st.none(), st.text(max_size=3), st.integers(), st.booleans(), st.floats()),
        ),
    )
)
def test_whatever_is_said_of_it_nothing_negative_is_heard(data: Any) -> None:
    playout = Playout()
    playout.playing(data)
    told(playout, 0, 3)
    heard = playout.heard(100)
    assert heard is None or heard.samples >= 0


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30), st.booleans()), max_size=12),
    st.integers(0, 40),
)
def test_the_last_frame_of_speech_is_known_through_any_pauses(
    stretches: list[tuple[int, int, bool]], lag: int
) -> None:
    """Speech of so many frames, then a pause of so many, told before its first frame or with its last."""
    playout, media, heard, now = Playout(), lag * FRAME, 0, 0
    for count, pause, late in stretches:
        stretch = at("m_1", heard, media)
        if not late:
            playout.playing(stretch)
        for number in range(count + pause):
            if number == count:
                playout.playing(stretch | {"until": media})
            playout.frame(media, now)
            if late and number == count - 1:
                playout.playing(stretch)
            media, now = media + FRAME, now + 20
        heard += count * FRAME
        known = playout.heard(now)
        assert known is not None
        assert known.samples == heard
