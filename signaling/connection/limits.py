"""How much of everything one connection, one address and one node may have. `PROTOCOL.md`, "Limits"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """The numbers of one connection. Times in ms, sizes in bytes."""

    setup_ms: int = 5_000
    """From the opening of the socket to the first envelope, and again to its answer."""
    silent_beats: int = 3
    """Beats without anything from the client until it counts as gone."""
    batches_a_second: int = 200
    batches_at_once: int = 400
    in_flight: int = 64
    signals_a_second: int = 20
    signals_at_once: int = 40
    signal_bytes: int = 4_096
    questions_a_second: int = 20
    """History pages, credits and everything else that is no batch and no signal."""
    questions_at_once: int = 60
    bytes_a_second: int = 2_000_000
    bytes_at_once: int = 8_000_000
    mistakes_a_second: int = 1
    mistakes_at_once: int = 16
    """Envelopes that were JSON and made no sense; more of them close the connection."""
    waiting_bytes: int = 1_000_000
    waiting_events: int = 4_096
    """Events that wait for a slow reader; beyond, it is put on the cursor."""
    waiting_replies: int = 2_048
    """Answers, acknowledgements and signals that wait for one; beyond, it is closed `too_fast`."""
    drain_ms: int = 30_000


DEFAULT: Final = ConnectionLimits()
