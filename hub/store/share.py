"""How much of the machine the embedded store may take, unless somebody says."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

GROUP: Final = Path("/sys/fs/cgroup/memory.max")
"""What a container may have (cgroup v2); `max` where there is no bound."""

LEAST_MB: Final = 64


def machine_mb(group: Path = GROUP) -> int:
    """The memory of the machine, or of the container if that has less."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    with suppress(OSError, ValueError):
        found = min(found, int(group.read_text()) >> 20)
    return found


def fair_share_mb(machine: int) -> int:
    """Half of `machine` (MB): the other half is the node's, and for the copy while the store rewrites its file."""
    return max(LEAST_MB, machine // 2)
