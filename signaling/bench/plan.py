"""How much is measured: what a bench does in earnest, and the same in small for trying it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sizes of one run. `says` is told what goes on.

    Delivery: `conversations` sessions, `warm_s` and `stream_s` seconds at each rate. Reconnect: `sessions` on the
    store, `missed` deltas, `samples` resumes over `returning` sessions, `idle` clients. Join: `long` and `short`
    logs (events), `copies` of each, `joins` of each length; `first_audios` calls in a browser (0: none).
    """

    nodes: int = 2
    conversations: int = 200
    warm_s: float = 2.0
    stream_s: float = 8.0
    sessions: int = 10_000
    missed: int = 10_000
    samples: int = 320
    returning: int = 20
    idle: int = 2_000
    long: int = 100_000
    short: int = 1_000
    copies: int = 3
    joins: int = 120
    first_audios: int = 110
    says: Callable[[str], None] = lambda text: None


SMALL = Plan(
    conversations=40,
    warm_s=0.2,
    stream_s=0.5,
    sessions=40,
    missed=300,
    samples=12,
    returning=2,
    idle=20,
    long=400,
    short=100,
    copies=1,
    joins=4,
    first_audios=0,
)
"""Shows that a bench works; its figures mean nothing."""
