"""How a node's process collects garbage: seldom.

What a node makes for an event is gone when the event is told, without a collector: no cycles. With Python's own
settings the collector still looks at everything young after each seven hundred objects more, and from time to time
at all that a node holds: a sixth of a busy node's time, and pauses that grow with the sessions it has open.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 2_000
"""Objects more than were freed, until the young ones are looked at: a millisecond, where a frame of sound is due every
twenty. What costs is to look at the old ones, which is done some thirty times less often."""


def collect_seldom() -> None:
    """Call it once the process serves: what is there by then stays, and is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)
