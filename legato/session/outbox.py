"""A producer's side of exactly once: batches wait here until the log has them.

A batch keeps its sequence and its bytes for ever. Sent again after a retry, a reload or a change of node it is
done once, because the store knows the last 64 sequences of each producer; so at most 64 are in flight, and
none overtakes another. What was acknowledged in the last ten seconds is kept too, to be sent again if the log lost
its tail (`discontinued`).

A refusal is *passing* (the same batch is sent again, after `retry_after_ms`, and with it what was sent behind it) or
*lasting* (it is settled, and its sequence is used up). After `too_fast` there is a pace (`legato/session/pace.py`).
What is refused of those that were sent behind the refused one says nothing new: they are in line again already. Of a
`sequence_gap` the batches from the expected one on are sent again, in order; if not all of them wait here, the outbox
is `stranded`: no repeat can fill that hole, so it gives nothing more until the connection is `opened` anew and says
what the log holds.

Pure: no clock, no storage; `saved()` is plain data. Its twin is `web/src/client/outbox.ts`, and both run
`tests/vectors/outbox`. `now` is a monotonic clock of the producer's own, in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from legato.session.commands import Refusal
from legato.session.pace import Pace

WINDOW: Final = 64
"""Batches in flight at most: the store remembers as many."""

REMEMBERED_MS: Final = 10_000
"""How long an acknowledged batch is kept."""

REMEMBERED: Final = 256
"""How many acknowledged batches are kept at most."""

PASSING: Final = frozenset(
    {"sequence_gap", "resume_first", "too_fast", "overloaded", "unavailable", "lost_race"}
)
"""Reasons after which the same batch is sent again."""


class Batch(msgspec.Struct, frozen=True):
    """What is sent: `raw` is the envelope, byte for byte."""

    seq: int
    raw: str


class Saved(msgspec.Struct, frozen=True):
    """What to keep over a restart: the next sequence, and what is not acknowledged."""

    next: int = 1
    waiting: list[Batch] = []


class _Waiting(msgspec.Struct):
    batch: Batch
    sent: bool = False
    not_before: int = 0


class Outbox:
    """The batches of one producer, in order."""

    def __init__(self, saved: Saved | None = None) -> None:
        saved = saved or Saved()
        self._next = saved.next
        self._waiting = [_Waiting(batch) for batch in saved.waiting]
        self._done: list[tuple[int, Batch]] = []
        self._refused: list[int] = []
        self._stranded = False
        self._pace = Pace()

    def saved(self) -> Saved:
        """What to keep; to be written before what `take` gives is sent."""
        return Saved(self._next, [each.batch for each in self._waiting])

    @property
    def next(self) -> int:
        """The sequence that the next batch will have."""
        return self._next

    def put(self, raw: str) -> Batch:
        """Put a batch in line; `raw` carries the sequence `next`."""
        batch = Batch(self._next, raw)
        self._next += 1
        self._waiting.append(_Waiting(batch))
        return batch

    def take(self, now: int) -> list[Batch]:
        """Batches to send now, in order. Each is given once, until something calls for it again."""
        out: list[Batch] = []
        if self._stranded:
            return out
        allowed = self._pace.allowed(now, WINDOW)
        for each in self._waiting[:WINDOW]:
            if each.not_before > now or len(out) == allowed:
                break
            if not each.sent:
                each.sent = True
                out.append(each.batch)
        self._pace.sent(len(out))
        return out

    def next_deadline(self) -> int | None:
        """When `take` has something that had to wait; None if it has nothing, or has it now already."""
        held = next((each for each in self._waiting[:WINDOW] if not each.sent), None)
        if held is None or self._stranded:
            return None
        return max(held.not_before, self._pace.at) or None

    @property
    def idle(self) -> bool:
        """Whether the log has everything."""
        return not self._waiting

    @property
    def stranded(self) -> bool:
        """Whether the log waits for a batch that is not here: only a connection that is opened anew helps."""
        return self._stranded

    def opened(self, last: int, now: int) -> list[Batch]:
        """A connection opened the producer's epoch, and the log holds everything up to `last`. Returns what that
        settles; the rest is sent again."""
        self.discontinued(last, now)  # acknowledged, and lost before the events came
        self._next = max(self._next, last + 1)
        settled = [each.batch for each in self._waiting if each.batch.seq <= last]
        for batch in settled:
            self.acked(batch.seq, now)
        self._pace.free()
        for each in self._waiting:
            each.sent, each.not_before = False, 0
        return settled

    def acked(self, seq: int, now: int) -> Batch | None:
        """The log has batch `seq`, whatever the order of the acknowledgements. None if it was settled before."""
        batch = self._settled(seq)
        if batch is not None:
            recent = [done for done in self._done if done[0] > now - REMEMBERED_MS]
            self._done = [*recent, (now, batch)][-REMEMBERED:]
            self._pace.acked()
        return batch

    def refused(self, seq: int, refusal: Refusal, now: int, drawn: float = 0) -> Batch | None:
        """Batch `seq` was refused. Returns it if that is lasting; None if it is sent again, or unknown. `drawn`, from
        [0, 1), says how much longer than asked it waits."""
        if refusal.reason not in PASSING:
            batch = self._settled(seq)
            if batch is not None:
                self._refused = [*self._refused, seq][-REMEMBERED:]
            return batch
        found = next((each for each in self._waiting if each.batch.seq == seq), None)
        if found is None:
            return None
        first = seq
        if refusal.reason == "sequence_gap":
            first, self._stranded = refusal.expected, not self._fills(refusal.expected, seq)
        if not found.sent:
            return None
        if refusal.reason == "too_fast":
            self._pace.slow(refusal.retry_after_ms, now, drawn)
        else:
            found.not_before = now + max(refusal.retry_after_ms, 1)
        for each in self._waiting:
            if each.batch.seq >= first:
                each.sent = False
        return None

    def discontinued(self, last: int, now: int) -> list[Batch]:
        """The log lost its tail and holds this producer's batches up to `last`. Returns what was acknowledged in the
        last ten seconds and is lost: it is in line again, in order, and so is all that was in flight."""
        again = [done[1] for done in self._done if done[1].seq > last and done[0] > now - REMEMBERED_MS]
        gone = {batch.seq for batch in again}
        self._done = [done for done in self._done if done[1].seq not in gone]
        self._waiting = sorted(
            [*(_Waiting(batch) for batch in again), *self._waiting], key=lambda each: each.batch.seq
        )
        for each in self._waiting:
            each.sent, each.not_before = False, 0
        self._stranded = False
        return again

    def follows(self, last: int) -> bool:
        """Whether what waits, and what will be put, goes on from `last` without a hole. If not, the log lost batches
        that are no longer kept here (acknowledged long ago, or refused), and takes nothing until `renumbered`."""
        expected = last + 1
        for each in self._waiting:
            if each.batch.seq > expected:
                return False
            expected = max(expected, each.batch.seq + 1)
        return self._next <= expected

    def missing(self, last: int) -> int:
        """How many sequences after `last` were settled and are gone, if the log holds nothing of this producer after
        `last`. Those of which it is known that they were refused do not count; over a restart that is forgotten."""
        kept = {each.batch.seq for each in self._waiting}.union(self._refused)
        return self._next - 1 - last - sum(seq > last for seq in kept)

    def renumbered(self, last: int, raw: Callable[[int, Batch], str]) -> None:
        """Go on after `last`, giving what waits new sequences: right only after `opened`, when the log holds nothing of
        this producer after `last` and nothing sent before can still reach it. `raw` writes a batch's envelope anew."""
        waiting = [each.batch for each in self._waiting]
        self._next = last + 1
        self._waiting.clear()
        self._done = [done for done in self._done if done[1].seq <= last]
        self._refused = [seq for seq in self._refused if seq <= last]
        for batch in waiting:
            self.put(raw(self._next, batch))

    def pending(self) -> list[Batch]:
        """What is not settled, oldest first."""
        return [each.batch for each in self._waiting]

    def _fills(self, first: int, before: int) -> bool:
        """Whether all from `first` on up to `before` wait here."""
        held = sum(first <= each.batch.seq < before for each in self._waiting)
        return 0 < first < before and held == before - first

    def _settled(self, seq: int) -> Batch | None:
        found = next((each for each in self._waiting if each.batch.seq == seq), None)
        if found is None:
            return None
        self._waiting.remove(found)
        if not self._waiting:
            self._pace.free()
        return found.batch
