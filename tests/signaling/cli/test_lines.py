"""A session watched from a terminal is text, whatever somebody said in it."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.cli.lines import line_of, shown


def test_an_event_is_one_line_with_its_place_author_and_words() -> None:
    event = {"offset": 7, "time": 0, "by": "p_ada", "type": "message_grown", "text": "hello\nthere"}
    assert line_of(event) == "     7  00:00:00.000  p_ada                     message_grown  “hello there”"


def test_an_escape_sequence_cannot_reach_the_terminal() -> None:
    assert shown("\x1b[2Jgone\x07\u202egnp.exe") == "[2Jgonegnp.exe"


@given(st.text())
def test_whatever_was_said_stays_on_one_line(text: str) -> None:
    line = shown(text)
    assert "\n" not in line
    assert len(line) <= 400
