"""Whose is the floor? A person who speaks takes it from a speaking agent, but a cough does not.

Three steps, each on its own evidence, counted in the samples of the microphone's track:

- `HOLD` after `CONFIRM` of speech: the agent pauses, nothing is lost yet;
- `CUT` when it is a turn: words were recognised, or the speech went on for `CLAIM`;
- `RELEASE` when the turn is over: after a hold that was nothing the agent goes on from the very frame.

    quiet ──speech──▶ rising ──CONFIRM, agent speaks──▶ held ──words, CLAIM──▶ taken ──turn over──▶ quiet
                        └─speech ended─▶ quiet           └──turn over without words──▶ quiet
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from media.timeline import PER_MS

CONFIRM: Final = 80 * PER_MS
"""Samples of speech before the agent pauses: soon, for a pause that was for nothing loses nothing."""

CLAIM: Final = 800 * PER_MS
"""Samples of speech that are a turn, whatever the words."""


class Floor(Enum):
    QUIET = "quiet"
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
        self._speech = False

    def speech_started(self, at: int) -> None:
        """Speech began at media time `at`."""
        self._speech = True
        if self.floor is Floor.QUIET:
            self.floor, self._began = Floor.RISING, at

    def speech_ended(self) -> None:
        """It paused; the turn may go on."""
        self._speech = False
        if self.floor is Floor.RISING:
            self.floor = Floor.QUIET

    def heard(self, until: int, *, speaking: bool) -> list[Move]:
        """The microphone's sound came up to media time `until`."""
        moves: list[Move] = []
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
        held, self.floor = self.floor in (Floor.HELD, Floor.TAKEN), Floor.QUIET
        return [Move.RELEASE] if held else []
