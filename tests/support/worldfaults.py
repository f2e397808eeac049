"""What befalls the simulated world: processes die, stop and thaw, connections break or go silent, the store stalls
and loses its tail.

Apart from the world, which only goes on: a fault is drawn from the world's own randomness, so that a seed tells it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Final

from signaling.draining import drain
from tests.support.simrevoking import call_back
from tests.support.simthief import Thief, another_key, spent_tickets

if TYPE_CHECKING:
    from tests.support.world import Host, World

DRAIN_S: Final = 3.0


class Faults:
    """The faults of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tails_lost = 0
        self._promoting = False
        self.drained = 0

    def befall(self) -> None:
        """One of them, now."""
        fault: Callable[[], None] = self._world.random.choices(
            [self._kill_node, self._stop_node, self._cut_store, self._stall, self._lose_tail, self._cut_client,
             self._hush_client, self._kill_worker, self._slow_client, self._drain_node, self._steal,
             self._refuse_on_the_way, self._restart_client, self._call_back],
            [2, 2, 5, 2, 2, 5, 3, 2, 4, 2, 3, 2, 3, 3],
        )[0]  # fmt: skip
        fault()

    def _some_host(self) -> Host | None:
        return self._world.random.choice([host for host in self._world.hosts if host.alive] or [None])

    def _kill_node(self) -> None:
        host = self._some_host()
        if host is not None and self._world.loop.ms() >= 300:
            self.kill(host)

    def kill(self, host: Host) -> None:
        """SIGKILL; its supervisor starts it again."""
        self._end(host)
        if not host.draining:  # else that is on its way
            self._start_again(host)

    def _end(self, host: Host) -> None:
        host.alive = False
        self._world.loop.kill_process(host.process)
        host.store.cut()
        self._world.loop.call_soon(lambda: host.store._model.disconnect())
        self._world.hosts.remove(host)
        self._world.machine.connections.remove(host.store)
        for wire in self._world.open_wires():
            if wire.at == host.process:
                wire.break_off()

    def _start_again(self, host: Host) -> None:
        name, _, generation = host.process.partition(".")
        again = f"{name}.{int(generation) + 1}"
        wait = self._world.random.uniform(50, 4000)
        self._world.loop.call_later(
            wait / 1000, lambda: self._world.loop.create_task(self._world.start_node(again))
        )

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
            for person in self._world.people:
                person.resumes.clear()  # what was spent may be good again
            for thief in self._world.thieves:
                thief.excused = True
            self._world.called_back.clear()  # and what was called back may be good again
            for connection in tuple(self._world.machine.connections):
                connection.cut()
                self._world.loop.call_later(self._world.random.uniform(0.01, 0.5), connection.mend)

        self._world.loop.call_later(self._world.random.uniform(0.01, 1.5), promote)

    def _cut_client(self) -> None:
        wires = self._world.open_wires()
        if wires:
            self._world.random.choice(wires).break_off()

    def _hush_client(self) -> None:
        """Half-open: nothing arrives any more, and nobody is told."""
        wires = self._world.open_wires()
        if wires:
            self._world.random.choice(wires).silent = True

    def _kill_worker(self) -> None:
        worker = self._world.worker
        if worker is None or worker.dead:
            return
        worker.dead = True
        self._world.loop.kill_process(worker.process)
        for each in (worker, worker.client):
            if each is not None:
                each.dead = True
                if each.wire is not None:
                    each.wire.break_off()
        self._world.loop.call_later(self._world.random.uniform(0.05, 2), self._world.hire)

    def _slow_client(self) -> None:
        """A device reads nothing for a while."""
        wires = self._world.open_wires()
        if wires:
            wire = self._world.random.choice(wires)
            wire.stop_reading()
            self._world.loop.call_later(self._world.random.uniform(0.1, 4), wire.read_on)

    def _refuse_on_the_way(self) -> None:
        """A batch of a person's is settled at its client, and the log never hears of its sequence."""
        there = [each for each in self._world.people if each.wire is not None and not each.dead]
        if there:
            person = self._world.random.choice(there)
            assert person.wire is not None
            person.wire.refuses = True
            self._world.says(person, 2)

    def _restart_client(self) -> None:
        """A person reloads the page, perhaps in mid sentence."""
        person = self._world.random.choice([each for each in self._world.people if not each.dead])
        if self._world.random.random() < 0.5:
            self._world.says(person, 2)
        self._world.loop.deliver(self._world.random.uniform(0, 20), person.process, person.restart)

    def _drain_node(self) -> None:
        """SIGTERM: the node sends everybody to the others, and ends."""
        up = [host for host in self._world.hosts if host.alive and not (host.draining or host.stopped)]
        if len(up) < 2:
            return
        host = self._world.random.choice(up)
        host.draining = True

        async def leave() -> None:
            await drain(host.hall, host.node, DRAIN_S)
            await host.node.__aexit__()
            self.drained += 1
            self._world.loop.call_soon(gone, context=outside)

        def gone() -> None:
            if host.alive:
                self._end(host)

        outside = copy_context()
        self._world.loop.start(host.process, leave())
        self._start_again(host)

    def _call_back(self) -> None:
        """A person's newest access ticket is called back, with all that came of it: they come again by another."""
        host = self._some_host()
        given = [
            each
            for who, each in self._world.desk.given.items()
            if who.startswith("p_") and who != "p_concierge"
        ]  # people only
        if host is not None and given:
            newest = self._world.random.choice(given)[-1]

            def begin() -> None:
                self._world.loop.create_task(call_back(self._world, host, newest))

            self._world.loop.deliver(0, host.process, begin)

    def _steal(self) -> None:
        """Somebody shows a person's resume ticket."""
        random, people = self._world.random, self._world.people
        victim = random.choice([each for each in people if spent_tickets(each)] or people)
        if victim.resumes:
            stolen = random.choice(spent_tickets(victim) or [another_key(victim)])
            thief = Thief(victim, *stolen)
            self._world.thieves.append(thief)
            self._world.dial(thief, self._world.random_of(f"thief{len(self._world.thieves)}"))
