"""A session's log as this node has folded it: the state, the last events, what left the window lately.

Pure: stored entries in, told events out, and a verdict where folding had to stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from hub.keys.sealing import Sealer
from hub.node.entries import link_of, opened_entry
from hub.node.opening import Opening
from hub.node.recent import Recent, Told
from hub.store.promise import SessionKey, Stored
from legato.session.events import LogReopened
from legato.session.fold import evolve
from legato.session.position import CHECK_SIZE, Position
from legato.session.state import Entry, State

KEPT_LEFT: Final = 512
"""Ended entries that left the state's window, kept for readers until the history surely has them."""


class Verdict(Enum):
    """Why folding stopped."""

    ALL = auto()
    """It did not: everything was folded or known."""
    HOLE = auto()
    """Something before the entry is missing here."""
    REOPENED = auto()
    """The entry opens an epoch whose name only a read tells."""
    DIVERGED = auto()
    """The entry is not of the log that was folded here."""


class View:
    """See the module."""

    def __init__(self, key: SessionKey, opening: Opening) -> None:
        self.key = key
        self.state: State = opening.state
        self.recent: Recent = opening.recent
        self.left: dict[int, Entry] = {}
        self._fresh: list[Told] = []
        self._keep(opening.left)

    @property
    def position(self) -> Position:
        """The position that the state is at."""
        return self.recent.position

    def replace(self, opening: Opening) -> None:
        """Go on from a newly opened log."""
        self.state, self.recent, self._fresh = opening.state, opening.recent, []
        self._keep(opening.left)

    def take(self, sealer: Sealer, entries: Sequence[Stored], *, reopened: bool = False) -> Verdict:
        """Fold what follows the position. `reopened`: the epoch is known, go through openings of epochs.

        Entries of the past are compared and skipped. Raises `SessionDamaged`, `KeyNotOpen`; what was folded
        before stays folded.
        """
        recent, state = self.recent, self.state
        for entry in entries:
            verdict = self.stands(entry)
            if verdict is not Verdict.ALL:
                return verdict
            if entry.offset <= recent.offset:
                continue
            told = opened_entry(self.key, sealer, entry)
            if isinstance(told.event, LogReopened) and not reopened:
                return Verdict.REOPENED
            if left := evolve(state, told.event):
                self._keep(left)
            recent.add(told)
            self._fresh.append(told)
        return Verdict.ALL

    def fresh(self) -> list[Told]:
        """What was folded since this was last asked."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def stands(self, entry: Stored) -> Verdict:
        """Whether the entry is of the past, or the next one (`ALL`); or what is wrong with it."""
        recent = self.recent
        if entry.offset <= recent.offset:
            known = recent.check_at(entry.offset)
            same = known is None or known == entry.digest[:CHECK_SIZE]
            return Verdict.ALL if same else Verdict.DIVERGED
        if entry.offset > recent.offset + 1:
            return Verdict.HOLE
        return Verdict.ALL if link_of(recent.digest, entry) == entry.digest else Verdict.DIVERGED

    def _keep(self, left: list[Entry]) -> None:
        for entry in left:
            self.left[entry.ordinal] = entry
        while len(self.left) > KEPT_LEFT:
            del self.left[next(iter(self.left))]
