"""How an act reads: who, what, the facts; nothing of what was said, and nothing that moves a cursor."""

from hub.node.refusals import Trial
from signaling.cli.auditing import act_line, trial_line


def test_an_act_says_who_did_what_when_and_leaves_words_out() -> None:
    event = {"offset": 12, "time": 0, "type": "responder_changed", "by": "p_olga", "participant": "p_olga",
             "reason": "taken_over", "briefing": "her card number is 4711"}  # fmt: skip
    line = act_line(event)
    assert "1970-01-01 00:00:00.000" in line
    assert line.endswith("responder_changed  participant=p_olga reason=taken_over")
    assert "4711" not in line


def test_what_would_move_a_cursor_is_not_written() -> None:
    line = act_line({"type": "stance_changed", "by": "\x1b[2J", "stance": "a\nb"})
    assert "\x1b" not in line
    assert "\n" not in line


def test_a_refusal_says_who_asked_for_what_and_how_many_more_are_not_listed() -> None:
    line = trial_line(
        Trial(0, "p_ada", "user", "take_over", "not_allowed", "needs the capability\x1b takeover", 7)
    )
    assert "p_ada" in line
    assert "asked=take_over reason=not_allowed" in line
    assert line.endswith("unlisted=7")
    assert "\x1b" not in line
    assert "unlisted" not in trial_line(Trial(0, "p_ada", "user", "take_over", "not_allowed"))
