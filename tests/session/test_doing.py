"""What a participant is doing, as both languages derive it from the state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from legato.session.doing import Doing, doing
from legato.session.presence import roster
from legato.session.state import State

CASES: Final[list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "doing" / "all.json").read_text()
)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_somebody_does_is_what_they_declare_or_what_the_log_shows(case: dict[str, Any]) -> None:
    state = msgspec.convert(case["state"], State)
    assert doing(state, case["participant"]) == msgspec.convert(case["doing"], Doing)


def test_who_is_there_is_told_with_what_they_are_doing() -> None:
    state = msgspec.convert(CASES[6]["state"], State)
    agent, _ = roster(state)
    assert (agent.activity, agent.text, agent.step, agent.steps) == ("tool", "Page two", 2, 5)
