"""Rooms and nodes over the in-memory store, for the tests of this room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import wraps
from random import Random
from typing import Any, ParamSpec

from hub.keys.anchors import Anchors
from hub.keys.digests import CommandDigest
from hub.keys.keystore import KeyStore
from hub.keys.wrapped import MemoryKeys
from hub.keys.wrapping import KeyWrap
from hub.node.errands import Caller, CallsNobody
from hub.node.node import Node, Parts
from hub.node.notifying import Notifier
from hub.node.promise import Batch, Presence
from hub.node.room import Room
from hub.settings import Settings
from hub.store.model import ModelServer, ModelStore
from hub.store.promise import SessionKey, Store
from hub.vault import Vault
from legato.session.actors import Actor
from legato.session.commands import Command, Refusal
from legato.session.events import Event
from legato.session.position import Position
from legato.session.state import State, decode_state
from legato.session.tickets import CAPABILITIES
from tests.support.simloop import SimLoop

Given = ParamSpec("Given")

KEY = SessionKey("main", "s_1")
USER = Actor("p_user", "user", frozenset(CAPABILITIES), "a_user")
SCRIBE = Actor("p_user", "observer", frozenset(CAPABILITIES), "a_user")
"""Whose words ask for no answer."""

AGENT = Actor("p_agent", "agent", frozenset(CAPABILITIES), "a_agent", "w_1")


class Heard:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.events_told: list[Event] = []
        self.calls = 0
        self.positions: list[Position] = []
        self.states: list[State] = []
        self.lost: list[tuple[int, int]] = []
        self.signals_told: list[Mapping[str, Any]] = []
        self.ends: list[str] = []

    def events(self, encoded: Sequence[bytes], events: Sequence[Event], position: Position) -> None:
        self.calls += 1
        self.events_told += events
        self.positions.append(position)

    def snapshot(self, encoded_state: bytes, position: Position, reason: str) -> None:
        self.states.append(decode_state(encoded_state))
        self.positions.append(position)

    def discontinuity(self, lost_from: int, lost_to: int, encoded_state: bytes, position: Position) -> None:
        self.lost.append((lost_from, lost_to))
        self.states.append(decode_state(encoded_state))
        self.positions.append(position)

    def signals(self, signals: Sequence[Mapping[str, Any]]) -> None:
        self.signals_told += signals

    def gone(self, reason: str) -> None:
        self.ends.append(reason)


def batch(producer: str, sequence: int, *commands: Command, epoch: int = 1) -> Batch:
    """A batch as a door hands it on."""
    return Batch(producer, epoch, sequence, repr(commands).encode(), commands)


async def passes(count: int = 20) -> None:
    """Let the loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


def seeded(seed: int) -> Random:
    """Randomness of a test's own."""
    return Random(seed)


class House:
    """A model server, a key store, and nodes over them, on the running loop."""

    def __init__(self, seed: int = 1) -> None:
        self.random = Random(seed)
        self.clock = Clock()
        self.server = ModelServer(lambda: 1_700_000_000_000 + self.clock(), self.random.randbytes)
        self.rest = MemoryKeys()
        self.wrap = KeyWrap([bytes(32)], self.random.randbytes)

    def store(self) -> ModelStore:
        """A connection of its own to the server."""
        return ModelStore(self.server, lambda callback: asyncio.get_running_loop().call_soon(callback))

    def node(
        self,
        name: str,
        store: Store | None = None,
        settings: Settings | None = None,
        vault: Vault | None = None,
        notifier: Notifier | None = None,
        caller: Caller | None = None,
    ) -> Node:
        """A node, not yet entered."""
        keys = KeyStore(self.rest, self.wrap, self.clock, random_bytes=self.random.randbytes)
        return Node(
            Parts(
                name,
                store or self.store(),
                keys,
                Anchors(b"a" * 32),
                CommandDigest(b"d" * 32),
                self.clock,
                self.random.randbytes,
                settings or Settings(),
                vault=vault,
                notifier=notifier,
                caller=caller or CallsNobody(),
            )
        )


class Clock:
    """Monotonic ms of the running loop."""

    def __call__(self) -> int:
        return 1_000 + int(asyncio.get_running_loop().time() * 1000)


def virtual(test: Callable[Given, Coroutine[Any, Any, None]]) -> Callable[Given, None]:
    """Run a test in virtual time: a sleep of an hour takes as long as what happens in it."""

    @wraps(test)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> None:
        loop = SimLoop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(test(*args, **kwargs))
        finally:
            loop.finish()
            asyncio.set_event_loop(None)

    return run


async def until(holds: Callable[[], object], patience_s: float = 60) -> None:
    """Let time go by until something holds."""
    async with asyncio.timeout(patience_s):
        while not holds():  # noqa: ASYNC110 — anything may make it hold
            await asyncio.sleep(0.01)


async def there(room: Room | Refusal | None) -> Room:
    """The room that must be there."""
    assert isinstance(room, Room)
    return room


def user_presence(attachment: str = "a_user", participant: str = "p_user") -> Presence:
    """A person with one device."""
    actor = Actor(participant, "user", frozenset(CAPABILITIES), attachment)
    return Presence(actor, "Ada", "laptop", ("text",), ("text",))
