"""Of what is said and what sounds, each word is paired with the sound that is its own."""

from signaling.bench.mouth_to_ear import LATEST_MS, delays


def test_a_word_is_heard_at_the_first_sound_after_it() -> None:
    assert delays([1_000.0, 4_000.0], [900.0, 1_090.0, 1_140.0, 4_080.0]) == [90.0, 80.0]


def test_a_word_that_nobody_hears_is_not_paired_with_the_next_one() -> None:
    assert delays([1_000.0, 3_000.0, 5_000.0], [3_070.0, 5_000.0 + LATEST_MS]) == [70.0]
