"""A session, open on this node: who listens, what is asked, what is told.

The parts: a `Follower` keeps the folded log, an `Executor` brings batches into it, a `Delivery` tells the
listeners, whom `Listeners` brings in and lets go; `Signals` pass the log by. The room joins them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from hub.node.delivery import Delivery
from hub.node.entries import encoded_entry, opened_record
from hub.node.executor import Executor
from hub.node.executor import Tools as ExecutorTools
from hub.node.follower import Follower, Stage
from hub.node.lane import Work
from hub.node.listeners import Listeners
from hub.node.promise import Batch, Done, Listener, Presence, Welcome
from hub.node.reaching import reach
from hub.node.recent import Told
from hub.node.refusals import Refusals
from hub.node.registered import as_registered
from hub.node.signals import Signals
from hub.node.tools import Tools
from hub.store.answer import Answer
from hub.store.promise import Opened, SessionKey, StoreUnavailable
from legato.session.commands import Command, Refusal
from legato.session.decisions import Actor, Decided, decide_batch, raised
from legato.session.events import Event
from legato.session.position import Position
from legato.session.state import State

Decide = Callable[[State], Decided | Refusal]

PRIVATE: Final = "_"
"""Names of signals between nodes begin so; listeners are not told."""


def _decided(state: State, actor: Actor, commands: Sequence[Command] | Refusal) -> Decided | Refusal:
    return commands if isinstance(commands, Refusal) else decide_batch(state, actor, commands)


class Room:
    """One session, open on this node (`hub.node.promise.Room`)."""

    def __init__(
        self, key: SessionKey, tools: Tools, deadline: Callable[..., int | None], refusals: Refusals
    ) -> None:
        self.key = key
        self.present: dict[str, Presence] = {}
        """Attachments that are connected to this node, and how they came."""
        self.leaving = 0
        """How many that could not come in are still to be seen off."""
        self.rewound: Callable[[Room], None] | None = None
        """Told when the state was replaced: what was noted in the store may be gone too."""
        self.watch: Callable[[Room, list[Told]], None] | None = None
        """Told of every event folded, in the order of the log (the node's duties listen here)."""
        self.overheard: Callable[[Room, Mapping[str, Any]], None] | None = None
        """Told of every signal between nodes."""
        self.ended_here: Callable[[Room, str], None] | None = None
        """Told once, when the session is gone."""
        self._tools = tools
        self.follower = Follower(key, tools, self)
        self._delivery = Delivery(tools.schedule, tools.metrics.deliveries)
        self._executor = Executor(
            self.follower,
            ExecutorTools(
                tools.store, tools.digests, tools.metrics, tools.now, tools.later, deadline, refusals.batch
            ),
        )
        self._producers: dict[str, asyncio.Future[Opened]] = {}
        self._signals = Signals(tools, self.follower)
        self._listeners = Listeners(tools, self.follower, self._delivery)
        self._opened_in: dict[str, str] = {}
        self._serial = 0

    # --- what is folded

    @property
    def state(self) -> State:
        """The folded state, live: read it, never change it; `copy()` to keep it."""
        return self.follower.state

    @property
    def position(self) -> Position:
        """The position that `state` is at."""
        return self.follower.position

    def unanswered(self) -> list[Awaitable[Any]]:
        """The answers of what is on its way into the log."""
        return self._executor.unanswered()

    @property
    def quiet(self) -> bool:
        """Whether nobody listens, nothing is on its way, and nobody is to be seen off."""
        return not len(self._delivery) and self._executor.idle and not self.leaving

    # --- listening

    async def reach(self, position: Position) -> None:
        """See `hub.node.promise.Room`."""
        await reach(self.follower, self._tools.store, position)

    def listen(self, listener: Listener, after: Position | None, whole: bool = False) -> Welcome:
        """See `hub.node.promise.Room`."""
        return self._listeners.join(listener, after, whole)

    def stop_listening(self, listener: Listener) -> None:
        """See `hub.node.promise.Room`."""
        self._listeners.leave(listener)

    # --- asking

    async def open_producer(self, producer: str) -> Opened:
        """See `hub.node.promise.Room`."""
        opened = await self._open(producer)
        if opened is None:
            self.follower.missing()
            await self.follower.caught_up()
            opened = await self._open(producer)
        if opened is None:
            self.gone("erased")
            return Opened(0, 0)
        self._executor.opened(producer, opened.last)
        return opened

    async def _open(self, producer: str) -> Opened | None:
        """If the log goes back meanwhile, what it had of the producer may have gone with the tail: asked anew."""
        while True:
            self._opened_in[producer] = epoch = self.position.epoch
            opened = await self._tools.store.open_producer(self.key, producer)
            if self.position.epoch == epoch:
                return opened

    def execute(self, actor: Actor, batch: Batch) -> Awaitable[Done | Refusal]:
        """See `hub.node.promise.Room`."""
        commands = as_registered(batch.commands, self._tools.registered, self.key.tenant)
        barrier = [command for command in batch.commands if not command.plain] != []
        return self._submit(
            batch.producer,
            lambda state: batch.refusal or _decided(state, actor, commands),
            raw=batch.raw,
            barrier=barrier,
            producer_epoch=batch.producer_epoch,
            sequence=batch.sequence,
            witness=batch.witness,
            log_epoch=self._opened_in.get(batch.producer, ""),
            actor=actor,
            commands=batch.commands,
        )

    async def append_as_hub(
        self, producer: str, events: Sequence[Event], *, conditional: bool
    ) -> Done | Refusal:
        """See `hub.node.promise.Room`."""
        decided = Decided(tuple(events), conditional, {}, raised(events))
        return await self._own(producer, lambda _: decided, barrier=conditional, once=conditional)

    async def settle(self, producer: str, decide: Decide) -> Done | Refusal:
        """Append what `decide` makes of the state (decided anew after a lost race), under a producer of this
        node's. Nothing to append: `Done` with count 0."""
        return await self._own(producer, decide, barrier=True, once=False)

    async def fire(self, timer: str, decide: Decide) -> Done | Refusal:
        """Append what a deadline makes of the state, once for all nodes: `timer` names the deadline
        (`timer:NAME:OFFSET`), and what was appended under that name before is the answer."""
        return await self._submit(timer, decide, raw=timer.encode(), barrier=True, sequence=1, own=True)

    async def _own(self, producer: str, decide: Decide, *, barrier: bool, once: bool) -> Done | Refusal:
        name = f"{self._tools.node}:{producer}"
        opened = await self._opened(name)
        self._serial += 1
        raw = self._serial.to_bytes(8) + self._tools.random_bytes(8)
        return await self._submit(
            name, decide, raw=raw, barrier=barrier, producer_epoch=opened.epoch, own=True, once=once
        )

    async def _opened(self, name: str) -> Opened:
        """The producer's epoch, opened once a room: whoever else waits for it is told what its opener is told."""
        waiting = self._producers.get(name)
        if waiting is None:
            waiting = self._producers[name] = asyncio.get_running_loop().create_future()
            try:
                opened = await self.open_producer(name)
                self._executor.number(name, opened.last)
                waiting.set_result(opened)
            except BaseException as failure:
                if self._producers.get(name) is waiting:  # it is not, if the log went back meanwhile
                    del self._producers[name]
                # Cancelled is the opener alone: the others may try themselves.
                waiting.set_exception(failure if isinstance(failure, Exception) else StoreUnavailable())
                waiting.exception()  # there may be no others
                raise
        return await asyncio.shield(waiting)

    def _submit(self, producer: str, decide: Decide, **options: Any) -> Answer[Done | Refusal]:
        answer: Answer[Done | Refusal] = Answer()
        options.setdefault("producer_epoch", 0)
        if self.follower.stage is Stage.CLOSED:
            answer.set_result(Refusal("unavailable", retry_after_ms=100))
        else:
            self._executor.submit(producer, Work(decide, answer=answer, **options))
        return answer

    # --- signals and history

    def signal(self, by: str, name: str, data: Any, attachment: str = "") -> None:
        """See `hub.node.promise.Room`."""
        self._signals.send(by, name, data, attachment)

    async def history(self, before: int, limit: int) -> tuple[list[bytes], int]:
        """See `hub.node.promise.Room`."""
        newest = before or self.state.finished + 1
        held = {entry.ordinal: entry for entry in self.state.ended_entries()} | self.follower.view.left
        found = {ordinal: encoded_entry(entry) for ordinal, entry in held.items() if 0 < ordinal < newest}
        stored = await self._tools.store.history(self.key, newest, limit)
        sealer = await self._tools.keys.sealer(self.key.tenant, self.key.session)
        for ordinal, sealed in stored.items():
            if ordinal not in found:
                found[ordinal] = opened_record(self.key, sealer, ordinal, sealed)
        page = sorted(found)[-limit:] if limit > 0 else []
        following = page[0] if page and page[0] > 1 else 0
        return [found[ordinal] for ordinal in page], following

    # --- what the follower tells

    def told(self, events: list[Told]) -> None:
        """These were folded."""
        self._delivery.events(events, self.position)
        if self.watch is not None:
            self.watch(self, events)
        self._executor.pump()

    def moved(self, why: str) -> None:
        """The state was replaced by a newer one."""
        self._rewound()
        self._delivery.snapshot(self._listeners.encoded_state(), self.position, why)

    def lost(self, lost_from: int, lost_to: int) -> None:
        """A tail was lost."""
        self._rewound()
        encoded = self._listeners.encoded_state()
        self._delivery.discontinuity(lost_from, lost_to, encoded, self.position)

    def _rewound(self) -> None:
        self._producers.clear()  # what their opening said may be gone
        self._executor.rewound()
        if self.rewound is not None:
            self.rewound(self)

    def signalled(self, payload: bytes) -> None:
        """Sealed signals came."""
        for signal in self._signals.opened(payload):
            if not str(signal["name"]).startswith(PRIVATE):
                self._delivery.signal(signal)
            elif self.overheard is not None:
                self.overheard(self, signal)

    def ready(self) -> None:
        """What waited for the follower goes on."""
        self._executor.pump()

    def gone(self, reason: str) -> None:
        """The session is no more, or the node lets it go."""
        self._executor.abandon(
            Refusal("session_erased" if reason in ("erased", "lost") else "unavailable", detail=reason)
        )
        self.let_go(reason)
        ended, self.ended_here = self.ended_here, None
        if ended is not None:
            ended(self, reason)

    def let_go(self, reason: str) -> None:
        """The node lets the listeners go; the room may still settle what is on its way."""
        self._listeners.let_go(reason)

    def expire(self) -> None:
        """Called every second: give up what has waited for too long."""
        self._executor.expire()
