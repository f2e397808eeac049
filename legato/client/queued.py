"""Where a session stands in the queue of operators, as the hub signals it. The twin of `web/src/client/queued.ts`."""

from __future__ import annotations

from collections.abc import Callable

from legato.session.ids import HUB
from legato.session.state import State
from legato.wire import down as d

QUEUE = "queue"


class Queued:
    """See the module. It listens among those who are `told`, and says when a place has `changed`."""

    def __init__(self, told: list[Callable[[d.Down], None]], changed: Callable[[], None]) -> None:
        self._request, self._place = "", 0
        self._changed = changed
        told.append(self._hear)

    def place(self, state: State) -> int:
        """Of the request that waits; 0: none does, or its place was not told yet."""
        return self._place if state.asking is not None and state.asking.id == self._request else 0

    def _hear(self, envelope: d.Down) -> None:
        before = self._request, self._place
        for signal in envelope.signals if isinstance(envelope, d.Signals) else ():
            data = signal.get("data")
            if (signal.get("by"), signal.get("name")) == (HUB, QUEUE) and isinstance(data, dict):
                request, place = data.get("request"), data.get("place")
                if isinstance(request, str) and isinstance(place, int):
                    self._request, self._place = request, place
        if before != (self._request, self._place):
            self._changed()
