"""What a node offers to the doors (`signaling`) and to sound (`media`).

A node keeps a `Room` for each session that somebody is attached to here: the folded state, the last
events in their wire form, and the listeners. A room keeps nothing that the store does not have; it is
opened by one join and closed when nobody needs it.

Events reach listeners only from the store's push, local and remote alike, in the log's order; the reply
of an append only acknowledges.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec

from hub.store.promise import Level, Opened, SessionKey
from legato.session.commands import AcceptSession, Command, Refusal
from legato.session.decisions import Actor, Decided
from legato.session.events import Event, Medium
from legato.session.position import Position
from legato.session.state import State

Shown = Literal["call", "resume"]
"""Which of its tickets."""


class Listener(Protocol):
    """One connection, as a room sees it. Called synchronously on the loop; must not call back into the room."""

    def events(self, encoded: Sequence[bytes], events: Sequence[Event], position: Position) -> None:
        """The next events (wire JSON and decoded), and the position after them. One call for all of one pass
        of the loop."""

    def snapshot(self, encoded_state: bytes, position: Position, reason: str) -> None:
        """Go on from this state instead."""

    def discontinuity(self, lost_from: int, lost_to: int, encoded_state: bytes, position: Position) -> None:
        """Offsets `lost_from` to `lost_to` that this listener may have seen are not in the log."""

    def signals(self, signals: Sequence[Mapping[str, Any]]) -> None:
        """The latest signals of this pass of the loop."""

    def gone(self, reason: str) -> None:
        """The session was erased, or the node let it go: close."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """What brings a newcomer to `position`: the encoded state, or the (compacted) events after its own position."""

    position: Position
    snapshot: bytes | None
    events: tuple[bytes, ...]


class Batch(msgspec.Struct, frozen=True, gc=False):
    """One `do` of a producer. `raw` is what it sent (the keyed digest is made of it).

    With a `refusal` the door has refused it already, for a lasting reason (an unknown command, a field of the
    wrong kind): `commands` is empty, and the room records the refusal under the sequence, in its turn.
    """

    producer: str
    producer_epoch: int
    sequence: int
    raw: bytes
    commands: tuple[Command, ...]
    witness: Position | None = None
    refusal: Refusal | None = None


class Done(msgspec.Struct, frozen=True, gc=False):
    """The batch is in the log from `first` on. `accepted` is the number of the right that an arrival took (0: none)."""

    sequence: int
    first: int
    count: int
    level: Level
    accepted: int = 0


class Room(Protocol):
    """One session, open on this node."""

    key: SessionKey

    @property
    def state(self) -> State:
        """The folded state, live: read it, never change it; `copy()` to keep it."""

    @property
    def position(self) -> Position:
        """The position that `state` is at."""

    async def reach(self, position: Position) -> None:
        """Before `listen` with a position that a client brought: catch up to it if this node is behind (the
        client heard it from another), and if it is not on the log, find out what was lost and open an epoch.
        Raises `StoreUnavailable`."""

    def listen(self, listener: Listener, after: Position | None, whole: bool = False) -> Welcome:
        """Join the live events. What `welcome` returns and what the listener is told later have no seam
        between them. With a position that is not on this log: the welcome is that very position, without state
        or events, and the listener is told by `discontinuity` (with the state) at once after this returns: so a
        client whose connection breaks in between comes again with the old position, and is told. `whole`: whoever
        listens holds no state (a reloaded page) and gets the state, not events, if its position is on this log."""

    def stop_listening(self, listener: Listener) -> None:
        """Never called for it again."""

    async def open_producer(self, producer: str) -> Opened:
        """Open a new epoch of the producer; older connections of it are refused from here on. What it says is of the
        log that `position` is on when this returns: on another epoch of that, it must be opened again."""

    def execute(self, actor: Actor, batch: Batch) -> Awaitable[Done | Refusal]:
        """Decide and append. Batches of one producer take effect in the order of the calls. Lost races are
        decided anew inside; unknown outcomes are sent again inside; what is refused for a lasting reason is
        recorded. A refusal with `retry_after_ms` > 0 used up nothing: the same batch may be sent again."""

    def signal(self, by: str, name: str, data: Any, attachment: str = "") -> None:
        """Tell everyone in the session, on every node; the latest of each attachment wins; may be lost."""

    def append_as_hub(
        self, producer: str, events: Sequence[Event], *, conditional: bool
    ) -> Awaitable[Done | Refusal]:
        """Events that the hub itself decided (media, presence), under a producer of this node's."""

    def settle(
        self, producer: str, decide: Callable[[State], Decided | Refusal]
    ) -> Awaitable[Done | Refusal]:
        """Append what `decide` makes of the state, under a producer of this node's; it is decided anew after a
        lost race. Nothing to append: `Done` with count 0. Raises `StoreUnavailable`."""

    async def history(self, before: int, limit: int) -> tuple[list[bytes], int]:
        """Ended entries (wire JSON) with ordinal < before (0: newest), oldest first, and the `before` of the
        next page (0: none)."""


@dataclass(frozen=True, slots=True)
class Presence:
    """How an attachment comes: an actor with a fresh or known attachment. `fresh`: it was named just now, so no other
    node has it. `accept`: what a worker takes in the same step, if it may."""

    actor: Actor
    name: str
    device: str
    takes: tuple[Medium, ...]
    gives: tuple[Medium, ...]
    fresh: bool = False
    accept: AcceptSession | None = None


class Node(Protocol):
    """One hub process."""

    name: str

    async def create(
        self, key: SessionKey, by: str, labels: Mapping[str, str], title: str, most: int = 0
    ) -> Room | Refusal:
        """Make a session (its data key, its log) and open its room. `already_exists` if it does; `too_many` if `by`
        has `most` open (over the hub; 0: any number, and it does not count)."""

    async def open(self, key: SessionKey) -> Room | None:
        """The session's room; None if there is no such session, or it is `erased`."""

    async def erased(self, key: SessionKey) -> bool:
        """Whether the session that is not there was, and is erased: to be told to who has a ticket for it."""

    def release(self, room: Room) -> None:
        """The caller no longer needs the room (it is counted; each `open`/`create` is released once)."""

    async def arrive(self, room: Room, presence: Presence) -> Done | Refusal:
        """Append what an arrival means: joined, attachment opened, session accepted if nobody has it; or back, for one
        that was away."""

    def carried(self, room: Room, attachment: str, producer: str, epoch: int) -> None:
        """A connection here carries the attachment, writing as that epoch of the producer: other nodes are told
        (by a signal, which may be lost)."""

    def tell_moved(self, tell: Moved) -> None:
        """Call `tell` whenever another node says so."""

    async def lost(self, room: Room, attachment: str, reason: str) -> None:
        """The attachment's last connection here ended or fell silent: `attachment_away`, unless it is back
        elsewhere."""

    async def departed(self, room: Room, attachment: str) -> None:
        """The attachment detached on purpose."""

    async def erase(self, key: SessionKey) -> None:
        """Keys first, then a tombstone, then everything."""

    def refused(self, key: SessionKey, by: str, role: str, asked: str, refusal: Refusal) -> None:
        """Somebody whose ticket is for the session (`ANY_SESSION`: for all of the tenant's) asked for what is not
        theirs, not by a command: the audit is told, within bounds."""

    def misused(self, key: SessionKey, attachment: str, by: str, shown: Shown) -> None:
        """Somebody without its key showed a call or resume ticket of this attachment of the participant `by`: the audit
        is told, and whoever listens by `tell_misused` on any node, within bounds."""

    def tell_misused(self, tell: Misused) -> None:
        """Call `tell` whenever a node says so."""

    def register_worker(
        self,
        tenant: str,
        agent: str,
        worker: str,
        capacity: int,
        offer: Offer,
        labels: frozenset[str] = frozenset(),
    ) -> None:
        """A worker is connected here; `offer` is called with sessions that want its agent and need none but these
        labels (`name=value`)."""

    def worker_lost(self, tenant: str, agent: str, worker: str) -> None:
        """Its connection closed: unreachable at once, crashed after the reconnect window unless it comes back."""

    def worker_capacity(self, tenant: str, agent: str, worker: str, free: int) -> None:
        """The worker would take so many more sessions."""

    def decline(self, tenant: str, agent: str, worker: str, key: SessionKey, again_ms: int = 0) -> None:
        """The worker does not want the session it was offered, and is not to be asked again before so long."""

    @property
    def draining(self) -> bool:
        """Whether the node takes no new work."""

    async def drain(self) -> None:
        """Stop taking new work, settle what is in flight, let go of rooms."""


class Moved(Protocol):
    """Told that a connection to another node carries an attachment, writing as that epoch of the producer."""

    def __call__(self, key: SessionKey, attachment: str, producer: str, epoch: int) -> None: ...


class Misused(Protocol):
    """Told that somebody without its key showed a ticket of an attachment."""

    def __call__(self, key: SessionKey, attachment: str, shown: Shown) -> None: ...


class Offer(Protocol):
    """Tells a worker of a session. The worker answers by accepting (or not) in the session itself."""

    def __call__(self, key: SessionKey, participant: str, expires_ms: int) -> None: ...
