"""What is said is what a person would read out, in pieces that begin early and lose nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.spoken import LONGEST, Piece, Reciter, plain


@pytest.mark.parametrize(
    ("markdown", "said"),
    [
        ("Hello **dear** _world_.", "Hello dear world."),
        ("***Very*** important", "Very important"),
        ("2 * 3 * 4 stays", "2 * 3 * 4 stays"),
        ("snake_case_name stays", "snake_case_name stays"),
        ("Run `make demo` now", "Run make demo now"),
        ("See [the docs](https://example.org/a(b)/c?x=1) please", "See the docs please"),
        ("![a cat](cat.png) sits", "a cat sits"),
        ("Go to https://www.example.org/very/long?path=1.", "Go to example.org."),
        ("(https://example.org/x)", "(example.org)"),
        ("## Heading", "Heading"),
        ("- [x] done", "done"),
        ("1. first", "first"),
        ("> quoted", "quoted"),
        ("---", ""),
        ("| a | b |", "a, b"),
        ("|---|:--:|", ""),
        ("Great 🎉👍🏽 👩‍👩‍👧 🇩🇪 job ✅", "Great job"),
        ("<b>bold</b> and a < b", "bold and a < b"),
        ("~~old~~ new", "old new"),
        ("\\*literal\\*", "*literal*"),
        ("5 € and 20 °C, 50 %", "5 € and 20 °C, 50 %"),
        ("Grüße, 你好, สวัสดี", "Grüße, 你好, สวัสดี"),
        ("🎉", ""),
        ("...", ""),
    ],
)
def test_markup_is_not_said(markdown: str, said: str) -> None:
    assert plain(markdown) == said


def recite(text: str, size: int = 1) -> list[Piece]:
    reciter = Reciter()
    pieces = [p for at in range(0, len(text), size) for p in reciter.push(text[at : at + size])]
    return pieces + reciter.flush()


def test_sentences_are_said_one_by_one() -> None:
    text = "Yes. Your order 4711 costs 3.50 euros! Shall I send it to Dr. Smith? Fine"
    assert [piece.text for piece in recite(text)] == [
        "Yes.",
        "Your order 4711 costs 3.50 euros!",
        "Shall I send it to Dr. Smith?",
        "Fine",
    ]


def test_the_first_piece_ends_at_a_comma_so_that_speech_begins_early() -> None:
    reciter = Reciter()
    pieces = reciter.push("Let me have a look at that order, it will take a moment, ")
    assert [piece.text for piece in pieces] == ["Let me have a look at that order,"]


def test_a_sentence_is_said_as_soon_as_its_end_is_certain() -> None:
    reciter = Reciter()
    assert reciter.push("It costs 3.") == []
    assert reciter.push("50.") == []
    assert [piece.text for piece in reciter.push(" ")] == ["It costs 3.50."]


def test_code_is_not_read_out() -> None:
    text = "Try this:\n```python\nprint('hello. world')\n```\nThen tell me."
    assert [piece.text for piece in recite(text)] == ["Try this:", "Then tell me."]


def test_a_table_is_said_row_by_row() -> None:
    text = "| item | price |\n|---|---|\n| tea | 2 |\n"
    assert [piece.text for piece in recite(text)] == ["item, price", "tea, 2"]


def test_links_are_not_cut_in_the_middle() -> None:
    text = "Please read [this. It is long](https://example.org/a. b) and answer."
    assert [piece.text for piece in recite(text)] == ["Please read this. It is long and answer."]


def test_a_piece_tells_its_place_in_the_message() -> None:
    text = "**One** is here. Two is [there](http://x.y).\n"
    assert [text[piece.start : piece.end] for piece in recite(text)] == [
        "**One** is here.",
        " Two is [there](http://x.y).",
    ]


def test_text_without_an_end_is_cut_at_a_space() -> None:
    pieces = recite("word " * 200)
    assert all(len(piece.text) <= LONGEST for piece in pieces)
    assert " ".join(piece.text for piece in pieces).split() == ["word"] * 200


MARKUP = ["Hi. ", "a, b ", "```", "\n", "[x](", ")", "`", "**", "1. ", "| a |", "🎉", "~~~", " ", "\\*"]
texts = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(MARKUP)).map("".join))


@given(texts, st.integers(1, 7))
def test_pieces_are_in_order_and_within_the_message(text: str, size: int) -> None:
    pieces = recite(text, size)
    at = 0
    for piece in pieces:
        assert at <= piece.start <= piece.end <= len(text)
        assert piece.text.strip() == piece.text != ""
        at = piece.end


@given(
    st.lists(st.sampled_from(["one", "two.", "three,", "four!", "3.5", "Dr."]), max_size=60),
    st.integers(1, 9),
)
def test_no_word_is_lost_or_doubled_however_it_arrives(words: list[str], size: int) -> None:
    pieces = recite(" ".join(words), size)
    assert " ".join(piece.text for piece in pieces).split() == words
