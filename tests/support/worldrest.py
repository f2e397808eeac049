"""A rest in the middle of the simulated world: everybody goes, the session leaves the store for the vault, and people
come back.

What archives a session, and what brings it back, is a chain of requests to store and vault. Where that chain is broken
matters, and it takes a few milliseconds of a minute: so the faults wait for its links and befall the node at one.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.support.simstore import SimStore

if TYPE_CHECKING:
    from tests.support.world import World

ONE_IN: Final = 5
"""Of so many worlds one has a rest."""

ARCHIVE_AFTER_S: Final = 2
LINKS: Final = frozenset({"residue", "archive", "archived", "restore"})
"""What only archiving and bringing back ask of the store."""

PATIENCE_S: Final = 50
"""How long people stay away at most: longer than an attachment's grace."""

HELD_MS: Final = 12
"""How long after the request the fault comes at most: a few of its answers are on the way by then."""


class AtRest:
    """The rest of one world. `archived`: the session left the store; `broken`: faults that befell it in the midst."""

    def __init__(self, world: World) -> None:
        self.archived = False
        self.broken = 0
        self._world = world
        self._random = world.random_of("rest")
        self._gone = False

    async def live(self) -> None:
        """Everybody goes; when the session was archived, or not, they come back and say something."""
        world = self._world
        world.machine.heard = self._heard
        for person in world.people:
            leave = partial(person.leave, self._random.random() < 0.9)
            world.loop.deliver(self._random.uniform(0, 500), person.process, leave)
        self._gone = True
        for _ in range(PATIENCE_S * 5):
            await asyncio.sleep(0.2)
            if self._is_archived or not self._gone:
                break
        self.archived = self.archived or self._is_archived
        await asyncio.sleep(self._random.uniform(0, 0.6))
        self._come_back()
        await asyncio.sleep(self._random.uniform(0.5, 3))
        world.machine.heard = None

    @property
    def _is_archived(self) -> bool:
        return self._world.recorder.key in self._world.server.contents.archived

    def _come_back(self) -> None:
        if self._gone:
            self._gone = False
            for person in self._world.people:
                self._world.loop.deliver(self._random.uniform(1, 400), person.process, person.start)
                self._world.says(person, 1)

    def _heard(self, store: SimStore, request: str) -> None:
        """A node asks for this: now and then that is where a fault finds it."""
        self.archived = self.archived or request == "restore"
        if request not in LINKS or not self._world.faulty or self._random.random() > 0.7:
            return
        fault = self._random.choice([*[self._kill] * 3, *[self._cut] * 2, self._stall, self._hurry])
        # Before it arrives, before its answer does, a little later.
        first, last = self._random.choice(((0, 0.5), (0.8, 3), (0, HELD_MS)))
        self._world.loop.deliver(self._random.uniform(first, last), "", lambda: fault(store))

    def _kill(self, store: SimStore) -> None:
        for host in self._world.hosts:
            if host.store is store and host.alive:
                self.broken += 1
                self._world.faults.kill(host)
                return

    def _cut(self, store: SimStore) -> None:
        if store.connected:
            self.broken += 1
            store.cut()
            self._world.loop.call_later(self._random.uniform(0.02, 2), store.mend)

    def _stall(self, store: SimStore) -> None:
        self.broken += 1
        self._world.machine.stalled_until = self._world.loop.time() + self._random.uniform(0.05, 2)

    def _hurry(self, store: SimStore) -> None:
        """People come back while their session leaves."""
        self.broken += self._gone
        self._come_back()
