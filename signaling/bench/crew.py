"""Workers of one agent, as processes that are killed, frozen and replaced."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Final

from legato.session.tickets import ANY_SESSION
from signaling.bench.rig import Child, Rig, started

WORKERS: Final = 2


class Crew:
    """The workers, by process id. `module` is run as each, with the hubs' addresses: the nodes', or those `ports`."""

    def __init__(self, rig: Rig, module: str, agent: str, ports: Sequence[int] = ()) -> None:
        self._rig, self._module, self._agent, self._ports = rig, module, agent, ports
        self._workers: dict[str, Child] = {}
        self._frozen: list[Child] = []

    @property
    def pids(self) -> list[str]:
        """The process ids of those at work."""
        return list(self._workers)

    async def fill(self, count: int = WORKERS) -> None:
        """Start workers until there are enough."""
        hubs = [f"http://127.0.0.1:{port}" for port in self._ports or self._rig.ports()]
        os.environ["LEGATO_TICKET"] = self._rig.ticket(ANY_SESSION, f"p_{self._agent}", "agent")
        os.environ["LEGATO_BENCH_AGENT"] = self._agent
        while len(self._workers) < count:
            child = await started("worker", self._module, *hubs)
            self._workers[str(child.pid)] = child

    def begin(self) -> None:
        """Let those begin that wait for a line."""
        for child in self._workers.values():
            assert child.process.stdin is not None
            child.process.stdin.write(b"\n")

    def kill(self, pid: str) -> None:
        """kill -9."""
        self._workers.pop(pid).process.kill()

    def freeze(self, pid: str) -> None:
        """SIGSTOP: it holds its connections and says nothing."""
        child = self._workers.pop(pid)
        child.process.send_signal(signal.SIGSTOP)
        self._frozen.append(child)

    def wake(self) -> None:
        """Let those that were frozen go on, as if nothing had been."""
        for child in self._frozen:
            child.process.send_signal(signal.SIGCONT)
            self._workers[str(child.pid)] = child
        self._frozen.clear()

    async def end(self) -> None:
        """End all of them."""
        for child in (*self._workers.values(), *self._frozen):
            child.process.kill()
            await child.process.wait()
