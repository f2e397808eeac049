"""The simulated world: nodes, clients, an agent and the store in one seeded loop, in virtual time.

The nodes are the real ones behind their real doors (hall, doorkeeper, a machine for each connection) but for the
sockets; the clients run the real link machine with its outbox, the store is the oracle behind a network that
delays, breaks and repeats. A seed decides who does what and which faults befall
whom: nodes are killed, stopped and thawed; connections break or go silent; the store stalls, and loses its
tail to a stale replica. In one world of five everybody goes for a while, and the session into the vault. When
the faults stop, everything must come to rest, and `tests.support.checks` tells whether all that was promised
was kept.

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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from hub.keys.anchors import Anchors
from hub.keys.digests import CommandDigest
from hub.keys.keystore import KeyStore
from hub.keys.positions import unverified
from hub.keys.revocations import RevocationList
from hub.keys.wrapped import MemoryKeys
from hub.keys.wrapping import KeyWrap
from hub.metrics import Metrics
from hub.node.node import Node, Parts
from hub.node.retention import ARCHIVE_LABEL
from hub.node.room import Room
from hub.settings import Settings
from hub.store.model import ModelServer
from hub.store.promise import SessionKey, Store, StoreUnavailable
from hub.vault import Folder, Vault
from legato.session.actors import agents_participant
from legato.session.commands import Command
from legato.wire.down import Offered
from signaling.archive import Archive
from signaling.hall import Hall
from signaling.revoking import Revoking
from tests.support.simagent import Answering, Worker
from tests.support.simdoor import Minted, TicketDesk, open_doors
from tests.support.simloop import SimLoop
from tests.support.simpeople import Client, words
from tests.support.simrevoking import found_within, keep_learning
from tests.support.simstore import SimStore, StoreHost
from tests.support.simthief import Thief
from tests.support.simwire import Device, Wire
from tests.support.worldchecks import Failure, Recorder, check, check_archives
from tests.support.worldfaults import Faults
from tests.support.worldrest import ARCHIVE_AFTER_S, ONE_IN, AtRest

KEY: Final = SessionKey("main", "s_world")
AGENT: Final = "concierge"
EPOCH_MS: Final = 1_700_000_000_000
MEMORY: Final = Path("/dev/shm")
BUSY_MS: Final = 4_000
REST_MS: Final = 90_000
STAYS_S: Final = 3
MOST_POSTS: Final = 14
MOST_REPEATS: Final = 150
"""How often a batch may meet a gap over one connection."""
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
    hall: Hall
    archive: Archive
    revoking: Revoking
    alive: bool = True
    draining: bool = False
    stopped: bool = False


class World:
    """One run. `place`: a folder for the vault. `faults` may be switched off."""

    def __init__(self, seed: int, place: Path, faults: bool = True) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.loop = SimLoop()
        self.faulty = faults
        self.server = ModelServer(lambda: EPOCH_MS + self.loop.ms(), self.random_of("server").randbytes)
        self.machine = StoreHost(self.server)
        self.recorder = Recorder(KEY)
        self.server.subscribers.append(self.recorder)
        self.rest = MemoryKeys()
        self.wrap = KeyWrap([bytes(32)], self.random_of("wrap").randbytes)
        self.anchors = Anchors(b"a" * 32)
        self.metrics = Metrics()
        self.hosts: list[Host] = []
        self.people: list[Client] = []
        self.worker: Worker | None = None
        self.agents: list[Client] = []
        self.wires: list[Wire] = []
        self.desk = TicketDesk(lambda: (EPOCH_MS + self.loop.ms()) // 1000, self.random_of("desk").randbytes)
        self.workers = 0
        self.posted = 0
        self.thieves: list[Thief] = []
        self.called_back: list[Minted] = []
        self.vault = Vault(Folder(place))
        self.faults = Faults(self)
        self.rest_between = AtRest(self)

    def random_of(self, what: str) -> Random:
        """Chance for one of those who take part."""
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
            self._person(f"u{number}", f"p_user{min(number, 2)}")
        self.hire()
        self.loop.create_task(self._quiet_checks())
        await self._be_busy()
        if self.seed % ONE_IN == 0:
            await self.rest_between.live()
        self._mend_all()
        await self._come_to_rest()
        check(self)
        await check_archives(self)
        if who := await found_within(self):
            raise Failure(f"{who} by a ticket that was called back")
        log = b"".join(entry.digest for entry in self.recorder.entries)
        return hashlib.sha256(log + repr(self.loop.steps).encode()).hexdigest()[:16]

    async def _create(self) -> None:
        labels = {"agent": AGENT, ARCHIVE_LABEL: str(ARCHIVE_AFTER_S)}
        room = await self.hosts[0].node.create(KEY, "p_user1", labels, "world")
        assert isinstance(room, Room)
        self.hosts[0].node.release(room)

    async def _be_busy(self) -> None:
        until = self.loop.ms() + BUSY_MS
        while self.loop.ms() < until:
            await asyncio.sleep(self.random.uniform(5, 250) / 1000)
            if self.random.random() < 0.75 and self.posted < MOST_POSTS:
                self._post()
            elif self.faulty:
                self.faults.befall()

    def _post(self) -> None:
        person = self.random.choice([each for each in self.people if not each.dead])
        self.says(person, self.random.choice((1, 1, 2, 5)))

    def says(self, person: Client, count: int) -> None:
        """Somebody posts so many messages."""
        for _ in range(count):
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
        for wire in self.open_wires():
            wire.read_on()
            if wire.silent:
                wire.silent = False
                wire.break_off()

    async def _come_to_rest(self) -> None:
        """Liveness: without faults everything settles, and stays as it is."""
        until = self.loop.ms() + REST_MS
        waits = "nothing"
        while self.loop.ms() < until:
            await asyncio.sleep(0.25)
            waits = self._waits()
            if not waits:
                before = self.recorder.entries[-1].offset
                await asyncio.sleep(STAYS_S)
                waits = self._waits() or self._grew(before)
                if not waits:
                    return
        raise Failure(f"liveness: {waits}")

    def _grew(self, before: int) -> str:
        grown = self.recorder.entries[-1].offset - before
        return f"{grown} events while nobody did anything" if grown else ""

    def _waits(self) -> str:
        """What has not come to rest, or ""."""
        tail = self.server.session(KEY)
        if tail is None:
            return "the session is not in the store"
        for person in self.everyone():
            if person.repeated > MOST_REPEATS:
                raise Failure(f"{person.name} sends the same again and again")
            if person.pending:
                return f"{person.name} still has {person.pending} batches"
            if not person.link.position or unverified(person.link.position) != tail.log.tail:
                return f"{person.name} is at {person.link.state.offset}, the log at {tail.log.tail.offset}"
            if person.link.state.turns:
                return f"turns are open: {sorted(person.link.state.turns)}"
            if person.link.state.open_entries():
                return "entries are open"
        return ""

    def everyone(self) -> list[Client]:
        """Who lives: the people and the agent."""
        return [each for each in (*self.people, *self.agents) if not each.dead]

    def open_wires(self) -> list[Wire]:
        """The connections that nobody has ended."""
        self.wires = [wire for wire in self.wires if wire.open]
        return self.wires

    # --- nodes

    async def start_node(self, process: str) -> None:
        """A node's process starts, and goes on trying until the store answers."""
        store = SimStore(self.machine, self.loop, self.random_of(process), process)
        store.audit = lambda key, snapshot: self.recorder.snapshot(snapshot)
        random = self.random_of(f"{process}:bytes").randbytes
        keys = KeyStore(self.rest, self.wrap, self.loop.ms, random_bytes=random)
        parts = Parts(
            process, _as_store(store), keys, self.anchors, CommandDigest(b"d" * 32), self.loop.ms, random,
            SETTINGS, self.metrics, self.vault,
        )  # fmt: skip
        node = Node(parts)
        revoking = Revoking(_as_store(store), RevocationList(), self.desk.wall)
        hall = open_doors(
            node, _as_store(store), keys, self.desk, self.vault, self.loop.ms, random, revoking.known
        )
        while True:  # as a supervisor does
            try:
                await self.loop.start(process, node.__aenter__())
                break
            except StoreUnavailable:
                store.mend()
        self.loop.start(process, keep_learning(hall, revoking))
        archive = Archive(_as_store(store), keys, self.anchors, self.vault)
        self.hosts.append(Host(process, node, store, hall, archive, revoking))

    def dial(self, device: Device, random: Random) -> Wire | None:
        """A wire to one of the nodes; None: none is up."""
        up = [host for host in self.hosts if host.alive]
        if not up:
            return None
        host = random.choice([host for host in up if not host.draining] or up)
        wire = Wire(self.loop, random, host.process, host.hall, device)
        self.wires.append(wire)
        return wire

    def thaw(self, host: Host) -> None:
        """A stopped process goes on."""
        if host.stopped:
            host.stopped = False
            self.loop.thaw_process(host.process)

    # --- people

    def _person(self, name: str, participant: str) -> None:
        def ticket() -> str:
            return self.desk.ticket(participant, "user", KEY.session)

        thrifty = name == "u3"
        person = Client(name, ticket, self.loop, self.random_of(name), self.dial, thrifty=thrifty)
        self.people.append(person)
        self.loop.deliver(0, person.process, person.start)

    def hire(self) -> None:
        """A worker's process starts, and finds a node."""
        self.workers += 1
        name = f"w_{self.workers}"
        self.worker = Worker(
            name, AGENT, lambda: self.desk.ticket(agents_participant(AGENT), "agent"), self.loop,
            self.random_of(f"{name}:worker"), self.dial, self._engage,
        )  # fmt: skip
        self.loop.deliver(1, self.worker.process, self.worker.start)

    def _engage(self, worker: Worker, offered: Offered) -> None:
        """The worker is offered the session: it comes, if it is not there."""
        if worker.client is not None and not worker.client.dead:
            return
        name, right = f"{worker.name}_{len(self.agents)}", f"worker:{AGENT}"
        random = self.random_of(name)
        accept = right if random.random() < 0.5 else ""
        agent = Client(
            name, lambda: offered.ticket, self.loop, random, self.dial, worker=worker.name, accept=accept
        )
        worker.client = agent
        self.agents.append(agent)
        Answering(agent, right, worker.name)
        agent.start()


def _as_store(store: SimStore) -> Store:
    return store  # type: ignore[return-value]


@contextmanager
def lived_through(seed: int, faults: bool = True) -> Iterator[World]:
    """A world with a place of its own."""
    with TemporaryDirectory(prefix="legato-world-", dir=MEMORY if MEMORY.is_dir() else None) as place:
        yield World(seed, Path(place), faults)


def replay(seed: int) -> str:
    """Run the world of `seed`. Raises `Failure`, which names the command that replays it."""
    try:
        with lived_through(seed) as world:
            return world.run()
    except Failure as failure:
        raise Failure(told(seed, failure)) from failure


def told(seed: int, failure: Failure) -> str:
    """The failure, and the command that replays it."""
    return f"seed {seed}: {failure}\nreplay: .venv/bin/python -m tests.support.world --seed {seed}"


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
