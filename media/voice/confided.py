"""How far the words of each turn may go: no further than when they were said, whoever hears their speaker by the time
they are understood.

Who whispers barges in, and who was held is released, in mid sentence; the words of it come later still. So the turn
that is being spoken when its speaker falls further *aside* goes with its strictest moment. When the speaker is heard
by more again, what was said is *parted* from what is said next: the turn under way ends there, and takes the floor for
nobody any more, and what goes on is another turn, for all who hear it.

Pure. How far aside: 0 is for everybody, 1 for who answers, 2 for nobody (`AT_MOST`).
"""

from __future__ import annotations

from typing import Final

from legato.session.routing import Reach
from legato.session.vocabulary import Reaches

AT_MOST: Final[tuple[Reaches, ...]] = ("all", "responder", "nobody")
"""How far what was said so far aside may go."""


def aside_of(far: Reach) -> int:
    """How far aside somebody speaks who is heard so far."""
    if far is Reach.ALL:
        return 0
    return 1 if far is Reach.RESPONDER else 2


def within(most: Reaches, aside: int) -> Reaches:
    """The stricter of the two."""
    return AT_MOST[max(AT_MOST.index(most), aside)]


class Confided:
    """The turns of one microphone. `aside`: how far aside what was heard last was said."""

    def __init__(self) -> None:
        self.aside = 0
        self._turns: dict[str, int] = {}
        self._spoken = ""
        self._parted: frozenset[str] = frozenset()

    def heard(self, aside: int) -> bool:
        """The next sound was said so far aside; true: it is for more than what was said before, which is parted from
        it here."""
        if aside == self.aside:
            return False
        further, self.aside = aside < self.aside, aside
        if further:
            self._spoken, self._parted = "", frozenset(self._turns)
        elif self._spoken:
            self._turns[self._spoken] = aside
        return further

    def begun(self, turn: str) -> None:
        """The turn begins with what was heard last."""
        self._turns[turn], self._spoken = self.aside, turn

    def ended(self, turn: str) -> None:
        """The turn's sound is over; its words may come later."""
        if turn == self._spoken:
            self._spoken = ""

    def understood(self, turn: str) -> None:
        """Nothing more comes of the turn."""
        self.ended(turn)
        self._turns.pop(turn, None)
        self._parted -= {turn}

    def of(self, turn: str) -> int:
        """How far aside the turn was said, at its strictest."""
        return self._turns.get(turn, 0)

    def parted(self, turn: str) -> bool:
        """Whether what is said now is for more than this turn was."""
        return turn in self._parted
