"""The duties of a session, done by one node of those that have it open: the conductor.

History before snapshot, snapshot before trim. Nothing depends on there being exactly one conductor: history
keeps what is there, a snapshot is refused unless it is newer, trimming stops at the older snapshot, and a
deadline fires under a name that all nodes give it. So whoever finds a duty overdue just takes over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from typing import Final
from zlib import crc32

from hub.keys.errors import KeysError
from hub.node.account import Account
from hub.node.archiving import VAULT_FAILS, vault_failed
from hub.node.entries import sealed_record, sealed_snapshot
from hub.node.follower import Stage
from hub.node.insisting import insist
from hub.node.queueing import TURN, WAITS, Turn
from hub.node.retention import AGAIN_MS, next_look
from hub.node.room import Room
from hub.node.tools import Timer, Tools
from hub.settings import Settings
from hub.store.promise import Listed, StoreUnavailable
from legato.session.deadlines import earliest, fired
from legato.session.decisions import Decided, raised
from legato.session.helping import helping
from legato.session.state import State

log: Final = logging.getLogger("legato.node")

STAFFED: Final = ("_staffed", "yes")
"""The label by which the index finds sessions in which people help. No participant can set it: it is no id."""

MARK: Final = "_"


OVERDUE: Final = 2
"""A node that does not conduct takes over when this many snapshots are due."""

AT_ONCE: Final = 2
"""Sessions whose duties a node does at a time. Each goes through a thread for its vault, and threads take the
loop's turns: a few hundred at once held everybody's words and sound for a tenth of a second."""


def without_marks(labels: Mapping[str, str]) -> dict[str, str]:
    """A listed session's labels as its people know them."""
    return {name: value for name, value in labels.items() if not name.startswith(MARK)}


def marks_of(session: str, state: State) -> dict[str, str]:
    """What the index is to find the session by."""
    asking = state.asking
    waits = [] if asking is None else [WAITS, (TURN, Turn.of(session, asking).text)]
    return dict([*waits, STAFFED] if any(helping(state)) else waits)


def first_snapshot_after(session: str, every: int) -> int:
    """After how many events a session's first snapshot is due: `every` at most, half of it at least. Sessions that
    began together and grow alike do not call for it together, nor for those that follow."""
    return every - crc32(session.encode()) % (every // 2 + 1)


class Turns:
    """Whose duties are done when many sessions call for them together: those of sessions that grow do not wait
    behind those of sessions at rest, which are in no hurry."""

    def __init__(self) -> None:
        self.growing = asyncio.Semaphore(AT_ONCE)
        self.at_rest = asyncio.Semaphore(AT_ONCE)


class Part(Enum):
    """What this node is in a session."""

    ASKING = auto()
    CONDUCTS = auto()
    LISTENS = auto()


class Conductor:
    """This node's part in one session's duties."""

    def __init__(
        self,
        room: Room,
        tools: Tools,
        settings: Settings,
        wants: Callable[[Room], None],
        tell: Callable[[Room], None],
        lives: Callable[[str], bool],
        turns: Turns,
    ) -> None:
        self.room = room
        self.part = Part.ASKING
        self.conductor = ""
        self._tools = tools
        self._settings = settings
        self._wants = wants
        self._tell = tell
        self._lives = lives
        self._turns = turns
        self._snapshots = [room.follower.opened_at, room.follower.opened_at]
        self._every = first_snapshot_after(room.key.session, settings.snapshot_every)
        self._history = 0
        self._indexed = (0, b"")
        self._ended = False
        self._marks: dict[str, str] = {}
        self._wanted: dict[str, str] = {}
        self._busy = False
        self._timer = 0
        self._ringing: Timer | None = None
        self._far = False
        self._still = (0, 0)
        self._rested = -1
        self._unkept = 0
        """When the vault is asked again to keep what it could not (0: there is nothing)."""
        self._account = Account(room, tools)

    # --- who conducts

    async def claim(self, seen: str = "") -> None:
        """Become the conductor if it is still `seen`, or if who is it lives no more."""
        me, store = self._tools.node, self._tools.store
        try:
            self.conductor = await store.claim_conductor(self.room.key, me, seen)
            if self.conductor not in (me, seen) and not self._lives(self.conductor):
                self.conductor = await store.claim_conductor(self.room.key, me, self.conductor)
        except StoreUnavailable:
            return
        self.part = Part.CONDUCTS if self.conductor == self._tools.node else Part.LISTENS
        if self.part is Part.CONDUCTS:
            self._wants(self.room)
            self.look()

    async def resign(self) -> None:
        """Leave the session in order: a last snapshot, and nobody conducts."""
        if self.part is Part.CONDUCTS:
            self.part = Part.LISTENS
            await self._account.bring()
            await self._duties(at_rest=True)
            await self._tools.store.claim_conductor(self.room.key, "", self._tools.node)
            self.conductor = ""  # should the room go on after all, the next sweep claims it

    def close(self) -> None:
        """Ring no more: a timer for a deadline that is far keeps a whole room until then."""
        if self._ringing is not None:
            self._ringing.cancel()
            self._ringing = None

    def rewound(self) -> None:
        """The state was replaced by an older one, or the store lost what was noted of the session: do anew what may
        be gone."""
        offset = self.room.position.offset
        self._snapshots = [min(each, offset) for each in self._snapshots]
        self._history, self._indexed, self._rested = 0, (0, b""), -1
        self._account.forget()
        if self.part is Part.CONDUCTS:
            self._tools.spawn(self._reschedule())

    async def _reschedule(self) -> None:
        await insist(self._schedule)

    async def _schedule(self) -> None:
        at, self._far = next_look(self.room.state, self._settings), True
        if at is not None:
            await self._tools.store.schedule(self.room.key, at)

    # --- what calls for duties

    @property
    def behind(self) -> bool:
        """Whether a snapshot is due."""
        return self._behind() >= self._every

    def watch(self) -> None:
        """Events were folded."""
        if self.part is Part.CONDUCTS:
            self._wants(self.room)
            self.look()
        elif self._behind() >= OVERDUE * self._settings.snapshot_every and not self._busy:
            self._tools.spawn(self.claim(self.conductor))

    def look(self) -> None:
        """Do what is due, and look again when the next thing will be."""
        self._set_timer()
        self._account.look()
        due = self.behind or any(ordinal > self._history for ordinal in self.room.follower.view.left)
        if due and not self._busy:
            self._busy = True
            self._tools.spawn(self._work())

    def rest(self) -> None:
        """Called every second. When the session is quiet, what is usually done later is done now."""
        offset, now = self.room.position.offset, self._tools.now()
        if self._still[0] != offset:
            self._still, self._wanted = (offset, now), marks_of(self.room.key.session, self.room.state)
        if self.part is not Part.CONDUCTS or self._busy:
            return
        quiet = now - self._still[1] >= self._settings.snapshot_quiet
        soon = self._marks != self._wanted or (self.room.state.ended and not self._ended)
        index = (soon or now - self._indexed[0] >= self._settings.index_every) and self._row_changed()
        if (quiet and (self._rested != offset or 0 < self._unkept <= now)) or index:
            self._busy = True
            self._tools.spawn(self._work(at_rest=quiet))

    async def fire(self) -> None:
        """Append what is due by session time, one deadline after another, then schedule the next."""
        seen = earliest(self.room.state)
        self._tell(self.room)
        while due := fired(self.room.state, self._tools.session_now()):
            before = self.room.position
            await self.room.fire(due[0].producer, lambda state: self._due(state))
            self._tools.metrics.duties.labels("deadline").inc()
            await self.room.follower.caught_up()
            if self.room.position == before or self.room.follower.stage is Stage.CLOSED:
                break
        await self._tools.store.schedule(self.room.key, next_look(self.room.state, self._settings), seen)

    def _due(self, state: State) -> Decided:
        due = fired(state, self._tools.session_now())
        events = due[0].events if due else ()
        return Decided(events, True, {}, raised(events))

    def _set_timer(self) -> None:
        """A timer for the earliest deadline, so that short windows do not wait for the sweep."""
        at = earliest(self.room.state)
        if at is not None and at != self._timer:
            if self._far:  # what is nearer may have been written just before what was far
                self._far = False
                self._tools.spawn(self._reschedule())
            self._timer = at
            self.close()
            wait = max(1, at - self._tools.session_now())
            self._ringing = self._tools.later(wait, lambda: self._ring(at))

    def _ring(self, at: int) -> None:
        if self._timer == at:
            self._timer = 0
        if self.room.follower.stage is not Stage.CLOSED and earliest(self.room.state) == at:
            self._tools.spawn(self.fire())

    # --- the duties

    def _behind(self) -> int:
        return self.room.follower.offset - self._snapshots[-1]

    async def _work(self, at_rest: bool = False) -> None:
        try:
            async with self._turns.at_rest if at_rest else self._turns.growing:
                await self._duties(at_rest)
        except (StoreUnavailable, KeysError):
            self._tools.later(1000, self.look)
        finally:
            self._busy = False

    async def _duties(self, at_rest: bool) -> None:
        offset = self.room.follower.offset
        await self._put_history()
        enough = 1 if at_rest else self._every
        due = self._behind() >= enough
        kept = await self._kept() if due or (at_rest and self._unkept) else True
        # A log that grows gets its snapshot all the same. One at rest goes without: so who opens it next finds it due.
        if due and (kept or not at_rest):
            await self._snapshot()
        if at_rest:
            await self._schedule()
            self._rested = offset
        await self._index()

    async def _kept(self) -> bool:
        """Whether the vault has what the log has now. What it could not keep stays in the store (`CURSOR`)."""
        if self._tools.vault is None:
            return True
        try:
            await self._tools.vault.record(self._tools.store, self.room.key)
        except VAULT_FAILS as failure:
            vault_failed(self._tools, self.room.key, failure)
            self._unkept = self._tools.now() + AGAIN_MS
            return False
        self._unkept = 0
        self._tools.metrics.duties.labels("vault").inc()
        return True

    async def _put_history(self) -> None:
        left = {
            ordinal: entry
            for ordinal, entry in self.room.follower.view.left.items()
            if ordinal > self._history
        }
        if left:
            sealer = await self._tools.keys.sealer(self.room.key.tenant, self.room.key.session)
            pages = {ordinal: sealed_record(sealer, entry) for ordinal, entry in left.items()}
            await self._tools.store.put_history(self.room.key, pages)
            self._history = max(left)
            self._tools.metrics.duties.labels("history").inc()

    async def _snapshot(self) -> None:
        """The state as it is now; what left the window by now must be in the history before."""
        key, view = self.room.key, self.room.follower.view
        sealer = await self._tools.keys.sealer(key.tenant, key.session)
        if any(ordinal > self._history for ordinal in view.left):
            await self._put_history()
        position = view.position
        snapshot = sealed_snapshot(key, sealer, self._tools.anchors, view.state, view.recent)
        written = await self._tools.store.write_snapshot(key, snapshot)
        self._snapshots = [self._snapshots[-1], position.offset]
        self._every = self._settings.snapshot_every
        if written:
            self._tools.metrics.duties.labels("snapshot").inc()
            if self._snapshots[0]:
                await self._tools.store.trim(key, self._snapshots[0] + 1)

    def _row(self) -> tuple[Listed, tuple[str, ...]]:
        state = self.room.state
        labels: Mapping[str, str] = state.labels | marks_of(self.room.key.session, state)
        listed = Listed(self.room.key.session, state.created, state.time, state.ended, labels)
        return listed, tuple(sorted(id for id, who in state.participants.items() if not who.left))

    def _row_changed(self) -> bool:
        return repr(self._row()).encode() != self._indexed[1]

    async def _index(self) -> None:
        listed, participants = self._row()
        # From the first time on each session has a moment of its own: a node's would come all at once, each 5 s.
        early = 0 if self._indexed[0] else crc32(listed.session.encode()) % self._settings.index_every
        self._indexed = (self._tools.now() - early, repr((listed, participants)).encode())
        self._ended = listed.ended
        self._marks = {name: value for name, value in listed.labels.items() if name.startswith(MARK)}
        await self._tools.store.index(self.room.key, listed, participants)
        self._tools.metrics.duties.labels("index").inc()


def conducted(conductors: Iterable[Conductor]) -> list[Room]:
    """The rooms in whose sessions this node does the duties."""
    return [each.room for each in conductors if each.part is Part.CONDUCTS]
