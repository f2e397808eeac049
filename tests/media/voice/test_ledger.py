"""From samples that were sent to characters that were heard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legato.speech import Word
from media.opus import FRAME
from media.speaker import Speech
from media.voice.ledger import Ledger

TEXT = "Hello **big** world. Bye now."


def speech(start: int, end: int, characters: int, *words: Word) -> Speech:
    return Speech((b"x",) * ((end - start) // FRAME), start, end, characters, words)


def test_a_word_counts_when_its_last_sample_was_heard() -> None:
    ledger = Ledger()
    ledger.add(
        speech(0, 10 * FRAME, 20, Word("Hello", 0, 3 * FRAME), Word("big", 3 * FRAME, 5 * FRAME)), TEXT
    )
    assert ledger.heard(3 * FRAME - 1) == 0
    assert ledger.heard(3 * FRAME) == 5
    assert ledger.heard(5 * FRAME) == TEXT.index("big") + 3
    assert ledger.heard(10 * FRAME) == 20


def test_a_recital_from_the_middle_counts_from_there() -> None:
    ledger = Ledger(21)
    assert ledger.heard(0) == 21
    ledger.add(speech(0, 5 * FRAME, 0, Word("Bye", 0, 2 * FRAME)), TEXT[21:])
    assert ledger.heard(2 * FRAME) == 24
    ledger.settle(len(TEXT) - 21)
    assert ledger.heard(5 * FRAME) == len(TEXT)


def test_words_that_are_spelled_otherwise_count_with_their_piece() -> None:
    ledger = Ledger()
    ledger.add(speech(0, 4 * FRAME, 4, Word("twelve", 0, 3 * FRAME)), "12. And")
    assert ledger.heard(3 * FRAME) == 0
    assert ledger.heard(4 * FRAME) == 4


@given(
    st.text("ab *.", min_size=1, max_size=60),
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 30), st.text("ab", max_size=3)), max_size=10),
    st.integers(0, 200_000),
    st.integers(0, 200_000),
)
def test_heard_never_goes_back_nor_beyond_the_text(
    text: str, pieces: list[tuple[int, int, str]], one: int, other: int
) -> None:
    ledger, at = Ledger(3), 0
    for frames, characters, word in pieces:
        end = at + frames * FRAME
        words = (Word(word, at, end),) if word else ()
        ledger.add(speech(at, end, min(characters, len(text)), *words), text)
        at = end
    few, many = sorted((one, other))
    assert 3 <= ledger.heard(few) <= ledger.heard(many) <= 3 + len(text)
    ledger.settle(len(text))
    assert ledger.heard(max(at, 1)) == 3 + len(text)
