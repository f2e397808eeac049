"""Who helps, for supervisors: who is at a console, doing what, since when, in which session.

What somebody does in a session is read from the session; which sessions to look at the index tells, so it costs as
much as there are people who help, however many sessions there are. Who is at a console, and in none, is known by its
asking for the queue: that is noted in the store, sealed, every few seconds, for every node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from hub.keys import places
from hub.keys.errors import KeysError
from hub.keys.sealing import Sealer
from hub.node.entries import Keys
from hub.store.promise import Store, StoreUnavailable
from hub.store.rostering import ROSTER_GAP_MS, Seen
from legato.session.helping import Doing, helping
from legato.session.routing import PEOPLE
from legato.session.state import State
from legato.session.tickets import Ticket
from signaling.http import bodies

NOTED_MS: Final = 3_000
MOST_NOTED: Final = 1_024
PLACE: Final = "_roster"
"""Whose key seals names at rest. It is no session: no session's name begins so."""

_WEIGHS: Final[tuple[Doing, ...]] = ("answering", "reserved", "wrap_up", "listening")


class Said(msgspec.Struct, frozen=True):
    """What is kept of somebody at a console."""

    name: str
    role: str


class Roster:
    """Notes who is at a console. `now`: monotonic ms."""

    def __init__(self, store: Store, keys: Keys, now: Callable[[], int]) -> None:
        self._store, self._keys, self._now = store, keys, now
        self._noted: dict[tuple[str, str], int] = {}

    async def note(self, ticket: Ticket) -> None:
        """Who has this ticket asks for the queue. What cannot be noted now is noted when they ask again."""
        who, now = (ticket.tenant, ticket.participant), self._now()
        if ticket.role not in PEOPLE or now - self._noted.get(who, -NOTED_MS) < NOTED_MS:
            return
        self._noted.pop(who, None)
        self._noted[who] = now
        while len(self._noted) > MOST_NOTED:
            del self._noted[next(iter(self._noted))]
        plain = msgspec.json.encode(Said(ticket.name, ticket.role))
        try:
            sealer = await self._keys.sealer(ticket.tenant, PLACE, create=True)
            sealed = sealer.seal(_place(ticket.participant), plain)
            await self._store.note_here(ticket.tenant, ticket.participant, sealed)
        except (KeysError, StoreUnavailable):
            del self._noted[who]

    async def read(self, tenant: str) -> tuple[int, dict[str, tuple[Seen, Said]]]:
        """The store's clock, and who was noted. Raises `KeysError`, `StoreUnavailable`."""
        now, seen = await self._store.roster(tenant)
        if not seen:
            return now, {}
        sealer = await self._keys.sealer(tenant, PLACE, create=True)
        found = {
            each.participant: (each, said) for each in seen if (said := _opened(sealer, each)) is not None
        }
        return now, found


def operator_rows(
    now: int, noted: dict[str, tuple[Seen, Said]], sessions: Iterable[tuple[str, State]]
) -> list[bodies.OperatorRow]:
    """One row a person, in the order of their names: what weighs most of what they do anywhere, what they have done
    longest first. Who does nothing is `available` at a console, and `away` without one. `now`: the store's clock
    (ms)."""
    at = {who: seen.last + ROSTER_GAP_MS >= now for who, (seen, _) in noted.items()}
    rows: dict[str, list[bodies.OperatorRow]] = {}
    for session, state in sessions:
        for one in helping(state):
            who = state.participants[one.participant]
            here = at.get(who.id, False) or state.liveness(who.id) == "online"
            rows.setdefault(who.id, []).append(
                bodies.OperatorRow(
                    participant=who.id, name=who.name, role=who.role, state=one.doing, since=one.since,
                    here=here, session=session, users=users_of(state), more=0,
                )
            )  # fmt: skip
    for id, (seen, said) in noted.items():
        if id not in rows:
            free = ("available", seen.since) if at[id] else ("away", seen.last)
            rows[id] = [
                bodies.OperatorRow(
                    participant=id, name=said.name, role=said.role, state=free[0], since=free[1],
                    here=at[id], session="", users=[], more=0,
                )
            ]  # fmt: skip
    return sorted(map(_foremost, rows.values()), key=lambda row: (row.name.lower(), row.participant))


def users_of(state: State) -> list[str]:
    """The names of a session's users."""
    people = (each for each in state.participants.values() if not each.left and each.role == "user")
    return [each.name or each.id for each in people]


def _foremost(rows: Sequence[bodies.OperatorRow]) -> bodies.OperatorRow:
    first = min(rows, key=lambda row: (_weight(row.state), row.since, row.session))
    return msgspec.structs.replace(first, more=len(rows) - 1)


def _weight(state: str) -> int:
    return next((at for at, doing in enumerate(_WEIGHS) if doing == state), len(_WEIGHS))


def _place(participant: str) -> places.Place:
    return places.record(f"roster:{participant}", 1)


def _opened(sealer: Sealer, seen: Seen) -> Said | None:
    try:
        return msgspec.json.decode(sealer.open(_place(seen.participant), seen.said), type=Said)
    except (KeysError, msgspec.DecodeError):
        return None
