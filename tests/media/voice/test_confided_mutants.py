"""Broken variants of how far words go. Each must be noticed by an example in `test_confided`."""

from __future__ import annotations

from typing import Final

import pytest

from media.voice import confided
from tests.media.test_mutants import Mutant, broken, noticed, of
from tests.media.voice import test_confided

MUTANTS: Final = [
    *of(
        confided,
        test_confided,
        ("further, self.aside = aside < self.aside, aside", "further, self.aside = aside == 0, aside"),
        ("further, self.aside = aside < self.aside, aside", "further = aside < self.aside"),
        ('self._spoken, self._parted = "", frozenset(self._turns)', "self._parted = frozenset(self._turns)"),
        ('self._spoken, self._parted = "", frozenset(self._turns)', 'self._spoken = ""'),
        ("elif self._spoken:", "elif False:"),
        ("self._turns[turn], self._spoken = self.aside, turn", "self._turns[turn], self._spoken = 0, turn"),
        ("        if turn == self._spoken:\n", "        if True:\n"),
        ("        if turn == self._spoken:\n", "        if False:\n"),
        ("self._parted -= {turn}", "pass"),
        ("self._turns.pop(turn, None)", "pass"),
        ("max(AT_MOST.index(most), aside)", "aside"),
        ("max(AT_MOST.index(most), aside)", "min(AT_MOST.index(most), aside)"),
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.old[:40])
def test_the_examples_notice_each_mutant(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not noticed(test_confided)
    with broken(mutant) as variant:
        for name, value in vars(confided).items():
            if getattr(test_confided, name, None) is value:
                monkeypatch.setattr(test_confided, name, getattr(variant, name))
        assert noticed(test_confided)
