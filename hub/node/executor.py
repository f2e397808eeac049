"""From batches to appends: decide on the folded state, seal, hand to the store, act on the outcome.

No task an append: a store answers through futures, and callbacks do the rest, so what is decided in one
pass of the loop leaves in one write.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Protocol

from hub.keys.digests import CommandDigest
from hub.keys.sealing import Sealer
from hub.metrics import Metrics
from hub.node.lane import Lane, Stage, Work
from hub.node.promise import Done
from hub.store.answer import Ended, when_done
from hub.store.promise import (
    Append,
    Appended,
    Draft,
    Log,
    LostTail,
    Outcome,
    Refused,
    SessionKey,
    StoreUnavailable,
)
from legato.session.commands import Command, Refusal
from legato.session.decisions import Actor, Decided
from legato.session.event_json import encode
from legato.session.events import Event
from legato.session.position import Position
from legato.session.state import State

PATIENCE_MS: Final = 30_000
"""How long a batch is tried before it is refused `unavailable` (the producer may send it again)."""

RETRY_MS: Final = 50
"""Pause before bytes whose outcome is unknown are sent again; the store itself waits for seconds."""

MOST_RACES: Final = 64
MOST_LANES: Final = 64

_MISNUMBERED: Final = ("sequence_gap", "sequence_reused")
_RETRY: Final = {"lost_race": 100, "resume_first": 100, "overloaded": 1000, "unavailable": 1000}
_BEHIND: Final = ("lost_race", "resume_first")


class Ground(Protocol):
    """What an executor stands on: a room."""

    key: SessionKey

    @property
    def state(self) -> State: ...

    @property
    def position(self) -> Position: ...

    @property
    def offset(self) -> int:
        """The position's."""

    @property
    def settled(self) -> bool:
        """Whether the state may be decided on: not while a tail is being looked for."""

    def sealer(self) -> Sealer | None:
        """The session's sealer; None while its key is being opened (the lanes are pumped after)."""

    def acknowledged(self, offset: int) -> None:
        """The store has our events up to `offset`."""

    def catch_up(self) -> None:
        """Read what the store has more; the lanes are pumped after."""

    def tail_lost(self, evidence: Position) -> None:
        """The store says that `evidence` is not on its log; the lanes are pumped when that is dealt with."""

    def vanished(self, reason: str) -> None:
        """There is no such session any more."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What an executor works with. `now` is monotonic ms; `later(ms, callback)` calls back;
    `deadline(state, events)` is the session time (ms) of the earliest deadline that the events cause; `refused` is told
    of what somebody (None: the hub) asked for and did not get."""

    log: Log
    digests: CommandDigest
    metrics: Metrics
    now: Callable[[], int]
    later: Callable[[int, Callable[[], None]], object]
    deadline: Callable[[State, Sequence[Event]], int | None]
    refused: Callable[[SessionKey, Actor | None, Sequence[Command], Refusal], None]


class Executor:
    """All lanes of one room."""

    def __init__(self, ground: Ground, tools: Tools) -> None:
        self._ground = ground
        self._tools = tools
        self._lanes: dict[str, Lane] = {}
        self._stuck: dict[Lane, None] = {}

    def submit(self, producer: str, work: Work) -> None:
        """Take `work` on; its answer comes through `work.answer`."""
        lane = self._lane(producer)
        if lane.full:
            work.answer.set_result(Refusal("overloaded", field="producer", retry_after_ms=1000))
            return
        work.give_up_at = self._tools.now() + PATIENCE_MS
        lane.waiting.append(work)
        self._pump(lane)

    def number(self, producer: str, last: int) -> None:
        """The producer (one of this node's own) was opened: its batches are numbered after `last`."""
        self._lane(producer).last = last

    def opened(self, producer: str, last: int) -> None:
        """A producer was opened: the store has its batches up to `last`."""
        self._lane(producer).settled_to = last

    def pump(self) -> None:
        """Go on where something was waited for."""
        if self._stuck:
            stuck, self._stuck = self._stuck, {}
            for lane in stuck:
                self._pump(lane)

    def rewound(self) -> None:
        """The state was replaced: offsets that were waited for may never come."""
        for lane in self._lanes.values():
            lane.rewound(self._ground.offset)

    def expire(self) -> None:
        """Give up what has waited for too long."""
        now = self._tools.now()
        for lane in [each for each in self._lanes.values() if not each.idle]:
            for work in lane.overdue(now):
                _answer(work, Refusal("unavailable", retry_after_ms=1000))
            self._pump(lane)

    def unanswered(self) -> list[Awaitable[Any]]:
        """The answers that are due."""
        return [work.answer for lane in self._lanes.values() for work in (*lane.flying, *lane.waiting)]

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return all(lane.idle for lane in self._lanes.values())

    def abandon(self, refusal: Refusal) -> None:
        """Answer everything on its way with `refusal`."""
        for lane in self._lanes.values():
            for work in lane.abandon():
                _answer(work, refusal)

    # --- on the way out

    def _lane(self, producer: str) -> Lane:
        lane = self._lanes.get(producer)
        if lane is None:
            if len(self._lanes) >= MOST_LANES:
                self._tidy()
            lane = self._lanes[producer] = Lane(producer)
        return lane

    def _tidy(self) -> None:
        folded = self._ground.offset
        for name, lane in tuple(self._lanes.items()):
            if lane.idle and lane.folded_to <= folded and not lane.last:
                del self._lanes[name]

    def _pump(self, lane: Lane) -> None:
        if not self._go_on(lane):
            self._stuck[lane] = None

    def _go_on(self, lane: Lane) -> bool:
        """Give to the store what may fly; False if something must be waited for."""
        if not self._ground.settled:
            return lane.idle
        for work in lane.again():
            if not self._fly(lane, work):
                return False
        while (following := lane.next(self._ground.offset)) is not None:
            if not self._fly(lane, following):
                return False
        return not lane.waiting

    def _fly(self, lane: Lane, work: Work) -> bool:
        """Give it to the store; False if that must wait."""
        if work.stage is Stage.SAME_AGAIN and work.append is not None:
            self._send(lane, work)
            return True
        if not self._may_decide(lane, work) or not self._prepare(lane, work):
            if work.stage is Stage.WAITING:
                lane.hold_back(work)
            return False
        return True

    def _may_decide(self, lane: Lane, work: Work) -> bool:
        """Whether the state holds what the decision must see."""
        seen = work.witness.offset if work.witness is not None else 0
        if not (seen or work.needs) or max(seen, work.needs) <= self._ground.offset:
            return True
        self._ground.catch_up()
        return False

    def _prepare(self, lane: Lane, work: Work) -> bool:
        """Decide it and send what it came to; False if the state or the key is not there yet."""
        decided = work.decide(self._ground.state)
        if isinstance(decided, Refusal):
            return self._refuse(lane, work, decided)
        if work.own and not decided.events:
            lane.landed(work, 0)
            _answer(work, Done(0, 0, 0, self._tools.log.level))
            return True
        sealer = self._ground.sealer()
        if sealer is None:
            return False
        lane.number(work)
        work.append = self._sealed(lane, work, decided, sealer)
        self._send(lane, work)
        return True

    def _refuse(self, lane: Lane, work: Work, refusal: Refusal) -> bool:
        """A refusal stands only if it was decided on a state that holds what the producer did before."""
        caught_up = lane.is_first(work) and self._ground.offset >= lane.folded_to
        if work.stage is Stage.WAITING and not caught_up:
            work.barrier = True
            return False
        if work.own or refusal.retry_after_ms or refusal.reason == "resume_first":
            # Not lasting: nothing is recorded, and whoever comes back may send the same again.
            self._settle(lane, work, refusal)
            return True
        work.append = self._batch(lane, work, ())
        work.refused = refusal
        self._send(lane, work)
        return True

    def _sealed(self, lane: Lane, work: Work, decided: Decided, sealer: Sealer) -> Append:
        drafts = [
            Draft(sealer.seal_event(lane.producer, work.sequence, index, encode(event)), event.control)
            for index, event in enumerate(decided.events)
        ]
        return self._batch(lane, work, tuple(drafts), decided)

    def _batch(
        self, lane: Lane, work: Work, drafts: tuple[Draft, ...], decided: Decided | None = None
    ) -> Append:
        key, state = self._ground.key, self._ground.state
        digest = self._tools.digests.of(key.tenant, key.session, lane.producer, work.raw)
        witness = self._ground.position
        head = (lane.producer, work.producer_epoch, work.sequence, digest, drafts, witness)
        if decided is None:
            return Append(*head)
        return Append(
            *head,
            rights=decided.rights,
            raises=decided.raises,
            control=state.control if decided.conditional else None,
            deadline=self._tools.deadline(state, decided.events),
        )

    def _send(self, lane: Lane, work: Work) -> None:
        assert work.append is not None
        lane.flies(work)
        key, log = self._ground.key, self._tools.log
        answer: Awaitable[Outcome]
        if work.refused is None:
            answer = log.append(key, work.append)
        else:
            answer = log.refuse(key, work.append, _kept(work.refused))
        when_done(answer, partial(self._answered, lane, work))

    # --- on the way back

    def _answered(self, lane: Lane, work: Work, answer: Ended[Outcome]) -> None:
        if work not in lane.flying:
            return  # abandoned meanwhile
        if answer.cancelled() or isinstance(answer.exception(), StoreUnavailable):
            self._unknown(lane, work)
            return
        if failure := answer.exception():
            lane.landed(work, 0)
            _fail(work, failure)
        else:
            self._known(lane, work, answer.result())
        if lane.restless:
            self._pump(lane)

    def _unknown(self, lane: Lane, work: Work) -> None:
        if self._tools.now() >= work.give_up_at:
            self._settle(lane, work, Refusal("unavailable", retry_after_ms=1000))
            self._pump(lane)
            return
        lane.same_again(work)
        self._tools.later(RETRY_MS, partial(self._pump, lane))

    def _known(self, lane: Lane, work: Work, outcome: Outcome) -> None:
        if isinstance(outcome, Appended):
            last = outcome.first + outcome.count - 1
            lane.landed(work, last)
            lane.settled_to = work.sequence
            self._ground.acknowledged(last)
            self._tools.metrics.acks.add(1, outcome.level)
            _answer(work, Done(work.sequence, outcome.first, outcome.count, outcome.level))
        elif isinstance(outcome, LostTail):
            evidence = work.append.witness if work.append else None
            lane.anew(work)
            self._ground.tail_lost(evidence or self._ground.position)
        else:
            self._refused(lane, work, outcome)

    def _refused(self, lane: Lane, work: Work, outcome: Refused) -> None:
        if outcome.reason == "sequence_gap" and not lane.is_first(work):
            lane.same_again(work)
        elif outcome.reason in _MISNUMBERED and work.own:
            lane.last = outcome.expected - 1 if outcome.reason == "sequence_gap" else work.sequence
            work.sequence = 0
            lane.anew(work)
        elif outcome.reason in _BEHIND and _may_race(work):
            newer = outcome.expected if outcome.reason == "lost_race" and not outcome.detail else 0
            lane.anew(work, newer or self._ground.offset + 1)
        elif outcome.reason == "session_erased":
            self._settle(lane, work, Refusal(outcome.reason))
            self._ground.vanished("erased")
        elif outcome.reason == "not_found" and work.refused is None:
            # Not of something in the session: the session itself. It is gone, or comes back from the vault.
            self._ground.catch_up()
            self._unknown(lane, work)
        else:
            if outcome.reason == "sequence_gap" and _went_back(lane, work, outcome, self._ground):
                self._settle(lane, work, Refusal("resume_first", "the store went back", retry_after_ms=100))
                return
            # By its reason alone it may be another: `stale_token` is what a producer's older epoch gets, too.
            said = work.refused
            same = said is not None and replace(_kept(said), expected=outcome.expected) == outcome
            if same:
                lane.settled_to = work.sequence
            self._settle(lane, work, said if same and said else _refusal(outcome))

    def _settle(self, lane: Lane, work: Work, refusal: Refusal) -> None:
        lane.landed(work, 0)
        self._tools.refused(self._ground.key, work.actor, work.commands, refusal)
        _answer(work, refusal)


def _may_race(work: Work) -> bool:
    work.races += 1
    return not work.once and work.races <= MOST_RACES


def _went_back(lane: Lane, work: Work, outcome: Refused, ground: Ground) -> bool:
    """Whether the gap is the store's: what the producer was told when it was opened went with the tail, or (the log
    being what it was) a refusal did, which has a number and no entry."""
    return work.log_epoch not in ("", ground.position.epoch) or 0 < outcome.expected <= lane.settled_to


def _kept(refusal: Refusal) -> Refused:
    return Refused(refusal.reason, refusal.expected, refusal.field or refusal.detail)


def _refusal(outcome: Refused) -> Refusal:
    if outcome.reason == "stale_token" and outcome.detail == "producer":
        # Another connection of this producer was opened later, perhaps by a try that the client has long
        # given up: nothing was used up, and whoever is left comes again with the newest epoch.
        return Refusal("resume_first", "opened anew elsewhere", "producer", outcome.expected, 100)
    retry = _RETRY.get(outcome.reason, 0)
    return Refusal(outcome.reason, field=outcome.detail, expected=outcome.expected, retry_after_ms=retry)


def _answer(work: Work, answer: Any) -> None:
    if not work.answer.done():
        work.answer.set_result(answer)


def _fail(work: Work, failure: BaseException) -> None:
    if not work.answer.done():
        work.answer.set_exception(failure)
