"""Whose is the floor? A person who speaks takes it from a speaking agent, but a cough does not.

Three steps, each on its own evidence, counted in the samples of the microphone's track:

- `HOLD` as soon as something may be speech (the hub hears it, or the page says so), or after `CONFIRM` of speech: the
  agent pauses, nothing is lost yet;
- `CUT` when it is a turn: words were recognised, or the speech went on for `CLAIM`;
- `RELEASE` when it was no speech, or the turn is over: the agent goes on from the very frame.

    quiet ──suspected, agent speaks──▶ wary ──speech──▶ held ──words, CLAIM──▶ taken ──turn over──▶ quiet
      │                                  └─dismissed, DOUBT passed─▶ quiet    (held, without words: the same)
      └──speech──▶ rising ──CONFIRM or suspected, agent speaks──▶ held
                     └─speech ended─▶ quiet
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from media.timeline import PER_MS

CONFIRM: Final = 80 * PER_MS
"""Samples of speech before the agent pauses: soon, for a pause that was for nothing loses nothing."""

DOUBT: Final = 300 * PER_MS
"""Samples after the beginning of a suspicion by which it has become speech, or the agent goes on."""

CLAIM: Final = 800 * PER_MS
"""Samples of speech that are a turn, whatever the words."""


class Floor(Enum):
    QUIET = "quiet"
    WARY = "wary"
    """The agent waits to see whether it is speech."""
    RISING = "rising"
    """Somebody speaks, not yet for long enough."""
    HELD = "held"
    """The agent waits to see whether it is a turn."""
    TAKEN = "taken"
    """It is: what the agent was saying is cut, and what it says next waits for the end of the turn."""


class Move(Enum):
    HOLD = "hold"
    CUT = "cut"
    RELEASE = "release"


class BargeIn:
    """One microphone's claim to the floor. `speaking`: whether the agent is being heard now."""

    def __init__(self) -> None:
        self.floor = Floor.QUIET
        self._began = 0
        self._until = 0
        self._speech = False

    def speech_started(self, at: int) -> None:
        """Speech began at media time `at`."""
        self._speech = True
        if self.floor is Floor.QUIET:
            self.floor, self._began = Floor.RISING, at
        elif self.floor is Floor.WARY:
            self.floor, self._began = Floor.HELD, at

    def suspected(self, at: int | None, *, speaking: bool) -> list[Move]:
        """What began at media time `at` (None: when the sound came up to now) may be speech."""
        if not speaking or self.floor not in (Floor.QUIET, Floor.RISING):
            return []
        if self.floor is Floor.RISING:
            self.floor = Floor.HELD
        else:
            self.floor, self._began = Floor.WARY, self._until if at is None else at
        return [Move.HOLD]

    def dismissed(self) -> list[Move]:
        """It was nothing, or is over."""
        if self.floor is not Floor.WARY:
            return []
        self.floor = Floor.QUIET
        return [Move.RELEASE]

    def speech_ended(self) -> None:
        """It paused; the turn may go on."""
        self._speech = False
        if self.floor is Floor.RISING:
            self.floor = Floor.QUIET

    def heard(self, until: int, *, speaking: bool) -> list[Move]:
        """The microphone's sound came up to media time `until`."""
        moves: list[Move] = []
        self._until = until
        if self.floor is Floor.WARY and until - self._began >= DOUBT:
            moves += self.dismissed()
        if self.floor is Floor.RISING and speaking and until - self._began >= CONFIRM:
            self.floor = Floor.HELD
            moves.append(Move.HOLD)
        if self.floor is Floor.HELD and self._speech and until - self._began >= CLAIM:
            moves += self.words()
        return moves

    def words(self) -> list[Move]:
        """Words of the turn were recognised."""
        if self.floor is not Floor.HELD:
            return []
        self.floor = Floor.TAKEN
        return [Move.CUT]

    def sound_over(self) -> list[Move]:
        """The turn's sound is over; whether it had words may come later."""
        self._speech = False
        return self._release() if self.floor is Floor.TAKEN else []

    def turn_over(self) -> list[Move]:
        """The turn is over and understood (words were told before)."""
        return self._release()

    def _release(self) -> list[Move]:
        if self.floor is Floor.WARY:
            return []  # what is over was an earlier turn
        held, self.floor = self.floor in (Floor.HELD, Floor.TAKEN), Floor.QUIET
        return [Move.RELEASE] if held else []
