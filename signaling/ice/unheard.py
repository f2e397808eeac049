"""When nothing is heard of a call that sends sound, and where it is sent to then.

A phone whose network goes says nothing: its browser goes on sending over the one that is dead, for seconds, until it
looks. What comes to any of its networks it takes. So a call that sent sound, and of which none comes while AFTER frames
go to it, is sent to at every address that it has proven of late, AT_ONCE of them at most, and for UNTIL frames at most:
then nobody is there. A call that sends no sound (who only listens, or is muted) is never meant.

Frames are the clock: one leaves every 20 ms. A false alarm costs some packets.
"""

from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

AFTER: Final = 4
"""Frames sent since the last that came (80 ms) after which a call is not heard."""

UNTIL: Final = AFTER + 150
"""After so many more (3 s) it is sent to one address again, until something comes."""

AT_ONCE: Final = 4

LATELY: Final = 30_000
"""For how long after its last packet an address counts, before the last packet of the one in use, in milliseconds; a
browser checks those that it holds ready every 25 s."""

NEVER: Final = -(1 << 40)
"""The count of a call that is not expected to send sound: no call lives long enough to count up from there."""


class Proven(Protocol):
    """An address as `also` sees it; see `paths.Path`."""

    heard: int
    validated: bool


AnyPath = TypeVar("AnyPath", bound=Proven)


def also(active: AnyPath, paths: Iterable[AnyPath], count: int) -> list[AnyPath]:
    """Where a frame goes besides `active`, the `count`-th since sound came: only where the peer has shown that it
    receives, the latest heard first."""
    if not AFTER < count <= UNTIL:
        return []
    since = active.heard - LATELY
    ready = [path for path in paths if path is not active and path.validated and path.heard >= since]
    ready.sort(key=lambda path: -path.heard)
    return ready[: AT_ONCE - 1]
