"""How much is measured: what a bench does in earnest, and the same in small for trying it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sizes of one run. `says` is told what goes on.

    Delivery: `conversations` sessions, `warm_s` and `stream_s` seconds at each rate. Reconnect: `sessions` on the
    store, `missed` deltas, `samples` resumes over `returning` sessions, `idle` clients. Join: `long` and `short`
    logs (events), `copies` of each, `joins` of each length; `first_audios` calls in a browser (0: none). Voice: `calls`
    at once, `stock_calls` at stock aiortc, `peer_calls` at each of `peers`, for `play_s` seconds; `frames` of a probe;
    `innocent` calls beside `spray_rate` packets of noise a second for `spray_s` seconds; `tunnels` people cut off for
    `tunnel_s`, `gap_speakers` who say sentences while they are (0: none);
    `interruptions` of an agent by `interrupters` people, `page_interruptions` by one in a browser, `pages_interrupted`
    by one whose page is asked what it played, `words` from one browser to another (0: none);
    `turns` and `switches` of `bench turn`;
    `reloads` of a page that talks, `route_flips` from one network to another, `dead_paths` of a call, and `rough_s`
    seconds of a bad one, and of workers and people on such (0: none).
    Agents: `kills` answers cut short, of so many `people`; `freezes` answers that fall silent, `cancels`,
    `node_kills`, `stale_writes` at the store and `stale_at_doors`, of old workers and of old operators each;
    `dispatched` sessions that wait for workers, `dispatches` times before and as often beside `waiting` ones that
    nobody takes and whose rooms close after `idle_close_ms`; when workers have them the store stalls for `stall_s`;
    `leased` sessions that they have in a failover.
    `takeovers` of calls by operators.
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
    calls: int = 300
    stock_calls: int = 12
    peer_calls: int = 8
    peers: tuple[str, ...] = ()
    play_s: float = 10.0
    frames: int = 500
    innocent: int = 20
    spray_rate: int = 5_000
    spray_s: float = 60.0
    tunnels: int = 8
    gap_speakers: int = 8
    interruptions: int = 300
    interrupters: int = 10
    page_interruptions: int = 100
    pages_interrupted: int = 100
    words: int = 100
    turns: int = 100
    switches: int = 100
    reloads: int = 110
    route_flips: int = 300
    dead_paths: int = 100
    rough_s: float = 60.0
    tunnel_s: float = 5.0
    kills: int = 300
    people: int = 8
    freezes: int = 40
    cancels: int = 120
    node_kills: int = 50
    stale_writes: int = 100_000
    stale_at_doors: int = 4_000
    takeovers: int = 150
    dispatched: int = 2_000
    dispatches: int = 3
    waiting: int = 2_000
    idle_close_ms: int = 30_000
    stall_s: float = 5.0
    leased: int = 1_000
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
    interruptions=2,
    interrupters=2,
    page_interruptions=0,
    pages_interrupted=0,
    words=0,
    turns=4,
    switches=4,
    reloads=0,
    route_flips=0,
    dead_paths=2,
    rough_s=2.0,
    calls=4,
    stock_calls=2,
    peer_calls=2,
    tunnels=2,
    gap_speakers=0,
    tunnel_s=0.5,
    play_s=1.0,
    frames=25,
    innocent=2,
    spray_rate=500,
    spray_s=2.0,
    kills=4,
    people=2,
    freezes=2,
    cancels=4,
    node_kills=2,
    stale_writes=2_000,
    stale_at_doors=200,
    takeovers=12,
    dispatched=20,
    dispatches=1,
    waiting=20,
    idle_close_ms=500,
    stall_s=0.5,
    leased=20,
)
"""Shows that a bench works; its figures mean nothing."""
