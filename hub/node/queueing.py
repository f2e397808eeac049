"""Telling who waits for a person where they stand in the queue.

By a signal, and no event: what it says is old in a moment, and nothing rests on it. Each session's turn stands in its
row of the index (`TURN`), so one read of that is enough for all sessions of a tenant that wait on this node, and no
other session is opened for it. A place is told when it changes, and again after a while to who came meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.node.room import Room
from hub.node.tools import Tools
from hub.store.promise import Edge, SessionKey
from legato.session.ids import HUB
from legato.session.queue_rules import MOST_PRIORITY
from legato.session.state import Asking

WAITS: Final = ("_waits", "person")
"""The label by which the index finds sessions that wait for a person. No participant can set it: it is no id."""

TURN: Final = "_turn"
"""The label that says whose turn it is before whose."""

NAME: Final = "queue"
EVERY_MS: Final = 2_000
AGAIN_MS: Final = 10_000
A_PAGE: Final = 200
PAGES: Final = 10
"""Of the tenant's waiting sessions that are looked at: who waits behind so many is told nothing."""


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """What comes before what: the lesser one. `below` is how far its priority is below the highest, `since` a session
    time (ms)."""

    below: int
    since: int
    session: str
    skill: str = field(compare=False)

    @classmethod
    def of(cls, session: str, asking: Asking) -> Turn:
        """That of a request."""
        return cls(MOST_PRIORITY - asking.priority, asking.since, session, asking.skill)

    @classmethod
    def read(cls, session: str, text: str) -> Turn | None:
        """As `text` says it; None: it says none."""
        below, _, rest = text.partition(".")
        since, _, skill = rest.partition(".")
        return cls(int(below), int(since), session, skill) if below.isdigit() and since.isdigit() else None

    @property
    def text(self) -> str:
        """As the index has it."""
        return f"{self.below}.{self.since}.{self.skill}"


def places(turns: Iterable[Turn]) -> dict[str, int]:
    """Where each session stands, 1 being next: before it are those that want the same skill, or none; before one that
    wants none, all."""
    before, found = Counter[str](), dict[str, int]()
    for turn in sorted(turns):
        found[turn.session] = 1 + (before[""] + before[turn.skill] if turn.skill else before.total())
        before[turn.skill] += 1
    return found


class Queueing:
    """See the module. `conducted` gives the rooms of the sessions that this node conducts."""

    def __init__(self, tools: Tools, conducted: Callable[[], Sequence[Room]]) -> None:
        self._tools = tools
        self._conducted = conducted
        self._told: dict[SessionKey, tuple[str, int, int]] = {}

    async def tell(self) -> None:
        """Tell each its place. Raises `StoreUnavailable`."""
        rooms = [room for room in self._conducted() if room.state.asking and not room.state.ended]
        here = {room.key for room in rooms}
        self._told = {key: told for key, told in self._told.items() if key in here}
        for tenant in sorted({key.tenant for key in here}):
            turns = await self._turns(tenant)
            found = places(turns.values())
            for room in rooms:
                asking = room.state.asking
                session = room.key.session
                if room.key.tenant != tenant or asking is None or session not in found:
                    continue
                if turns[session] == Turn.of(session, asking):  # else the index is not as far
                    self._say(room, asking.id, found[session])

    def _say(self, room: Room, request: str, place: int) -> None:
        now = self._tools.now()
        before = self._told.get(room.key)
        if before is None or before[:2] != (request, place) or now - before[2] >= AGAIN_MS:
            self._told[room.key] = request, place, now
            room.signal(HUB, NAME, {"request": request, "place": place})

    async def _turns(self, tenant: str) -> dict[str, Turn]:
        found, before = dict[str, Turn](), None
        for _ in range(PAGES):
            listed = await self._tools.store.sessions(tenant, label=WAITS, before=before, limit=A_PAGE)
            for row in listed:
                if (turn := Turn.read(row.session, row.labels.get(TURN, ""))) is not None:
                    found[row.session] = turn
            if len(listed) < A_PAGE:
                break
            before = Edge.of(listed[-1])
        return found
