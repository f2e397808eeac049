"""What the nodes of a simulated world share: every session, the index, notes and counters.

Single-threaded and synchronous, so each method is atomic, as a script is on a real store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Literal, Protocol

from hub.store.accounting import Spent, Used
from hub.store.model.session import SessionModel
from hub.store.promise import Append, Level, Listed, Maker, Outcome, Refused, SessionKey, Stored
from hub.store.refusing import KeptRefusals
from hub.store.resting import Residue
from hub.store.rostering import Seen
from legato.session.ids import RandomBytes
from legato.session.position import Position, epoch_from_bits

Clock = Callable[[], int]


class Subscriber(Protocol):
    """A node's connection, as the server sees it."""

    def published(self, key: SessionKey, entries: Sequence[Stored]) -> None: ...

    def signalled(self, key: SessionKey, payload: bytes) -> None: ...

    def erased(self, key: SessionKey) -> None: ...

    def listens(self, key: SessionKey) -> bool: ...


@dataclass(slots=True)
class Contents:
    """All that is kept. Plain data: a deep copy is a replica."""

    sessions: dict[SessionKey, SessionModel] = field(default_factory=dict)
    tombstones: dict[SessionKey, int] = field(default_factory=dict)
    archived: dict[SessionKey, bytes] = field(default_factory=dict)
    index: dict[SessionKey, tuple[Listed, tuple[str, ...]]] = field(default_factory=dict)
    makers: dict[SessionKey, str] = field(default_factory=dict)
    deadlines: dict[SessionKey, int] = field(default_factory=dict)
    beats: dict[str, int] = field(default_factory=dict)
    highest_beat: int = 0
    """The highest counter that was removed."""

    held: dict[str, set[tuple[SessionKey, str]]] = field(default_factory=dict)
    wanted: dict[tuple[str, str], dict[SessionKey, int]] = field(default_factory=dict)
    revoked: dict[bytes, int] = field(default_factory=dict)
    rosters: dict[str, dict[str, Seen]] = field(default_factory=dict)
    counted: dict[SessionKey, Used] = field(default_factory=dict)
    closed: dict[SessionKey, int] = field(default_factory=dict)
    days: dict[str, dict[str, Spent]] = field(default_factory=dict)
    refused: dict[SessionKey, tuple[int, KeptRefusals]] = field(default_factory=dict)
    refused_of: dict[str, tuple[int, KeptRefusals]] = field(default_factory=dict)


class ModelServer:
    """See the module. `level` is what its acknowledgements name."""

    def __init__(self, clock: Clock, random_bytes: RandomBytes, level: Level = "buffered") -> None:
        self.clock = clock
        self.level = level
        self.contents = Contents()
        self.subscribers: list[Subscriber] = []
        self._random_bytes = random_bytes

    def saved(self) -> Contents:
        """A copy of everything, as an asynchronous replica has it now."""
        return deepcopy(self.contents)

    def restore(self, saved: Contents) -> None:
        """Go on from `saved`: what was appended since is lost, as after a failover."""
        self.contents = deepcopy(saved)

    def session(self, key: SessionKey) -> SessionModel | None:
        """The session; None if there is none or it was erased."""
        return self.contents.sessions.get(key)

    def exists(self, key: SessionKey) -> Literal["yes", "no", "erased"]:
        """Whether there is such a session; a tombstone lasts as long as `erase` said."""
        if key in self.contents.sessions or key in self.contents.archived:
            return "yes"
        return "erased" if self.contents.tombstones.get(key, 0) > self.clock() else "no"

    def create(
        self, key: SessionKey, genesis: Append, labels: Mapping[str, str], maker: Maker | None = None
    ) -> Outcome:
        """Make the log, append its genesis, write its row."""
        self._nearer(key, genesis.deadline)
        known = self.exists(key)
        if known == "erased":
            return Refused("session_erased")
        if known == "yes":
            return self._created_before(key, genesis)
        if maker is not None and len(self._open(key.tenant, maker.participant)) >= maker.most:
            return Refused("too_many", maker.most)
        session = SessionModel(key, epoch_from_bits(self._random_bytes(8)))
        outcome = session.log.append(genesis, self.clock(), self.level)
        if isinstance(outcome, Refused):
            return outcome
        self.contents.sessions[key] = session
        if maker is not None:
            self.contents.makers[key] = maker.participant
        self.contents.index[key] = (
            Listed(key.session, session.log.time, session.log.time, False, dict(labels)),
            (),
        )
        self._publish(key, session, 0)
        return outcome

    def append(self, key: SessionKey, batch: Append) -> Outcome:
        """The append of the promise."""
        self._nearer(key, batch.deadline)
        session = self.session(key)
        if session is None:
            return self.missing(key)
        before = session.log.tail.offset
        outcome = session.log.append(batch, self.clock(), self.level)
        self._publish(key, session, before)
        return outcome

    def refuse(self, key: SessionKey, batch: Append, refusal: Refused) -> Outcome:
        """Keep a refusal that the node decided."""
        session = self.session(key)
        return self.missing(key) if session is None else session.log.refuse(batch, refusal)

    def reopen(self, key: SessionKey, evidence: Position, batch: Append) -> Outcome:
        """A new epoch of the log."""
        self._nearer(key, batch.deadline)
        session = self.session(key)
        if session is None:
            return self.missing(key)
        before = session.log.tail.offset
        epoch = epoch_from_bits(self._random_bytes(8))
        outcome = session.log.reopen(epoch, evidence, batch, self.clock(), self.level)
        self._publish(key, session, before)
        return outcome

    def erase(self, key: SessionKey, tombstone_ttl_s: int) -> None:
        """Everything of the session goes; a tombstone stays."""
        kept = self.contents
        kept.sessions.pop(key, None)
        kept.archived.pop(key, None)
        kept.index.pop(key, None)
        kept.makers.pop(key, None)
        kept.deadlines.pop(key, None)
        kept.refused.pop(key, None)
        kept.tombstones[key] = self.clock() + tombstone_ttl_s * 1000
        for subscriber in self.subscribers:
            subscriber.erased(key)

    def archive(self, key: SessionKey, tail: Position, name: bytes) -> bool:
        """Nothing but a name stays, unless somebody listens."""
        session = self.session(key)
        if session is None or session.log.tail != tail:
            return False
        if any(subscriber.listens(key) for subscriber in self.subscribers):
            return False
        del self.contents.sessions[key]
        self.contents.archived[key] = name
        return True

    def restore_session(self, key: SessionKey, residue: Residue, name: bytes, opening: Append | None) -> bool:
        """Back from a residue, under a new epoch if a batch opens one."""
        kept = self.contents
        if self.session(key) is not None or kept.archived.get(key, b"") != name:
            return False
        if self.exists(key) == "erased":
            return False
        kept.archived.pop(key, None)
        session = kept.sessions[key] = SessionModel.restored(key, residue)
        before = session.log.tail.offset
        if opening is not None:
            session.log.renew(epoch_from_bits(self._random_bytes(8)), opening, self.clock(), self.level)
        self._publish(key, session, before)
        return True

    def missing(self, key: SessionKey) -> Refused:
        """Why there is no such session."""
        return Refused("session_erased" if self.exists(key) == "erased" else "not_found")

    def _open(self, tenant: str, maker: str) -> list[SessionKey]:
        kept = self.contents
        made = [key for key, who in kept.makers.items() if key.tenant == tenant and who == maker]
        return [key for key in made if key in kept.sessions and not kept.index[key][0].ended]

    def _created_before(self, key: SessionKey, genesis: Append) -> Outcome:
        session = self.session(key)
        producer = session.log.producers.get(genesis.producer) if session else None
        kept = producer.window.get(genesis.sequence) if producer else None
        if kept is None or kept[0] != genesis.digest:
            return Refused("already_exists")
        return self.append(key, genesis)

    def _nearer(self, key: SessionKey, deadline: int | None) -> None:
        """An append only ever moves a deadline nearer, and before anything else."""
        if deadline is not None:
            self.contents.deadlines[key] = min(deadline, self.contents.deadlines.get(key, deadline))

    def _publish(self, key: SessionKey, session: SessionModel, before: int) -> None:
        """Tell the subscribers what came after `before`."""
        entries = session.log.page(before, len(session.log.entries)).entries
        for subscriber in self.subscribers if entries else ():
            subscriber.published(key, entries)
