"""What brings a client from its position to the tail: the events it missed, compacted, or the snapshot.

A room keeps the last events in memory. If they reach back to the client's position and, compacted, weigh
less than the snapshot, the client gets them, and otherwise the snapshot: so a join costs the same whatever
the session's length and however long the client was away.
"""

from __future__ import annotations

from collections.abc import Sequence

from legato.session.compaction import AnyEvent, compact
from legato.session.event_json import encode
from legato.session.state import State


def welcome(
    state: State, recent: Sequence[AnyEvent], after: int, snapshot_bytes: int
) -> tuple[bytes, ...] | None:
    """The wire JSON of the events that bring a client at offset `after` to `state`; None: give it the snapshot.

    `recent` are the last events without a hole, up to `state.offset`; `snapshot_bytes` is what the encoded state
    weighs. The caller has made sure that `after` is on this log. `()` if the client is up to date.
    """
    if after == state.offset:
        return ()
    missed = state.offset - after
    if not 0 < missed <= len(recent) or recent[-missed].offset != after + 1:
        return None
    encoded: list[bytes] = []
    room = snapshot_bytes
    for event in compact(recent[-missed:]):
        encoded.append(encode(event))
        room -= len(encoded[-1])
        if room < 0:
            return None
    return tuple(encoded)
