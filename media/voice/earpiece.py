"""One attachment that listens: what waits for it, what holds it back, how far it has heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from media.catch_up import CatchUp, Coder
from media.playout import Playout
from media.timeline import PER_MS
from media.voice.rest import Report
from media.voice.wheel import Carrier

_KEPT: Final = "kept"
_MOVING: Final = "moving"

COLD: Final = "cold"
"""Why an earpiece waits: its page's sound is not warm yet."""

MOVES: Final = 1_000
"""Milliseconds after which who gave its voice up goes on, if the other device does not come."""


@dataclass(slots=True)
class Earpiece:
    """See the module. `reported` is what the page said last; without it the hub believes that what was sent is heard
    `late` milliseconds later."""

    attachment: str
    participant: str
    playout: Playout = field(default_factory=Playout)
    holds: set[str] = field(default_factory=set)
    warm_by: int = 0
    refused: bool = False
    """Its page says that it cannot sound: it is waited for, unless others listen too."""
    kept: bool = False
    """Its person has put it on hold."""
    reported: Report | None = None
    floor: Report | None = None
    """What it is known to have heard."""
    moves_by: int = 0
    """When it goes on if the voice has not moved."""
    settle_at: int = 0
    fresh: bool = False
    """New to voice: what is said first may begin its beat."""
    carrier: Carrier | None = None
    """Connected, and still without a beat."""
    begin_by: int = 0
    source: Playout | CatchUp = field(init=False)
    """Where its frames come from."""

    def __post_init__(self) -> None:
        self.source = self.playout

    def hurry(self, behind: int, coder: Coder) -> None:
        """It is so many samples behind, and catches up from its first frame on."""
        self.source = CatchUp(self.playout, behind, coder)

    def hold(self, why: str) -> None:
        """Play nothing, for this reason."""
        self.holds.add(why)
        self.playout.pause()

    def release(self, why: str) -> None:
        """That is no reason any more."""
        self.holds.discard(why)
        if not self.holds:
            self.playout.go_on()

    def resume(self, why: str) -> None:
        """As `release`, from what its page says that it heard; nothing if that is no reason."""
        if why not in self.holds:
            return
        if self.reported is not None:
            self.source.rewind(self.reported.message, self.reported.samples)
        self.release(why)

    def give_way(self, attachment: str, now: int) -> None:
        """Its person's voice moves to this attachment: if that is another, play nothing more, for a moment at most."""
        if attachment != self.attachment:
            self.hold(_MOVING)
            self.moves_by = now + MOVES

    @property
    def gives_way(self) -> bool:
        """Whether its person's voice is about to move to another device."""
        return _MOVING in self.holds

    def expire(self, now: int, *, alone: bool) -> None:
        """Time passed. Others do not wait for one that cannot sound."""
        if COLD in self.holds and now >= self.warm_by and not (self.refused and alone):
            self.release(COLD)
        if self.gives_way and now >= self.moves_by:
            self.resume(_MOVING)

    def keep(self, kept: bool) -> None:
        """Its person has put it on hold, or goes on."""
        self.kept = kept
        if kept:
            self.hold(_KEPT)
        else:
            self.resume(_KEPT)

    def spill(self) -> list[tuple[str, int]]:
        """Drop all that waits: of each message of it, how many samples were heard."""
        return [(cut.message, self.heard(cut.message, cut.samples, 0) or 0) for cut in self.source.cut()]

    def sounds(self, can: bool, why: str) -> bool:
        """Its page says whether it can sound; if not, that is a reason named `why`. Returns whether it goes on now."""
        self.refused, waited = not can, why in self.holds
        if can:
            self.resume(why)
        else:
            self.hold(why)
        return can and waited

    def heard(self, message: str, sent: int, late: int) -> int | None:
        """Samples of the message that were heard of `sent` ones; None if nothing is known of it."""
        floor = self.floor.samples if self.floor is not None and self.floor.message == message else 0
        if self.reported is None:
            return min(sent, max(floor, sent - late * PER_MS))
        return min(sent, max(floor, self.reported.samples)) if self.reported.message == message else None
