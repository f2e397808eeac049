"""What the hub asks of a store, and what a store promises.

A store keeps sessions: logs of sealed entries, and little else. It reads no payload. Every method names
its atomic duty; one contract suite (`tests/hub/store/contract.py`) holds every store to it, and the
in-memory model (`model/`) is the oracle.

The *append* is the heart. In one atomic step, in this order (design, "The log"):

1. tombstone: the session was erased → `Refused("session_erased")`; never there, or forgotten →
   `Refused("not_found")`;
2. repeat: (producer, sequence) is stored → `Appended(repeat=True)` with its first offset, or the kept
   refusal; with another `digest` → `Refused("sequence_reused")`; older than the last 64 →
   `Refused("too_old")`;
3. witness: not on this log → `LostTail`; behind the trim → `Refused("resume_first")`;
4. producer epoch older than the producer's → `Refused("stale_token", expected, "producer")`;
   gap: sequence is not the producer's last + 1 → `Refused("sequence_gap", expected)`;
5. rights: tokens are of this log's epoch, and each named right's number equals the given one
   → `Refused("stale_token", expected, name)`;
6. condition: `control` given and a control event was appended after it, or a raised right is not at the
   number before → `Refused("lost_race", expected)`;
7. each entry gets the next dense offset, the session time and its chain digest; raised rights are
   written; the entries are published on the session's channel, in this order.

A refusal at 5 uses up its sequence (it is kept and a retry gets it again), which is why the gap comes first:
a sequence that is not next cannot be used up. `refuse` does the same for a refusal decided by the node. A
refusal at 1, 3, 4 or 6 uses up nothing. Sequences start at 1.

A position is *on the log* when its epoch is the log's, or an earlier one that had survived up to that
offset, and the digest there matches; `ORIGIN` is on every log. The digest is known from the offset before
the oldest entry on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Literal, Protocol

from hub.store.accounting import Accounting
from hub.store.refusing import Refusing
from hub.store.resting import Resting
from hub.store.rostering import Rostering
from hub.store.values import Append as Append
from hub.store.values import Appended as Appended
from hub.store.values import Draft as Draft
from hub.store.values import Edge as Edge
from hub.store.values import Joined as Joined
from hub.store.values import Level as Level
from hub.store.values import Listed as Listed
from hub.store.values import LostTail as LostTail
from hub.store.values import Maker as Maker
from hub.store.values import Opened as Opened
from hub.store.values import Outcome as Outcome
from hub.store.values import Page as Page
from hub.store.values import Refused as Refused
from hub.store.values import SessionKey as SessionKey
from hub.store.values import Snapshot as Snapshot
from hub.store.values import Stored as Stored
from legato.session.position import Position

WINDOW = 64
"""Batches of a producer that a store remembers, and so the most that may be in flight."""

MOST_DRAFTS = 255
"""Events that one batch may hold; a larger one is `Refused("too_large")` and uses up nothing."""

PAGE = 1000
"""Entries that one read returns at most."""

RING_MS = 120_000
"""How long a minute of hot audio stays after its last write."""

TICKETS_KEPT_MS = (30 * 86_400 + 60) * 1000
"""How long holders and revocations are kept: as long as any ticket is good, leeway included."""

MOST_HOLDERS = 4096
"""Holders that a session keeps: as many as attachments may be open at once."""


class Sink(Protocol):
    """What a subscription feeds. Called synchronously, in the store's order, never re-entrantly."""

    def entries(self, entries: Sequence[Stored]) -> None:
        """New entries, as published. Holes and repeats are possible after a broken connection."""

    def signal(self, payload: bytes) -> None:
        """An unlogged signal that some node published for the session."""

    def resynced(self, tail: Position | None) -> None:
        """The connection was re-made (or the quiet-session check ran): this is the tail now. Behind it: read.
        Ahead of it, or on another digest: a tail was lost. None: the session is gone."""


class Log(Protocol):
    """The log of sessions."""

    level: Level

    async def create(
        self, key: SessionKey, genesis: Append, labels: Mapping[str, str], maker: Maker | None = None
    ) -> Outcome:
        """Make the session's log under a new epoch and append `genesis`; an existing one is left alone
        (a repeat of the same genesis answers as an append does; any other is `Refused("already_exists")`).
        A `maker` who has `most` open is `Refused("too_many", most)`: counted atomically, over all nodes, until a row
        says that the session ended, or it is erased; while it is archived it takes no place."""

    def append(self, key: SessionKey, batch: Append) -> Awaitable[Outcome]:
        """Append one batch, atomically, as the module says. Calls take effect in the order they are made
        (per session), also over a broken connection. Raises `StoreUnavailable` when the outcome stays
        unknown for the store's patience: the same batch may then be sent again."""

    def refuse(self, key: SessionKey, batch: Append, refusal: Refused) -> Awaitable[Outcome]:
        """Record that the node refused `batch` for a lasting reason: uses up its sequence, so that a retry
        is answered alike. In the same order as appends; the checks 1 to 5 apply first."""

    async def open_producer(self, key: SessionKey, producer: str) -> Opened | None:
        """Open a new epoch of the producer, atomically. None: no such session."""

    async def join(self, key: SessionKey, producer: str | None = None) -> Joined | None:
        """Snapshot, everything after it, tail and rights in one atomic read; opens a producer epoch too when
        `producer` is named. At most 1 000 entries come back; if more follow, read on from the last. None:
        no such session."""

    async def read(self, key: SessionKey, after: int, limit: int = PAGE) -> Page | None:
        """Entries with offset > `after`, at most `limit` of them. None: no such session."""

    async def position(self, key: SessionKey, offset: int) -> Position | None:
        """The position at `offset` on the current log (the one before the oldest entry is still known);
        None if trimmed away, not there yet, or no such session."""

    async def reopen(self, key: SessionKey, evidence: Position, batch: Append) -> Outcome:
        """Open a new epoch because `evidence` is not on the log (checked again, atomically: if it is, or its
        epoch is one that already ended, nothing happens and `Refused("lost_race")`), append `batch` as its
        first, void every right (numbers go on, epoch differs). Offsets and chain go on after the surviving
        tail, so no offset of it ever changes. Of the batch: a repeat answers as an append does; rights and
        condition are not looked at."""

    async def write_snapshot(self, key: SessionKey, snapshot: Snapshot) -> bool:
        """Keep it, and the one before it. Refused (False) if the log does not hold its position, if an equal
        or newer one is kept, or if one of a higher fold version is."""

    async def put_history(self, key: SessionKey, pages: Mapping[int, bytes]) -> None:
        """Keep sealed ended entries under their ordinals; one that is there already stays."""

    async def history(self, key: SessionKey, before: int, limit: int = 50) -> dict[int, bytes]:
        """Sealed ended entries with ordinal < `before`, the newest `limit`."""

    async def trim(self, key: SessionKey, keep_from: int) -> int:
        """Drop entries before `keep_from`, never past the older kept snapshot or a durable cursor; how many went."""

    async def keep_cursor(self, key: SessionKey, name: str, offset: int) -> None:
        """A durable cursor (recorder, outbox) has dealt with everything up to `offset`."""

    async def erase(self, key: SessionKey, tombstone_ttl_s: int) -> None:
        """Remove everything of the session and leave a tombstone: appends are refused `session_erased`,
        reads find nothing and `exists` says why. Every subscriber's sink is told `resynced(None)`."""

    async def exists(self, key: SessionKey) -> Literal["yes", "no", "erased"]:
        """Whether there is such a session (an archived one, too)."""

    async def sessions(
        self,
        tenant: str,
        *,
        participant: str = "",
        label: tuple[str, str] | None = None,
        before: Edge | None = None,
        limit: int = 50,
    ) -> list[Listed]:
        """Sessions of the tenant, newest activity first and of the same ms the greater id first; with `before`, those
        behind it. Page by page each is listed once, whatever is made meanwhile; one in which something happens
        meanwhile goes to the front, where a walk that has not yet listed it does not come again."""

    async def index(self, key: SessionKey, listed: Listed, participants: Sequence[str]) -> None:
        """Write the session's row and its look-ups."""


class Bus(Protocol):
    """Live delivery."""

    async def subscribe(self, key: SessionKey, sink: Sink) -> None:
        """Feed `sink` from now on; when this returns, nothing appended later is missed without `resynced`."""

    async def unsubscribe(self, key: SessionKey, sink: Sink) -> None:
        """Stop feeding it."""

    def signal(self, key: SessionKey, payload: bytes) -> None:
        """Publish an unlogged signal to every node's sinks for the session; may be lost."""


class Duties(Protocol):
    """What nodes share about work: beats, leases, deadlines."""

    async def beat(self, holders: Sequence[str]) -> None:
        """Raise each holder's counter by one. One that is not there begins above all that were removed: who saw it die
        and asks late does not take it for dead again."""

    async def beats(self) -> dict[str, int]:
        """Every holder's counter, in one read."""

    async def forget_holder(self, holder: str, counter: int) -> bool:
        """Remove it if its counter is still `counter`, atomically: whoever gets True deals with its leases."""

    async def held(self, holder: str) -> list[tuple[SessionKey, str]]:
        """The rights (and `conductor`) that the holder has by `hold`."""

    async def hold(self, holder: str, key: SessionKey, right: str) -> None:
        """Note that the holder has it (so that its death finds it)."""

    async def hold_in(self, holder: str, keys: Sequence[SessionKey], right: str) -> None:
        """`hold`, in each of these sessions (one at least)."""

    async def let_go(self, holder: str, key: SessionKey, right: str) -> None:
        """Take the note away."""

    async def claim_conductor(self, key: SessionKey, node: str, seen: str) -> str:
        """If the conductor is still `seen` ("" for nobody), `node` becomes it, atomically. Returns who it is now."""

    async def want(self, tenant: str, agent: str, key: SessionKey, since: int) -> None:
        """Note that the session waits for a worker of the agent (`since` orders the queue; the oldest note stays)."""

    async def unwant(self, tenant: str, agent: str, key: SessionKey) -> None:
        """It no longer does."""

    async def wanted(self, tenant: str, agent: str, limit: int = 100) -> list[SessionKey]:
        """Sessions that wait for the agent, longest first."""

    async def due(self, now: int, limit: int = 100) -> list[tuple[SessionKey, int]]:
        """Sessions whose earliest deadline is at or before `now` (session time, ms)."""

    async def schedule(self, key: SessionKey, deadline: int | None, seen: int | None = None) -> None:
        """Set (or, None, clear) the session's earliest deadline; with `seen`, only if it still is that."""

    async def time(self) -> int:
        """The store's clock, ms since 1970."""


class Rings(Protocol):
    """Hot audio: a hash per track and minute, set if absent."""

    def put_audio(
        self, key: SessionKey, track: str, batches: Mapping[tuple[int, int], bytes]
    ) -> Awaitable[bool]:
        """Keep sealed batches under (minute, field) unless there; a minute expires `RING_MS` after its last write. It
        takes its place in order at once, before whatever is asked of the store after the call. False: there is no
        such session (any more), and nothing was kept."""

    async def audio(self, key: SessionKey, track: str, minute: int) -> dict[int, bytes]:
        """The sealed batches of that minute by field."""

    async def tracks(self, key: SessionKey) -> dict[str, list[int]]:
        """Tracks with their minutes still held."""

    async def drop_audio(
        self, key: SessionKey, track: str, minute: int, fields: Collection[int] | None = None
    ) -> None:
        """Remove that minute (it is in the vault), atomically; with `fields` only those of it: what came meanwhile
        stays."""


class Tickets(Protocol):
    """What nodes share about tickets. Neither is read here."""

    async def holder(self, key: SessionKey, attachment: str) -> bytes | None:
        """What `set_holder` kept for the attachment; None if nothing is known (any more)."""

    async def set_holder(
        self, key: SessionKey, attachment: str, value: bytes, expected: bytes | None
    ) -> bool:
        """Keep `value` (not empty) if `expected` is what is kept now, atomically; False if it is not, or if
        there is no such session. The oldest go beyond `MOST_HOLDERS` and after `TICKETS_KEPT_MS`."""

    async def revoke(self, what: bytes) -> int:
        """Keep that this was called back, for `TICKETS_KEPT_MS`. Returns when it was noted (store's clock, ms)."""

    async def revocations(self, since: int) -> list[tuple[bytes, int]]:
        """What was noted at `since` or later, with when, oldest first."""


class Store(Log, Bus, Duties, Rings, Tickets, Refusing, Rostering, Resting, Accounting, Protocol):
    """All of it, behind one door."""

    async def close(self) -> None:
        """Let go of connections; what was acknowledged stays."""

    async def memory(self) -> tuple[int, int]:
        """Bytes used and the limit (0: none)."""


class StoreUnavailable(Exception):
    """The store did not answer in time; the outcome is unknown, the same bytes may be sent again."""
