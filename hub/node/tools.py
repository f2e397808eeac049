"""What everything about a room works with on its node: the store, keys, time, and who runs tasks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from hub.keys.anchors import Anchors
from hub.keys.digests import CommandDigest
from hub.metrics import Metrics
from hub.node.entries import Keys
from hub.node.registered import Registered
from hub.store.promise import Store
from hub.vault import Vault


class Timer(Protocol):
    """What was asked to call back."""

    def cancel(self) -> object:
        """It need not."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What rooms of a node work with.

    `now` is this process's monotonic ms, `session_now` its best guess of the store's clock (ms since 1970).
    `later(ms, callback)` calls back; `schedule` at the end of this pass of the loop; `spawn` runs a coroutine that
    the node owns. `registered`: the tools that the hub calls.
    """

    node: str
    store: Store
    keys: Keys
    anchors: Anchors
    digests: CommandDigest
    metrics: Metrics
    now: Callable[[], int]
    session_now: Callable[[], int]
    later: Callable[[int, Callable[[], None]], Timer]
    schedule: Callable[[Callable[[], None]], object]
    spawn: Callable[[Coroutine[Any, Any, None]], object]
    random_bytes: Callable[[int], bytes]
    vault: Vault | None = None
    registered: Registered = field(default_factory=dict)
