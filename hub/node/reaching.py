"""Whether a position that somebody brings is on the log: it is caught up with, or a tail was lost."""

from __future__ import annotations

from hub.node.follower import Follower
from hub.node.recent import Standing
from hub.store.promise import Log
from legato.session.position import Position


async def reach(follower: Follower, log: Log, position: Position) -> None:
    """Catch up to `position` if it is on the log; if it is not, a tail was lost: open an epoch.

    Raises `StoreUnavailable` when the store does not answer.
    """
    standing = _standing(follower, position)
    if standing is Standing.AHEAD:
        await follower.caught_up()
        standing = _standing(follower, position)
    if standing is Standing.OLDER:
        known = await log.position(follower.key, position.offset)
        if known is not None and known.check != position.check:
            standing = Standing.LOST
    if standing in (Standing.AHEAD, Standing.LOST) and position.epoch == follower.position.epoch:
        follower.tail_lost(position)
        await follower.caught_up()


def _standing(follower: Follower, position: Position) -> Standing:
    return follower.view.recent.standing(position, follower.state.reopened)
