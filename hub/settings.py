"""What an operator may set, with defaults that serve everyone. Times are in ms unless a name says else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """A node's settings.

    A room closes `idle_close` after nobody needs it. Nodes and workers beat every `beat`; one whose counter
    a watcher has seen unchanged for `lease` over at least three reads is dead. Deadlines are swept every
    `sweep`. A snapshot is written every `snapshot_every` events (the first one sooner) and `snapshot_quiet` after
    the last one.
    A worker's lease is kept for `reconnect_window` after its connection closed, and for
    `node_death_window` after its node died. When nobody took a session within `await_patience`,
    its people are told. `grace` is what an attachment has to come back.

    `archive_after_s` after its last event a session that no person is attached to goes from the store to the vault,
    where whoever opens it finds it; `erase_after_s` after it, it is erased. Its labels of these names override
    them (0: never). `budget_…` is what a session may use of models and tools where its labels say nothing (0:
    anything), and `budget_unattended` for how many seconds its agent may go on with nobody there. Above `full_ratio`
    of the store's memory new sessions are refused; above `audio_first_ratio` audio leaves the store first.
    """

    idle_close: int = 30_000
    beat: int = 1_000
    lease: int = 3_000
    sweep: int = 500
    snapshot_every: int = 256
    snapshot_quiet: int = 5_000
    index_every: int = 5_000
    grace: int = 30_000
    reconnect_window: int = 250
    node_death_window: int = 2_000
    offer_patience: int = 5_000
    await_patience: int = 2_000
    clock_jump: int = 60_000
    drain_patience: int = 5_000
    tombstone_s: int = 400 * 86_400
    archive_after_s: int = 86_400
    erase_after_s: int = 30 * 86_400
    budget_tokens: int = 0
    budget_seconds: int = 0
    budget_tool_calls: int = 0
    budget_unattended: int = 0
    full_ratio: float = 0.8
    audio_first_ratio: float = 0.9
