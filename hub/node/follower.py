"""Following a session's log: from the store's push to the folded state, through holes, new connections
and lost tails.

What is pushed is folded at once. A hole, a tail that is ahead, and the opening of an epoch (only a read
tells its name) start one *read*; what is pushed meanwhile is kept and folded after it. What does not fit
the chain, and an append whose witness the store does not know, start a *recovery*. When is decided here;
what is known of the log's end, and how to go on from another one, is a `Tail`'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum, auto
from typing import Final

from hub.keys.errors import KeyNotOpen, KeyStoreUnavailable, KeyUnknown, SessionForgotten
from hub.keys.sealing import Sealer
from hub.metrics import Metrics
from hub.node.ears import NOBODY, Ears
from hub.node.entries import SessionDamaged
from hub.node.insisting import PAUSE_S
from hub.node.tail import Tail
from hub.node.tools import Tools
from hub.node.view import Verdict, View
from hub.store.layout import FormatUnknown
from hub.store.promise import Page, SessionKey, Stored, StoreUnavailable
from legato.session.position import Position
from legato.session.state import State

log: Final = logging.getLogger("legato.node")

MOST_PUSHED: Final = 4096
"""Pushed entries kept while a read is under way; what is beyond is read."""


class Stage(Enum):
    """What a follower is at."""

    LIVE = auto()
    READING = auto()
    RECOVERING = auto()
    CLOSED = auto()


class Follower:
    """See the module. It is the sink that the store feeds (`entries`, `signal`, `resynced`)."""

    def __init__(self, key: SessionKey, tools: Tools, ears: Ears) -> None:
        self.key = key
        self.stage = Stage.READING
        self._tools = tools
        self._ears = ears
        self.opened_at = 0
        """The offset of the snapshot that the log was opened from (0: from its beginning)."""
        self._view: View | None = None
        self._pushed: deque[Stored] = deque(maxlen=MOST_PUSHED)
        self._tail = Tail(key, tools, ears)
        self._hole = (0, 0)
        self._caught_up: asyncio.Future[None] | None = None

    @property
    def view(self) -> View:
        """What is folded (after `begin`)."""
        assert self._view is not None
        return self._view

    @property
    def state(self) -> State:
        """The folded state."""
        assert self._view is not None
        return self._view.state

    @property
    def position(self) -> Position:
        """Where the state is at."""
        assert self._view is not None
        return self._view.recent.position

    @property
    def offset(self) -> int:
        """The position's."""
        assert self._view is not None
        return self._view.recent.offset

    @property
    def settled(self) -> bool:
        """Whether the state may be decided on. Not before `begin` is done: a session at rest has no tail in the store
        until that brings it back, and there is nothing to recover."""
        return self._view is not None and self.stage in (Stage.LIVE, Stage.READING)

    async def begin(self) -> bool:
        """Subscribe, join, fold. False: no such session. Raises `SessionDamaged` (reason `lost`: there was one, and
        neither store nor vault has it), `StoreUnavailable`, `KeysError`."""
        await self._tools.store.subscribe(self.key, self)
        opening = await self._tail.opening()
        if opening is None:
            await self.close()
            if self._tail.gone == "lost":
                raise SessionDamaged(self.key, 0, "lost")
            return False
        self._view, self.opened_at = View(self.key, opening), opening.snapshot
        self._resume()
        return True

    async def close(self) -> None:
        """Follow no more."""
        if self.stage is not Stage.CLOSED:
            self.stage = Stage.CLOSED
            self._pushed.clear()
            self._wake()
            self._ears = self._tail.ears = NOBODY
            await self._tools.store.unsubscribe(self.key, self)

    # --- what the store calls

    def entries(self, entries: Sequence[Stored]) -> None:
        """New entries, as published."""
        if self.stage is Stage.LIVE:
            self._take(entries)
        elif self.stage is not Stage.CLOSED:
            self._pushed.extend(entries)

    def signal(self, payload: bytes) -> None:
        """An unlogged signal."""
        if self.stage is not Stage.CLOSED:
            self._ears.signalled(payload)

    def resynced(self, tail: Position | None) -> None:
        """The store's tail, after a new connection and every 10 s."""
        if self.stage is Stage.CLOSED:
            return
        self._tools.metrics.resyncs.inc()
        if tail is None:
            self.missing()
        elif self.stage is Stage.LIVE and (tail != self.position or tail.offset < self._tail.acked):
            self.catch_up()

    # --- what the executor and the room call

    def sealer(self) -> Sealer | None:
        """The session's sealer; None while its key is asked for (`Ears.ready` follows)."""
        sealer = self._tools.keys.opened(self.key.tenant, self.key.session)
        if sealer is None:
            self.catch_up()
        return sealer

    def acknowledged(self, offset: int) -> None:
        """The store said that it has our events up to `offset`, whether they were pushed yet or not."""
        if offset > self._tail.acked:
            self._tail.acked = offset

    def catch_up(self) -> None:
        """Read what the store has more."""
        if self.stage is Stage.LIVE:
            self._begin_to(Stage.READING, self._read)

    def tail_lost(self, evidence: Position) -> None:
        """The store says that `evidence` is not on its log."""
        if self.settled and evidence.epoch == self.position.epoch:
            self._tail.evidence = evidence
            self._begin_to(Stage.RECOVERING, self._recover)

    def missing(self) -> None:
        """The store has no such session: it is gone, or lost and brought back."""
        if self.settled:
            self._tail.evidence = None
            self._begin_to(Stage.RECOVERING, self._recover)

    def vanished(self, reason: str) -> None:
        """There is no such session any more."""
        if self.stage is not Stage.CLOSED:
            self._ears.gone(reason)

    async def caught_up(self) -> None:
        """Wait until everything that the store has by now is folded."""
        if self.stage in (Stage.READING, Stage.RECOVERING):
            await self._turn()
        self.catch_up()
        while self.stage in (Stage.READING, Stage.RECOVERING):
            await self._turn()

    async def _turn(self) -> None:
        if self._caught_up is None:
            self._caught_up = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._caught_up)

    # --- folding

    def _take(self, entries: Sequence[Stored], *, reopened: bool = False) -> Verdict:
        sealer = self._tools.keys.opened(self.key.tenant, self.key.session)
        if sealer is None:
            self._pushed.extend(entries)
            self.catch_up()
            return Verdict.HOLE
        verdict = Verdict.HOLE
        try:
            verdict = self.view.take(sealer, entries, reopened=reopened)
        except KeyNotOpen:
            self._pushed.extend(entries)
            self.catch_up()
        except SessionDamaged as damage:
            self.vanished(_why(damage, self._tools.metrics))
        if fresh := self.view.fresh():
            self._ears.told(fresh)
        if self.stage is Stage.LIVE and verdict is not Verdict.ALL:
            self._fill(entries, verdict)
        return verdict

    def _fill(self, entries: Sequence[Stored], verdict: Verdict) -> None:
        """Read what is missing. Entries that a read did not connect are not of this log: they are dropped."""
        hole = (self.view.recent.offset, entries[-1].offset)
        if hole != self._hole:
            self._hole = hole
            self._tools.metrics.holes.inc()
            if verdict is not Verdict.DIVERGED:
                self._pushed.extend(entries)
            self.catch_up()

    def _resume(self) -> None:
        """Reading or recovering is done."""
        if self.stage is Stage.CLOSED:
            return
        self.stage = Stage.LIVE
        pushed = tuple(self._pushed)
        self._pushed.clear()
        if pushed:
            self._take(pushed)
        self._wake()
        self._ears.ready()

    def _wake(self) -> None:
        waiting, self._caught_up = self._caught_up, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    # --- the two things that take time

    def _begin_to(self, stage: Stage, step: Callable[[], Awaitable[bool]]) -> None:
        self.stage = stage
        self._tools.spawn(self._insist(stage, step))

    async def _insist(self, stage: Stage, step: Callable[[], Awaitable[bool]]) -> None:
        """Take `step` until it says that it is done; then go on, unless the stage is another by then."""
        while self.stage is stage:
            try:
                if await step():
                    break
                await asyncio.sleep(0)  # whoever was told that there is no such session closes us
            except (StoreUnavailable, KeyStoreUnavailable):
                await asyncio.sleep(PAUSE_S)
            except Exception as failure:  # noqa: BLE001 — nobody must wait for a room that follows its log no more
                self.vanished(_why(failure, self._tools.metrics))
                await asyncio.sleep(PAUSE_S)
        if self.stage is stage:
            self._resume()

    async def _read(self) -> bool:
        """Read on towards the tail; what does not fit, or is trimmed away, is dealt with."""
        await self._tools.keys.sealer(self.key.tenant, self.key.session)
        return await self._read_page(await self._tools.store.read(self.key, self.view.recent.offset))

    async def _read_page(self, page: Page | None) -> bool:
        """Whether that was all."""
        if self.stage is not Stage.READING:
            return True
        view = self.view
        if page is None:
            self.missing()
            return True
        if page.tail.offset >= view.recent.offset and page.first > view.recent.offset + 1:
            if not await self._tail.rejoin(view):
                self.vanished(self._tail.gone)
            return True
        if self._tail.diverged(view, page):
            self.tail_lost(self._tail.newest(view))
            return True
        view.recent.epoch = page.tail.epoch
        verdict = self._take(page.entries, reopened=True)
        if verdict is Verdict.DIVERGED:
            self.tail_lost(self._tail.newest(view))
            return True
        return view.recent.offset >= page.tail.offset

    async def _recover(self) -> bool:
        """Go on from what is left of the log."""
        if await self._tail.recover(self.view):
            return True
        self.vanished(self._tail.gone)
        return False


def _why(failure: Exception, metrics: Metrics) -> str:
    """What is told of a log that cannot be followed."""
    if isinstance(failure, SessionForgotten | KeyUnknown):
        return "erased"
    if isinstance(failure, SessionDamaged | FormatUnknown):
        offset = failure.offset if isinstance(failure, SessionDamaged) else 0
        log.error("what the store holds is not what a hub put there", extra={"offset": offset})
    else:
        metrics.failures.inc()
        log.error("a log cannot be followed", exc_info=failure)
    return "damaged"
