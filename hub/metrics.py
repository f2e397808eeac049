"""What a hub counts: the one door to prometheus_client.

Every node has its own registry, so that two nodes in one process (tests, the simulated world) do not mix.
No label ever holds a session, a participant or a word: the label sets are small and fixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_LAG: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)


class Tally(Collector):
    """A counter for what happens at every event: plain numbers, where the library's own takes a lock each time.

    It has one label, or none (""): then there is one number, whose label's value is "".
    """

    def __init__(self, name: str, says: str, label: str, registry: CollectorRegistry) -> None:
        self._counts: dict[str, int] = {} if label else {"": 0}
        self._about = (name, says, label)
        registry.register(self)

    def add(self, more: int, value: str = "") -> None:
        """`more` of those whose label has this value."""
        self._counts[value] = self._counts.get(value, 0) + more

    def collect(self) -> Iterator[CounterMetricFamily]:
        name, says, label = self._about
        family = CounterMetricFamily(name, says, labels=[label] if label else [])
        for value, count in self._counts.items():
            family.add_metric([value] if label else [], count)
        yield family


class Metrics:
    """The counters of one node. `expose()` is what `/metrics` answers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        made = self.registry
        self.acks = Tally("legato_acks", "Batches acknowledged.", "level", made)
        self.refusals = Counter("legato_refusals", "Batches refused.", ["reason"], registry=made)
        self.appends = Counter("legato_appends", "Appends given to the store.", registry=made)
        self.retries = Counter("legato_retries", "Appends given again.", ["why"], registry=made)
        self.rooms = Gauge("legato_rooms", "Sessions open on this node.", registry=made)
        self.listeners = Gauge("legato_listeners", "Connections that listen.", registry=made)
        self.deliveries = Tally("legato_deliveries", "Events told to listeners.", "", made)
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
        self.vault_failures = Counter(
            "legato_vault_failures", "Failures of the vault.", ["why"], registry=made
        )
        self.failures = Counter("legato_failures", "Tasks that failed and were restarted.", registry=made)
        self.clock_jumps = Counter("legato_clock_jumps", "Jumps of the store's clock.", registry=made)
        self.deadlines_suspended = Gauge(
            "legato_deadlines_suspended", "1 while deadlines are suspended.", registry=made
        )
        self.memory_used = Gauge(
            "legato_store_memory_ratio", "Used part of the store's limit.", registry=made
        )
        self.calls_full = Gauge(
            "legato_calls_full", "1 while no new calls are taken, for callers are not heard.", registry=made
        )
        self.calls_lost = Counter(
            "legato_calls_lost", "Datagrams of callers that the port had no room for.", registry=made
        )
        self.loop_lag = Histogram(
            "legato_loop_lag_seconds", "How late the loop runs.", buckets=_LAG, registry=made
        )

    def expose(self) -> bytes:
        """All of it, as Prometheus reads it (`CONTENT_TYPE`)."""
        return generate_latest(self.registry)
