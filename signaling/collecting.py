"""How a node's process collects garbage: seldom; and how long a thread may hold its loop: briefly.

What a node makes for an event is gone when the event is told, without a collector: no cycles. With Python's own
settings the collector still looks at everything young after each seven hundred objects more, and from time to time
at all that a node holds: a sixth of a busy node's time, and pauses that grow with the sessions it has open.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

YOUNG: Final = 2_000
"""Objects more than were freed, until the young ones are looked at: a millisecond, where a frame of sound is due every
twenty. What costs is to look at the old ones, which is done some hundreds of times less often."""

MIDDLE: Final = 0
"""Looks at the young until those that they left are looked at again: every other look. What they leave adds up, and
with it the pause: after five looks it was 8 ms, beside 1.4 for the young alone."""

OLD: Final = 700
"""Looks at the middle ones until all are looked at, if they are a quarter more by then."""

TURN_S: Final = 0.000_5
"""How long a thread keeps the interpreter while another wants it. The loop gives it away with each datagram that it
sends; by default a thread that has it then may keep it for five milliseconds each time."""


def collect_seldom() -> None:
    """Call it once the process serves: what is there by then stays, and is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    sys.setswitchinterval(TURN_S)
