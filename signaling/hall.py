"""All connections of a node: who is here, who replaces whom, and who has to go.

There is one connection an attachment: a newer one wins and the older is told. What an attachment needs after its
connection ended (to be marked away, or closed) is done here, in tasks that the hall owns.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from hub.keys.errors import KeysError
from hub.keys.positions import Positions
from hub.keys.signer import Revocations
from hub.node.promise import Node, Shown, Welcome
from hub.store.promise import SessionKey, StoreUnavailable
from legato.session.commands import Refusal
from legato.session.ids import RandomBytes
from legato.wire import down
from legato.wire.up import VERSION, Attach, Resume
from signaling.connection import close_codes
from signaling.connection.chores import Chores
from signaling.connection.effects import NEVER, Effect
from signaling.connection.limits import DEFAULT, ConnectionLimits
from signaling.connection.machine import Connection
from signaling.doorkeeper import Arrival, Doorkeeper, TurnedAway
from signaling.shares import Shares
from signaling.turnstile import Crowded, Turnstile, rank_of

if TYPE_CHECKING:
    from signaling.connection.line import Line, Sounds
    from signaling.staff import Staff

log: Final = logging.getLogger("legato.connection")

SWEEP_S: Final = 0.5
"""How often open connections are held against the revocations."""


def call_soon(act: Callable[[], None]) -> object:
    """Do it in the next pass of the loop."""
    return asyncio.get_running_loop().call_soon(act)


@dataclass(frozen=True, slots=True, kw_only=True)
class Furnishing:
    """What a hall works with. `now`: monotonic ms. `nodes`: the addresses at which this hub is reached. `last` does
    what is done once for all that happened in a pass of the loop (`hub.pass_end`)."""

    node: Node
    positions: Positions
    doorkeeper: Doorkeeper
    turnstile: Turnstile
    staff: Staff
    sounds: Sounds
    shares: Shares
    now: Callable[[], int]
    random_bytes: RandomBytes
    revocations: Revocations | None = None
    limits: ConnectionLimits = DEFAULT
    nodes: Sequence[str] = field(default_factory=tuple)
    patience_s: float = 5.0
    push_key: str = ""
    last: Callable[[Callable[[], None]], object] = call_soon


class Hall:
    """See the module."""

    def __init__(self, furnishing: Furnishing) -> None:
        self.limits = furnishing.limits
        self.now = furnishing.now
        self.doorkeeper = furnishing.doorkeeper
        self.positions = furnishing.positions
        self.sounds = furnishing.sounds
        self.staff = furnishing.staff
        self.patience_s = furnishing.patience_s
        self.last = furnishing.last
        self.draining = False
        self._it = furnishing
        self._lines: dict[str, Line] = {}
        self._attachments: dict[tuple[SessionKey, str], Line] = {}
        self._departed: set[Line] = set()
        self.chores = Chores(_unseen)
        self._empty = asyncio.Event()
        self._empty.set()
        furnishing.node.tell_moved(self.moved)
        furnishing.node.tell_misused(self.warn_misused)

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Line]:
        return iter(tuple(self._lines.values()))

    def line(self, connection: str) -> Line | None:
        """The line with that secret."""
        return self._lines.get(connection)

    def new_secret(self) -> str:
        """A name for a connection that nobody guesses: 192 bits."""
        return "c_" + urlsafe_b64encode(self._it.random_bytes(24)).decode()

    # --- in

    def enter(self, line: Line) -> None:
        """A connection was opened."""
        self._lines[line.connection] = line
        self._empty.clear()

    async def admit(self, envelope: Attach | Resume) -> Arrival | TurnedAway:
        """Let somebody in, in their turn."""
        try:
            async with self._it.turnstile.turn(rank_of(envelope)):
                return await self.doorkeeper.admit(envelope)
        except Crowded:
            return TurnedAway(close_codes.OVERLOADED, "overloaded", retry_after_ms=2000)

    def attach(self, line: Line, arrival: Arrival) -> None:
        """The line carries this attachment from now on; one that did is told."""
        name = (arrival.room.key, arrival.actor.attachment)
        older, self._attachments[name] = self._attachments.get(name), line
        if older is not None and older is not line:
            older.close(close_codes.REPLACED, "replaced", NEVER)
        if not arrival.presence.fresh:
            self._it.node.carried(
                arrival.room, arrival.actor.attachment, arrival.producer, arrival.opened.epoch
            )

    def moved(self, key: SessionKey, attachment: str, producer: str, epoch: int) -> None:
        """A connection to another node carries the attachment: ours is told, unless it is the newer one."""
        line = self._attachments.get((key, attachment))
        if line is None or line.arrival is None:
            return
        if line.arrival.producer != producer or line.arrival.opened.epoch < epoch:
            line.close(close_codes.REPLACED, "replaced", NEVER)

    def attached(self, line: Line, arrival: Arrival, welcome: Welcome) -> down.Attached:
        """The answer to who came in."""
        key = arrival.room.key
        return down.Attached(
            v=VERSION,
            session=key.session,
            tenant=key.tenant,
            participant=arrival.actor.participant,
            attachment=arrival.actor.attachment,
            node=self._it.node.name,
            connection=line.connection,
            position=self.positions.written(key.tenant, key.session, welcome.position),
            level=arrival.level,
            producer=down.ProducerAt(arrival.opened.epoch, arrival.opened.last),
            beat_ms=line.beat_ms or arrival.beat_ms,
            resume=arrival.resume,
            snapshot=down.NO_SNAPSHOT if welcome.snapshot is None else msgspec.Raw(welcome.snapshot),
            events=[msgspec.Raw(event) for event in welcome.events],
            away_ms=arrival.away_ms,
            returning=arrival.returning,
            nodes=list(self._it.nodes),
            captures=self.sounds.captures,
            push=self._it.push_key,
            accepted=arrival.accepted,
        )

    # --- out

    def depart(self, line: Line) -> None:
        """The client ended its attachment on purpose."""
        self._departed.add(line)

    def leave(self, line: Line, reason: str) -> None:
        """The connection is over."""
        self._lines.pop(line.connection, None)
        if not self._lines:
            self._empty.set()
        self.staff.leave(line)
        self.sounds.ended(line)
        if line.arrival is not None:
            self.forget(line.arrival, reason, line)

    def forget(self, arrival: Arrival, reason: str = "gone", line: Line | None = None) -> None:
        """Nobody is at the attachment any more, unless a newer connection carries it."""
        self._it.shares.leave(arrival.ticket)
        name = (arrival.room.key, arrival.actor.attachment)
        carried = self._attachments.get(name)
        departed = line in self._departed
        if line is not None:
            self._departed.discard(line)
        if carried is line:
            self._attachments.pop(name, None)
        self.chores.begin(partial(self._see_off, arrival, reason, departed, mine=carried is line))

    async def _see_off(self, arrival: Arrival, reason: str, departed: bool, *, mine: bool) -> None:
        attachment = arrival.actor.attachment
        name = (arrival.room.key, attachment)
        try:
            if departed:
                await self._it.node.departed(arrival.room, attachment)
            elif mine and name not in self._attachments:
                await self._it.node.lost(arrival.room, attachment, reason)
                await self._still_here(name)
        finally:
            self._it.node.release(arrival.room)

    async def _still_here(self, name: tuple[SessionKey, str]) -> None:
        """A client that came back while its going was being written down: it is here, or must come again."""
        line = self._attachments.get(name)
        if line is None or line.arrival is None:
            return
        try:
            arrived = await self._it.node.arrive(line.arrival.room, line.arrival.presence)
        except (StoreUnavailable, KeysError):
            arrived = Refusal("unavailable")
        if isinstance(arrived, Refusal) and self._attachments.get(name) is line:
            line.close(close_codes.OVERLOADED, "unavailable", 1000)

    def farewell(self, machine: Connection, reason: str) -> list[Effect]:
        """What a room that is gone means for its connections."""
        if reason in ("erased", "session_erased"):
            return machine.close(close_codes.ERASED, "session_erased", retry_after_ms=NEVER)
        if reason == "lost":
            return machine.close(close_codes.ERASED, "session_erased", reason, retry_after_ms=NEVER)
        return machine.close(close_codes.GOING_AWAY, "moved", reason)

    # --- those who must go

    def expel_revoked(self) -> None:
        """Close the connections whose ticket was called back. To be called every `SWEEP_S`."""
        revocations = self._it.revocations
        if revocations is None:
            return
        for line in self:
            arrival = line.arrival
            ticket = arrival.ticket if arrival is not None else self.staff.ticket(line)
            session = arrival.room.key.session if arrival is not None else ""
            if ticket is not None and revocations.revoked(ticket, session):
                line.close(close_codes.UNAUTHENTICATED, "ticket_refused")

    def warn_misused(self, key: SessionKey, attachment: str, shown: Shown) -> None:
        """Tell the holder, if it is here, that somebody without its key showed a ticket of its."""
        if (line := self._attachments.get((key, attachment))) is not None:
            log.warning("a ticket was shown without its key", extra={"tenant": key.tenant, "shown": shown})
            line.tell(down.Notice(reason="ticket_misused", ticket=shown))

    def drain(self, spread_ms: int) -> None:
        """Tell everybody to go elsewhere, each at a moment of its own within `spread_ms`."""
        self.draining = True
        for line in self:
            after = int.from_bytes(self._it.random_bytes(4)) % max(spread_ms, 1)
            line.drain(after, list(self._it.nodes))

    async def emptied(self) -> None:
        """Wait until nobody is here."""
        await self._empty.wait()

    async def close(self) -> None:
        """Close what is left, and see everybody off."""
        self.draining = True
        for line in self:
            line.close(close_codes.GOING_AWAY, "draining")
        await self.chores.settled(self.patience_s)
        await self.doorkeeper.chores.settled(self.patience_s)  # begun by ours


def _unseen(failure: Exception) -> None:
    log.error("seeing somebody off failed", extra={"kind": type(failure).__name__}, exc_info=failure)
