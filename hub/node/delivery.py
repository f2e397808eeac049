"""Telling listeners: what comes in one pass of the loop goes to each of them in one call.

Everybody is told the same, at the same moment, so there is one place up to which all have been told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from hub.node.promise import Listener
from hub.node.recent import Told
from legato.session.position import Position

log: Final = logging.getLogger("legato.node")

Schedule = Callable[[Callable[[], None]], object]
"""Runs a callback in the next pass of the loop (`loop.call_soon`)."""


class Counter(Protocol):
    """A metric that goes up (`hub.metrics.Tally`)."""

    def add(self, more: int, value: str = "") -> None: ...


class Delivery:
    """The listeners of one room, and what they have yet to be told."""

    def __init__(self, schedule: Schedule, deliveries: Counter) -> None:
        self._schedule = schedule
        self._deliveries = deliveries
        self._listeners: dict[Listener, None] = {}
        self._events: list[Told] = []
        self._position: Position | None = None
        self._signals: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        self._due = False

    def __len__(self) -> int:
        return len(self._listeners)

    def add(self, listener: Listener) -> None:
        """Tell it what comes from here on."""
        self.flush()
        self._listeners[listener] = None

    def remove(self, listener: Listener) -> None:
        """Never call it again."""
        self._listeners.pop(listener, None)

    def __contains__(self, listener: Listener) -> bool:
        return listener in self._listeners

    def events(self, told: list[Told], position: Position) -> None:
        """The next events, and the position after them."""
        if self._listeners:
            self._events += told
            self._position = position
            self._wake()

    def signal(self, signal: Mapping[str, Any]) -> None:
        """A signal: the latest of each sender, name and attachment is told."""
        if self._listeners:
            self._signals[signal["by"], signal["name"], signal.get("attachment", "")] = signal
            self._wake()

    def flush(self) -> None:
        """Tell what is pending, now."""
        self._due = False
        events, self._events = self._events, []
        signals, self._signals = self._signals, {}
        position = self._position
        if events and position is not None:
            encoded = [told.encoded for told in events]
            decoded: list[Any] = [told.event for told in events]
            self._each(lambda listener: listener.events(encoded, decoded, position))
            self._deliveries.add(len(events) * len(self._listeners))
        if signals:
            latest = list(signals.values())
            self._each(lambda listener: listener.signals(latest))

    def forget(self) -> list[Told]:
        """Drop the pending events (their log was lost, or a snapshot stands for them); returns them."""
        dropped, self._events = self._events, []
        return dropped

    def snapshot(self, encoded_state: bytes, position: Position, reason: str) -> None:
        """Move everybody to a state."""
        self.forget()
        self._each(lambda listener: listener.snapshot(encoded_state, position, reason))

    def discontinuity(self, lost_from: int, lost_to: int, encoded_state: bytes, position: Position) -> None:
        """Tell everybody what they were told and is not in the log."""
        self.forget()
        self._each(lambda listener: listener.discontinuity(lost_from, lost_to, encoded_state, position))

    def gone(self, reason: str) -> None:
        """Tell everybody that it is over here, and forget them."""
        self.flush()
        self._each(lambda listener: listener.gone(reason))
        self._listeners.clear()

    def _wake(self) -> None:
        if not self._due:
            self._due = True
            self._schedule(self.flush)

    def _each(self, tell: Callable[[Listener], None]) -> None:
        for listener in tuple(self._listeners):
            try:
                tell(listener)
            except Exception:  # one connection's fault must not reach the others
                log.exception("a listener failed and is not called again")
                self._listeners.pop(listener, None)
