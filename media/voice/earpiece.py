"""One attachment that listens: what waits for it, what holds it back, how far it has heard."""

from __future__ import annotations

from dataclasses import dataclass, field

from media.catch_up import CatchUp, Coder
from media.playout import Playout
from media.timeline import PER_MS
from media.voice.rest import Report
from media.voice.wheel import Carrier


@dataclass(slots=True)
class Earpiece:
    """See the module. `reported` is what the page said last; without it the hub believes that what was sent is heard
    `late` milliseconds later."""

    attachment: str
    participant: str
    playout: Playout = field(default_factory=Playout)
    holds: set[str] = field(default_factory=set)
    warm_by: int = 0
    reported: Report | None = None
    floor: Report | None = None
    """What it is known to have heard."""
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

    def heard(self, message: str, sent: int, late: int) -> int | None:
        """Samples of the message that were heard of `sent` ones; None if nothing is known of it."""
        floor = self.floor.samples if self.floor is not None and self.floor.message == message else 0
        if self.reported is None:
            return min(sent, max(floor, sent - late * PER_MS))
        return min(sent, max(floor, self.reported.samples)) if self.reported.message == message else None
