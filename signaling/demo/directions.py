"""What people asked of answers that are under way: kept until the answer takes it, between two sentences."""

from __future__ import annotations


class Directions:
    """The newest direction for each turn."""

    def __init__(self) -> None:
        self._asked: dict[str, str] = {}

    def ask(self, turn: str, words: str) -> None:
        """Somebody wants the answer to go this way."""
        self._asked[turn] = words

    def asked(self, turn: str) -> bool:
        """Whether somebody wants another way."""
        return turn in self._asked

    def take(self, turn: str) -> str:
        """Which way ("": as it is), and that it is being gone."""
        return self._asked.pop(turn, "")
