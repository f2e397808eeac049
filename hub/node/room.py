"""A session, open on this node: who listens, what is asked, what is told.

The parts: a `Follower` keeps the folded log, an `Executor` brings batches into it, a `Delivery` tells the
listeners. The room joins them, and answers newcomers from memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from hub.keys.errors import KeysError
from hub.node.delivery import Delivery
from hub.node.entries import SIGNALS_PLACE, encoded_entry, opened_record
from hub.node.executor import Executor
from hub.node.executor import Tools as ExecutorTools
from hub.node.follower import Follower, Stage, Tools
from hub.node.lane import Work
from hub.node.promise import Batch, Done, Listener, Presence, Welcome
from hub.node.recent import Standing, Told
from hub.node.recovery import epoch_start
from hub.store.promise import Opened, SessionKey
from legato.session.commands import Refusal
from legato.session.compaction import compact
from legato.session.decisions import Actor, Decided, decide_batch, raised
from legato.session.event_json import encode
from legato.session.events import Event
from legato.session.position import Position
from legato.session.state import State, encode_state

Decide = Callable[[State], Decided | Refusal]

MAX_SIGNAL: Final = 4096
"""Bytes of one signal's JSON; longer ones are dropped."""

PRIVATE: Final = "_"
"""Names of signals between nodes begin so; listeners are not told."""

_signals: Final = msgspec.json.Decoder(list[dict[str, Any]])
_encoder: Final = msgspec.json.Encoder()


class Room:
    """One session, open on this node (`hub.node.promise.Room`)."""

    def __init__(self, key: SessionKey, tools: Tools, deadline: Callable[..., int | None]) -> None:
        self.key = key
        self.present: dict[str, Presence] = {}
        """Attachments that are connected to this node, and how they came."""
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
            ExecutorTools(tools.store, tools.digests, tools.metrics, tools.now, tools.later, deadline),
        )
        self._producers: dict[str, asyncio.Future[Opened]] = {}
        self._signals: dict[tuple[str, str], Any] = {}
        self._encoded: tuple[Position, bytes] | None = None
        self._told_soon: dict[Listener, Position] = {}
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

    def unanswered(self) -> list[asyncio.Future[Any]]:
        """The answers of what is on its way into the log."""
        return self._executor.unanswered()

    @property
    def quiet(self) -> bool:
        """Whether nobody listens and nothing is on its way."""
        return not len(self._delivery) and self._executor.idle

    # --- listening

    async def reach(self, position: Position) -> None:
        """See `hub.node.promise.Room`."""
        await self.follower.reach(position)

    def listen(self, listener: Listener, after: Position | None) -> Welcome:
        """See `hub.node.promise.Room`."""
        if after is not None:
            standing = self.follower.view.recent.standing(after, self.state.reopened)
            if standing is Standing.LOST and self.follower.stage is not Stage.CLOSED:
                self._told_soon[listener] = after
                self._tools.schedule(lambda: self._tell_lost(listener))
                return Welcome(after, None, ())
            if standing is Standing.ON:
                self._add(listener)
                return self._since(after)
        self._add(listener)
        return Welcome(self.position, self._encoded_state(), ())

    def stop_listening(self, listener: Listener) -> None:
        """See `hub.node.promise.Room`."""
        self._told_soon.pop(listener, None)
        if listener in self._delivery:
            self._delivery.remove(listener)
            self._tools.metrics.listeners.dec()

    def _add(self, listener: Listener) -> None:
        self._delivery.add(listener)
        self._tools.metrics.listeners.inc()
        if self.follower.stage is Stage.CLOSED:
            self._tools.schedule(lambda: self.let_go("moved"))

    def _since(self, after: Position) -> Welcome:
        """The compacted events after a position, or the state, whichever is less."""
        told = self.follower.view.recent.after(after.offset) or []
        state = self._encoded_state()
        originals = {id(each.event): each.encoded for each in told}
        events = tuple(
            originals.get(id(event)) or encode(event) for event in compact(each.event for each in told)
        )
        if sum(map(len, events)) > len(state):
            return Welcome(self.position, state, ())
        return Welcome(self.position, None, events)

    def _tell_lost(self, listener: Listener) -> None:
        """What it had seen is gone: in one step it learns so and gets the state."""
        after = self._told_soon.pop(listener, None)
        if after is not None:
            self._add(listener)
            listener.discontinuity(self._lost_from(after), after.offset, self._encoded_state(), self.position)

    def _lost_from(self, after: Position) -> int:
        """The first offset that somebody at `after` may have seen and the log has not."""
        for each in self.state.reopened:
            if each.previous_epoch == after.epoch:
                return min(each.lost_from, after.offset)
        if after.epoch != self.position.epoch:  # of an epoch that was itself lost, opening and all
            first = min((each.lost_from for each in self.state.reopened), default=1)
            return min(first, after.offset)
        return min(epoch_start(self.state) + 1, after.offset)

    def _encoded_state(self) -> bytes:
        if self._encoded is None or self._encoded[0] != self.position:
            self._encoded = (self.position, encode_state(self.state))
        return self._encoded[1]

    # --- asking

    async def open_producer(self, producer: str) -> Opened:
        """See `hub.node.promise.Room`."""
        self._opened_in[producer] = self.position.epoch
        opened = await self._tools.store.open_producer(self.key, producer)
        if opened is None:
            self.gone("erased")
            return Opened(0, 0)
        return opened

    def execute(self, actor: Actor, batch: Batch) -> Awaitable[Done | Refusal]:
        """See `hub.node.promise.Room`."""
        barrier = not all(command.plain for command in batch.commands)
        return self._submit(
            batch.producer,
            lambda state: batch.refusal or decide_batch(state, actor, batch.commands),
            raw=batch.raw,
            barrier=barrier,
            producer_epoch=batch.producer_epoch,
            sequence=batch.sequence,
            witness=batch.witness,
            log_epoch=self._opened_in.get(batch.producer, ""),
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
        """The producer's epoch, opened once a room."""
        waiting = self._producers.get(name)
        if waiting is None:
            waiting = self._producers[name] = asyncio.get_running_loop().create_future()
            try:
                opened = await self.open_producer(name)
                self._executor.number(name, opened.last)
                waiting.set_result(opened)
            except BaseException:
                del self._producers[name]
                waiting.cancel()
                raise
        return await asyncio.shield(waiting)

    def _submit(self, producer: str, decide: Decide, **options: Any) -> asyncio.Future[Done | Refusal]:
        answer: asyncio.Future[Done | Refusal] = asyncio.get_running_loop().create_future()
        options.setdefault("producer_epoch", 0)
        if self.follower.stage is Stage.CLOSED:
            answer.set_result(Refusal("unavailable", retry_after_ms=100))
        else:
            self._executor.submit(producer, Work(decide, answer=answer, **options))
        return answer

    # --- signals and history

    def signal(self, by: str, name: str, data: Any) -> None:
        """See `hub.node.promise.Room`."""
        if not self._signals:
            self._tools.schedule(self._publish)
        self._signals[by, name] = data

    def _publish(self) -> None:
        signals, self._signals = self._signals, {}
        sealer = self._tools.keys.opened(self.key.tenant, self.key.session)
        if sealer is None or self.follower.stage is Stage.CLOSED:
            return
        rows = [
            _encoder.encode({"by": by, "name": name, "data": data}) for (by, name), data in signals.items()
        ]
        small = [row for row in rows if len(row) <= MAX_SIGNAL]
        if small:
            payload = sealer.seal(SIGNALS_PLACE, b"[" + b",".join(small) + b"]")
            self._tools.store.signal(self.key, payload)

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
        self._delivery.snapshot(self._encoded_state(), self.position, why)

    def lost(self, lost_from: int, lost_to: int) -> None:
        """A tail was lost."""
        self._rewound()
        self._delivery.discontinuity(lost_from, lost_to, self._encoded_state(), self.position)

    def _rewound(self) -> None:
        self._executor.rewound()
        if self.rewound is not None:
            self.rewound(self)

    def signalled(self, payload: bytes) -> None:
        """Sealed signals came."""
        sealer = self._tools.keys.opened(self.key.tenant, self.key.session)
        if sealer is None:
            return
        try:
            signals = _signals.decode(sealer.open(SIGNALS_PLACE, payload))
        except (KeysError, msgspec.DecodeError):
            return
        for signal in signals:
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
            Refusal("session_erased" if reason == "erased" else "unavailable", detail=reason)
        )
        self.let_go(reason)
        ended, self.ended_here = self.ended_here, None
        if ended is not None:
            ended(self, reason)

    def let_go(self, reason: str) -> None:
        """The node lets the listeners go; the room may still settle what is on its way."""
        self._tools.metrics.listeners.dec(len(self._delivery))
        self._delivery.gone(reason)

    def expire(self) -> None:
        """Called every second: give up what has waited for too long."""
        self._executor.expire()
