"""What befalls the simulated world: processes die, stop and thaw, connections break or go silent, the store stalls
and loses its tail.

Apart from the world, which only goes on: a fault is drawn from the world's own randomness, so that a seed tells it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.world import Host, World


class Faults:
    """The faults of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tails_lost = 0
        self._promoting = False

    def befall(self) -> None:
        """One of them, now."""
        fault: Callable[[], None] = self._world.random.choices(
            [self._kill_node, self._stop_node, self._cut_store, self._stall, self._lose_tail, self._cut_client,
             self._hush_client, self._kill_agent],
            [2, 2, 5, 2, 2, 5, 3, 2],
        )[0]  # fmt: skip
        fault()

    def _some_host(self) -> Host | None:
        return self._world.random.choice([host for host in self._world.hosts if host.alive] or [None])

    def _kill_node(self) -> None:
        host = self._some_host()
        if host is None or self._world.loop.ms() < 300:
            return
        host.alive = False
        self._world.loop.kill_process(host.process)
        host.store.cut()
        self._world.loop.call_soon(lambda: host.store._model.disconnect())
        self._world.hosts.remove(host)
        self._world.machine.connections.remove(host.store)
        for person in self._world.everyone():
            if person.wire is not None and person.wire._process == host.process:
                person.wire.break_off()
        name, _, generation = host.process.partition(".")
        again = f"{name}.{int(generation) + 1}"
        wait = self._world.random.uniform(50, 4000)
        self._world.loop.call_later(
            wait / 1000, lambda: self._world.loop.create_task(self._world.start_node(again))
        )
        agent = self._world.agent
        if agent is not None and agent.registered[0] == host.process:
            worker = agent.registered[1]
            self._world.loop.call_later(0.02, lambda: self._world.register(agent, worker))

    def _stop_node(self) -> None:
        host = self._some_host()
        if host is not None and not host.stopped:
            host.stopped = True
            self._world.loop.stop_process(host.process)
            self._world.loop.call_later(self._world.random.uniform(0.1, 6), lambda: self._world.thaw(host))

    def _cut_store(self) -> None:
        host = self._some_host()
        if host is not None:
            host.store.cut()
            self._world.loop.call_later(self._world.random.uniform(0.02, 2), host.store.mend)

    def _stall(self) -> None:
        self._world.machine.stalled_until = self._world.loop.time() + self._world.random.uniform(0.1, 4)

    def _lose_tail(self) -> None:
        """A replica stops receiving; a little later it is promoted."""
        if self._tails_lost >= 2 or self._promoting:
            return
        self._tails_lost += 1
        self._promoting = True
        saved = self._world.server.saved()

        def promote() -> None:
            self._promoting = False
            self._world.server.restore(saved)
            self._world.recorder.restored(self._world.server)
            for connection in tuple(self._world.machine.connections):
                connection.cut()
                self._world.loop.call_later(self._world.random.uniform(0.01, 0.5), connection.mend)

        self._world.loop.call_later(self._world.random.uniform(0.01, 1.5), promote)

    def _cut_client(self) -> None:
        person = self._world.random.choice(self._world.everyone())
        if person.wire is not None:
            person.wire.break_off()

    def _hush_client(self) -> None:
        """Half-open: nothing arrives any more, and nobody is told."""
        person = self._world.random.choice(self._world.everyone())
        if person.wire is not None:
            person.wire.silent = True

    def _kill_agent(self) -> None:
        agent = self._world.agent
        if agent is None or agent.dead:
            return
        agent.dead = True
        self._world.loop.kill_process(agent.process)
        if agent.wire is not None:
            agent.wire.break_off()
        process, worker = agent.registered
        self._world.unregister(process, worker)
        self._world.loop.call_later(self._world.random.uniform(0.05, 2), self._world.hire)
