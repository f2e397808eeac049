"""What the demo's agent makes of words."""

from __future__ import annotations

import pytest

from signaling.demo.brain import wants_person


@pytest.mark.parametrize(
    ("words", "wants"),
    [
        ("Can I talk to a real person?", True),
        ("a human, please", True),
        ("Operator!", True),
        ("I would like to speak with a human being", True),
        ("tell me a story about a person", False),
        ("I want a refund for 4711", False),
        ("operators are standing by", False),
        ("hello", False),
    ],
)
def test_who_wants_a_person_is_understood(words: str, wants: bool) -> None:
    assert wants_person(words) is wants
