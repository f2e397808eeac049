"""The simulated world: nodes, clients, an agent and the store in one seeded loop, in virtual time.

The nodes are the real ones, the clients run the real link machine with its outbox, the store is the
oracle behind a network that delays, breaks and repeats. A seed decides who does what and which faults befall
whom: nodes are killed, stopped and thawed; connections break or go silent; the store stalls, and loses its
tail to a stale replica. When the faults stop, everything must come to rest, and `tests.support.checks` tells
whether all that was promised was kept.

    .venv/bin/python -m tests.support.world --seed 17          replays what a failure printed
    .venv/bin/python -m tests.support.world --seeds 0 1000     looks for one
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import logging
import sys
import time
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from hub.keys.anchors import Anchors
from hub.keys.digests import CommandDigest
from hub.keys.keystore import KeyStore
from hub.keys.wrapped import MemoryKeys
from hub.keys.wrapping import KeyWrap
from hub.metrics import Metrics
from hub.node.node import Node, Parts
from hub.node.room import Room
from hub.settings import Settings
from hub.store.model import ModelServer
from hub.store.promise import SessionKey, Store, StoreUnavailable
from legato.session.commands import Command
from tests.support.simdoor import Door
from tests.support.simloop import SimLoop
from tests.support.simpeople import Answering, Client, Wire, words
from tests.support.simstore import SimStore, StoreHost
from tests.support.worldchecks import Failure, Recorder, check
from tests.support.worldfaults import Faults

KEY: Final = SessionKey("main", "s_world")
AGENT: Final = "concierge"
EPOCH_MS: Final = 1_700_000_000_000
BUSY_MS: Final = 4_000
REST_MS: Final = 90_000
MOST_POSTS: Final = 14
SETTINGS: Final = Settings(
    idle_close=3_000, beat=500, lease=1_500, sweep=200, snapshot_every=24, snapshot_quiet=1_000,
    index_every=2_000, offer_patience=1_500, node_death_window=500,
)  # fmt: skip


@dataclass
class Host:
    """A node's process."""

    process: str
    node: Node
    store: SimStore
    alive: bool = True
    stopped: bool = False


class World:
    """One run. `faults` may be switched off."""

    def __init__(self, seed: int, faults: bool = True) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.loop = SimLoop()
        self.faulty = faults
        self.server = ModelServer(lambda: EPOCH_MS + self.loop.ms(), self._random("server").randbytes)
        self.machine = StoreHost(self.server)
        self.recorder = Recorder(KEY)
        self.server.subscribers.append(self.recorder)
        self.rest = MemoryKeys()
        self.wrap = KeyWrap([bytes(32)], self._random("wrap").randbytes)
        self.anchors = Anchors(b"a" * 32)
        self.metrics = Metrics()
        self.hosts: list[Host] = []
        self.people: list[Client] = []
        self.agent: Client | None = None
        self.workers = 0
        self.posted = 0
        self._faults = Faults(self)

    def _random(self, what: str) -> Random:
        return Random(f"{self.seed}:{what}")

    # --- the run

    def run(self) -> str:
        """Live through it; returns a digest of all that happened. Raises `Failure`."""
        asyncio.set_event_loop(self.loop)
        try:
            return self.loop.run_until_complete(self._live())
        finally:
            self.loop.finish()
            asyncio.set_event_loop(None)

    async def _live(self) -> str:
        for number in (1, 2):
            await self.start_node(f"n{number}.0")
        await self.loop.start(self.hosts[0].process, self._create())
        for number in (1, 2, 3):
            who = f"p_user{min(number, 2)}"
            self._person(f"u{number}", f"{KEY.session}|{who}|user|a_u{number}|")
        self.hire()
        self.loop.create_task(self._quiet_checks())
        await self._be_busy()
        self._mend_all()
        await self._come_to_rest()
        check(self)
        log = b"".join(entry.digest for entry in self.recorder.entries)
        return hashlib.sha256(log + repr(self.loop.steps).encode()).hexdigest()[:16]

    async def _create(self) -> None:
        room = await self.hosts[0].node.create(KEY, "p_user1", {"agent": AGENT}, "world")
        assert isinstance(room, Room)
        self.hosts[0].node.release(room)

    async def _be_busy(self) -> None:
        until = self.loop.ms() + BUSY_MS
        while self.loop.ms() < until:
            await asyncio.sleep(self.random.uniform(5, 250) / 1000)
            if self.random.random() < 0.75 and self.posted < MOST_POSTS:
                self._post()
            elif self.faulty:
                self._faults.befall()

    def _post(self) -> None:
        person = self.random.choice([each for each in self.people if not each.dead])
        for _ in range(self.random.choice((1, 1, 2, 5))):
            self.posted += 1
            message = words(self.random, f"m_{self.posted}")
            self.loop.deliver(0, person.process, partial(self._say, person, message))

    def _say(self, person: Client, message: Command) -> None:
        person.do(message)

    async def _quiet_checks(self) -> None:
        while True:
            await asyncio.sleep(10)
            for host in self.hosts:
                host.store.resync()

    def _mend_all(self) -> None:
        self.faulty = False
        self.machine.stalled_until = 0
        for host in self.hosts:
            self.thaw(host)
            host.store.mend()
        for person in self.everyone():
            if person.wire is not None and person.wire.silent:
                person.wire.break_off()

    async def _come_to_rest(self) -> None:
        """Liveness: without faults everything settles."""
        until = self.loop.ms() + REST_MS
        waits = "nothing"
        while self.loop.ms() < until:
            await asyncio.sleep(0.25)
            waits = self._waits()
            if not waits:
                await asyncio.sleep(3)
                waits = self._waits()
                if not waits:
                    return
        raise Failure(f"liveness: {waits}")

    def _waits(self) -> str:
        """What has not come to rest, or ""."""
        tail = self.server.session(KEY)
        assert tail is not None
        for person in self.everyone():
            if person.pending:
                return f"{person.name} still has {person.pending} batches"
            if person.link.position != tail.log.tail.to_text():
                return f"{person.name} is at {person.link.state.offset}, the log at {tail.log.tail.offset}"
            if person.link.state.turns:
                return f"turns are open: {sorted(person.link.state.turns)}"
            if person.link.state.open_entries():
                return "entries are open"
        return ""

    def everyone(self) -> list[Client]:
        """Who lives: the people and the agent."""
        return [each for each in (*self.people, self.agent) if each is not None and not each.dead]

    # --- nodes

    async def start_node(self, process: str) -> None:
        """A node's process starts, and goes on trying until the store answers."""
        store = SimStore(self.machine, self.loop, self._random(process), process)
        store.audit = lambda key, snapshot: self.recorder.snapshot(snapshot)
        random = self._random(f"{process}:bytes").randbytes
        keys = KeyStore(self.rest, self.wrap, self.loop.ms, random_bytes=random)
        parts = Parts(
            process, _as_store(store), keys, self.anchors, CommandDigest(b"d" * 32), self.loop.ms, random,
            SETTINGS, self.metrics,
        )  # fmt: skip
        host = Host(process, Node(parts), store)
        while True:  # as a supervisor does
            try:
                await self.loop.start(process, host.node.__aenter__())
                break
            except StoreUnavailable:
                store.mend()
        self.hosts.append(host)

    def _dial(self, client: Client) -> Wire | None:
        up = [host for host in self.hosts if host.alive]
        if not up:
            return None
        host = client.random.choice(up)
        wire = Wire(self.loop, client.random, host.process, client)
        wire.connect(lambda send, hang_up: Door(host.node, self.loop, send, hang_up))
        return wire

    def thaw(self, host: Host) -> None:
        """A stopped process goes on."""
        if host.stopped:
            host.stopped = False
            self.loop.thaw_process(host.process)

    # --- people

    def _person(self, name: str, ticket: str) -> None:
        person = Client(name, ticket, self.loop, self._random(name), self._dial)
        self.people.append(person)
        self.loop.deliver(0, person.process, person.start)

    def hire(self) -> None:
        """A worker's process starts, registers at a node, and attaches when it is offered the session."""
        self.workers += 1
        worker = f"w_{self.workers}"
        ticket = f"{KEY.session}|p_{AGENT}|agent|a_{worker}|{worker}"
        agent = Client(worker, ticket, self.loop, self._random(worker), self._dial)
        self.agent = agent
        Answering(agent, f"worker:{AGENT}", worker)
        self.register(agent, worker)

    def register(self, agent: Client, worker: str) -> None:
        """The worker comes to a node, as soon as one is up."""
        up = [host for host in self.hosts if host.alive]
        if agent.dead:
            return
        if not up:
            self.loop.call_later(0.1, lambda: self.register(agent, worker))
            return
        host = agent.random.choice(up)
        agent.registered = (host.process, worker)

        def offer(key: SessionKey, participant: str, expires_ms: int) -> None:
            if agent.wire is None and not agent.dead and agent.link.phase.value == "idle":
                self.loop.deliver(1, agent.process, agent.start)

        self.loop.deliver(1, host.process, lambda: host.node.register_worker("main", AGENT, worker, 4, offer))

    def unregister(self, process: str, worker: str) -> None:
        """The worker's node sees its connection close."""
        for host in self.hosts:
            if host.process == process:
                self.loop.deliver(2, process, partial(host.node.worker_lost, "main", AGENT, worker))


def _as_store(store: SimStore) -> Store:
    return store  # type: ignore[return-value]


def replay(seed: int) -> str:
    """Run the world of `seed`. Raises `Failure`, which names the command that replays it."""
    world = World(seed)
    try:
        return world.run()
    except Failure as failure:
        raise Failure(
            f"seed {seed}: {failure}\nreplay: .venv/bin/python -m tests.support.world --seed {seed}"
        ) from failure


def main() -> int:
    """The command line of the module."""
    parser = argparse.ArgumentParser(description="Live through the simulated world.")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("FROM", "TO"), default=(0, 100))
    parser.add_argument("--verbose", action="store_true")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.DEBUG if chosen.verbose else logging.CRITICAL)
    seeds = range(*chosen.seeds) if chosen.seed is None else [chosen.seed]
    began, failed = time.monotonic(), 0
    for seed in seeds:
        try:
            digest = replay(seed)
            if chosen.seed is not None:
                print(f"seed {seed}: all held, {digest}")
        except Failure as failure:
            failed += 1
            print(failure)
    print(f"{len(seeds)} worlds in {time.monotonic() - began:.1f} s, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
