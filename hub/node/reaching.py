"""Whether a position that somebody brings is on the log: it is caught up with, or a tail was lost."""

from __future__ import annotations

from typing import Final

from hub.node.follower import Follower, Stage
from hub.node.recent import Standing
from hub.store.promise import Log, StoreUnavailable
from legato.session.position import Position

TRIES: Final = 8
"""How often a log may lose its tail while one position is looked for."""


async def reach(follower: Follower, log: Log, position: Position) -> None:
    """Catch up to `position` if it is on the log; if it is not, a tail was lost: open an epoch. The log may lose its
    tail again meanwhile: what was found out of the one before is then worth nothing, and is found out anew.

    Raises `StoreUnavailable` when the store does not answer, or goes back again and again.
    """
    for tried in range(TRIES):
        standing = await _reached(follower, log, position)
        known = (
            standing is Standing.LOST and tried > 0
        )  # the log may be trimmed too far to be asked: memory tells
        if standing not in (Standing.AHEAD, Standing.LOST) or known or follower.stage is Stage.CLOSED:
            return
        if position.epoch != follower.position.epoch:
            return
        follower.tail_lost(position)
        await follower.caught_up()
    raise StoreUnavailable("the log goes back again and again")


async def _reached(follower: Follower, log: Log, position: Position) -> Standing:
    standing = _standing(follower, position)
    if standing is Standing.AHEAD:
        await follower.caught_up()
        standing = _standing(follower, position)
    if standing is Standing.OLDER:
        known = await log.position(follower.key, position.offset)
        if known is not None and known.check != position.check:
            return Standing.LOST
    return standing


def _standing(follower: Follower, position: Position) -> Standing:
    return follower.view.recent.standing(position, follower.state.reopened)
