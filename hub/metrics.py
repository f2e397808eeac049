"""What a hub counts: the one door to prometheus_client.

Every node has its own registry, so that two nodes in one process (tests, the simulated world) do not mix.
No label ever holds a session, a participant or a word: the label sets are small and fixed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_LAG: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)


class Metrics:
    """The counters of one node. `expose()` is what `/metrics` answers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._acked: dict[str, Callable[[], None]] = {}
        made = self.registry
        self.acks = Counter("legato_acks", "Batches acknowledged.", ["level"], registry=made)
        self.refusals = Counter("legato_refusals", "Batches refused.", ["reason"], registry=made)
        self.appends = Counter("legato_appends", "Appends given to the store.", registry=made)
        self.retries = Counter("legato_retries", "Appends given again.", ["why"], registry=made)
        self.rooms = Gauge("legato_rooms", "Sessions open on this node.", registry=made)
        self.listeners = Gauge("legato_listeners", "Connections that listen.", registry=made)
        self.deliveries = Counter("legato_deliveries", "Events told to listeners.", registry=made)
        self.holes = Counter("legato_holes", "Holes in what the store pushed, read anew.", registry=made)
        self.resyncs = Counter("legato_resyncs", "Times the store's tail was compared.", registry=made)
        self.discontinuities = Counter("legato_discontinuities", "Lost tails told of.", registry=made)
        self.moves = Counter("legato_moves", "Rooms moved to a snapshot.", ["why"], registry=made)
        self.duties = Counter("legato_duties", "Duties done.", ["duty"], registry=made)
        self.offers = Counter("legato_offers", "Sessions offered to workers.", registry=made)
        self.deaths = Counter("legato_deaths", "Holders found dead.", ["kind"], registry=made)
        self.losses = Counter(
            "legato_store_losses", "Sessions that the store had lost.", ["outcome"], registry=made
        )
        self.failures = Counter("legato_failures", "Tasks that failed and were restarted.", registry=made)
        self.clock_jumps = Counter("legato_clock_jumps", "Jumps of the store's clock.", registry=made)
        self.deadlines_suspended = Gauge(
            "legato_deadlines_suspended", "1 while deadlines are suspended.", registry=made
        )
        self.memory_used = Gauge(
            "legato_store_memory_ratio", "Used part of the store's limit.", registry=made
        )
        self.loop_lag = Histogram(
            "legato_loop_lag_seconds", "How late the loop runs.", buckets=_LAG, registry=made
        )

    def acked(self, level: str) -> None:
        """A batch was acknowledged. What is counted for every event is looked up once."""
        count = self._acked.get(level)
        if count is None:
            count = self._acked[level] = self.acks.labels(level).inc
        count()

    def expose(self) -> bytes:
        """All of it, as Prometheus reads it (`CONTENT_TYPE`)."""
        return generate_latest(self.registry)
