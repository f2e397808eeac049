"""Who comes to listen to a room and who leaves: newcomers are answered from memory, with no seam to what follows.

Apart from the `Delivery`, which tells the same to all: a newcomer is told what only it has missed, or that
what it had seen was lost.
"""

from __future__ import annotations

from hub.node.delivery import Delivery
from hub.node.follower import Follower, Stage
from hub.node.insisting import insist
from hub.node.promise import Listener, Welcome
from hub.node.reaching import reach
from hub.node.recent import Standing
from hub.node.recovery import first_lost
from hub.node.tools import Tools
from legato.session.compaction import compact
from legato.session.event_json import encode
from legato.session.position import Position
from legato.session.state import encode_state


class Listeners:
    """See the module."""

    def __init__(self, tools: Tools, follower: Follower, delivery: Delivery) -> None:
        self._tools = tools
        self._follower = follower
        self._delivery = delivery
        self._encoded: tuple[Position, bytes] | None = None
        self._told_soon: dict[Listener, Position] = {}

    def join(self, listener: Listener, after: Position | None, whole: bool) -> Welcome:
        """See `hub.node.promise.Room.listen`."""
        follower = self._follower
        if after is not None:
            standing = follower.view.recent.standing(after, follower.state.reopened)
            if standing is Standing.LOST and follower.stage is not Stage.CLOSED:
                self._told_soon[listener] = after
                self._tools.schedule(lambda: self._tell_lost(listener))
                return Welcome(after, None, ())
            if standing is Standing.ON and not whole:
                self._add(listener)
                return self._since(after)
            if standing is Standing.AHEAD and follower.stage is not Stage.CLOSED:
                self._told_soon[listener] = after
                self._tools.spawn(self._tell_reached(listener, after))
                return Welcome(after, None, ())
        self._add(listener)
        return Welcome(follower.position, self.encoded_state(), ())

    def leave(self, listener: Listener) -> None:
        """It is never called again."""
        self._told_soon.pop(listener, None)
        if listener in self._delivery:
            self._delivery.remove(listener)
            self._tools.metrics.listeners.dec()

    def let_go(self, reason: str) -> None:
        """Tell all that it is over here."""
        self._tools.metrics.listeners.dec(len(self._delivery))
        self._delivery.gone(reason)

    def encoded_state(self) -> bytes:
        """The state in its wire form, encoded once a position."""
        position = self._follower.position
        if self._encoded is None or self._encoded[0] != position:
            self._encoded = (position, encode_state(self._follower.state))
        return self._encoded[1]

    def _add(self, listener: Listener) -> None:
        self._delivery.add(listener)
        self._tools.metrics.listeners.inc()
        if self._follower.stage is Stage.CLOSED:
            self._tools.schedule(lambda: self.let_go("moved"))

    def _since(self, after: Position) -> Welcome:
        """The compacted events after a position, or the state, whichever is less."""
        told = self._follower.view.recent.after(after.offset) or []
        state = self.encoded_state()
        originals = {id(each.event): each.encoded for each in told}
        events = tuple(
            originals.get(id(event)) or encode(event) for event in compact(each.event for each in told)
        )
        if sum(map(len, events)) > len(state):
            return Welcome(self._follower.position, state, ())
        return Welcome(self._follower.position, None, events)

    def _tell_lost(self, listener: Listener) -> None:
        """What it had seen is gone: in one step it learns so and gets the state."""
        after = self._told_soon.pop(listener, None)
        if after is not None:
            self._add(listener)
            position = self._follower.position
            lost_from = first_lost(self._follower.state, position.epoch, after)
            listener.discontinuity(lost_from, after.offset, self.encoded_state(), position)

    async def _tell_reached(self, listener: Listener, after: Position) -> None:
        """The log went back just before it came: what it had seen is found to be gone first."""
        follower = self._follower
        await insist(lambda: reach(follower, self._tools.store, after))
        if follower.view.recent.standing(after, follower.state.reopened) is Standing.LOST:
            self._tell_lost(listener)
        elif self._told_soon.pop(listener, None) is not None:
            self._add(listener)
            listener.snapshot(self.encoded_state(), follower.position, "behind")
