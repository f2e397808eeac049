"""Words that were understood wrongly are counted, and each sentence is said where it is looked for."""

from __future__ import annotations

import pytest

from signaling.bench.voice_gap_words import errors, said_in, words_of


@pytest.mark.parametrize(
    ("said", "heard", "wrong"),
    [
        ("We bought a small house.", "we bought a small house", 0),
        ("We bought a small house.", "We bought small house", 1),
        ("We bought a small house.", "We bought a small, small mouse", 2),
        ("We bought a small house.", "", 5),
        ("", "Hm.", 1),
    ],
)
def test_words_left_out_put_in_and_changed_are_errors(said: str, heard: str, wrong: int) -> None:
    assert errors(words_of(said), words_of(heard)) == wrong


def test_each_sentence_is_said_once_before_the_cut_and_once_in_it() -> None:
    spoken = {"One.": [b"1"] * 100, "Two.": [b"2"] * 80}
    said, frames = said_in(["One.", "Two."], spoken)
    assert [(one.text, one.cut) for one in said] == [
        ("One.", False), ("Two.", False), ("One.", True), ("Two.", True),
    ]  # fmt: skip
    for one in said:
        found = [frame for frame in frames[one.start : one.end] if frame in (b"1", b"2")]
        assert found == spoken[one.text]
