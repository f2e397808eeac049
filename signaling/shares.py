"""What one participant may have of a node, so that nobody who holds a ticket takes what others need: a pure machine.

Counted by tenant and participant, over all of their tickets: connections that are in, blobs that are under way, HTTP
verbs a second, sessions made a minute. How many of their sessions may be open is said here and counted by the store,
over the hub. Agents, supervisors and whoever may mint tickets are *back ends*: they act for many people, so they may do
more, and their connections are bounded by what a worker takes and by the sockets of the node alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from legato.session.tickets import Ticket
from signaling.connection.allowance import Allowance

Participant = tuple[str, str, bool]

A_MINUTE: Final = 60
BURST_S: Final = 10
"""Verbs may come at once that are allowed in so many seconds."""
KEPT: Final = 20_000
"""Participants whose verbs and sessions are remembered; whom it forgets was seen longest ago, and begins anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLimits:
    """The numbers of one participant at one node (0: no bound). Back ends have the verbs `many_verbs` times and the
    sessions, made and open, `many_sessions` times, `many_uploads` times the blobs under way, and any number of
    connections."""

    connections: int = 256
    verbs_a_second: int = 50
    sessions_a_minute: int = 60
    sessions_open: int = 1_000
    uploads: int = 4
    many_verbs: int = 20
    many_sessions: int = 100
    many_uploads: int = 3


class Shares:
    """See the module. `now` gives monotonic ms."""

    def __init__(self, limits: ShareLimits, now: Callable[[], int]) -> None:
        self._limits = limits
        self._now = now
        self._connections: dict[Participant, int] = {}
        self._uploads: dict[Participant, int] = {}
        self._verbs: dict[Participant, Allowance] = {}
        self._sessions: dict[Participant, Allowance] = {}

    def verb(self, ticket: Ticket) -> int:
        """0 if the holder may ask by HTTP now, which is counted; else in how many ms."""
        rate = self._limits.verbs_a_second * (self._limits.many_verbs if _back_end(ticket) else 1)
        return self._taken(self._verbs, ticket, rate, BURST_S, 1)

    def session(self, ticket: Ticket) -> int:
        """0 if the holder may make a session now, which is counted; else in how many ms."""
        rate = self._limits.sessions_a_minute * (self._limits.many_sessions if _back_end(ticket) else 1)
        return self._taken(self._sessions, ticket, rate, A_MINUTE, A_MINUTE)

    def open(self, ticket: Ticket) -> int:
        """How many sessions that the holder made may be open over the hub (0: any number)."""
        return self._limits.sessions_open * (self._limits.many_sessions if _back_end(ticket) else 1)

    def enter(self, ticket: Ticket, *, back: bool = False) -> bool:
        """Whether the holder may have one connection more; then it is theirs until `leave`. Who comes `back` may find
        the connection that it lost still counted, so twice as many are let in."""
        most = 0 if _back_end(ticket) else self._limits.connections * (2 if back else 1)
        return _one_more(self._connections, _participant(ticket), most)

    def leave(self, ticket: Ticket) -> None:
        """A connection that was let in is over."""
        _one_less(self._connections, _participant(ticket))

    def begin_upload(self, ticket: Ticket) -> bool:
        """Whether the holder may have one blob more under way; then it is until `end_upload`."""
        most = self._limits.uploads * (self._limits.many_uploads if _back_end(ticket) else 1)
        return _one_more(self._uploads, _participant(ticket), most)

    def end_upload(self, ticket: Ticket) -> None:
        """A blob that was let begin is there, or broken off."""
        _one_less(self._uploads, _participant(ticket))

    def _taken(
        self, kept: dict[Participant, Allowance], ticket: Ticket, rate: int, seconds: int, tokens: int
    ) -> int:
        if rate == 0:
            return 0
        who, now = _participant(ticket), self._now()
        allowance = kept.pop(who, None) or Allowance(rate, rate * seconds, now)
        kept[who] = allowance
        if len(kept) > KEPT:
            del kept[next(iter(kept))]
        return allowance.take(now, tokens)


def _one_more(counts: dict[Participant, int], who: Participant, most: int) -> bool:
    held = counts.get(who, 0)
    if 0 < most <= held:
        return False
    counts[who] = held + 1
    return True


def _one_less(counts: dict[Participant, int], who: Participant) -> None:
    counts[who] -= 1
    if not counts[who]:
        del counts[who]


def _back_end(ticket: Ticket) -> bool:
    return ticket.role in ("agent", "supervisor") or ticket.allows("mint")


def _participant(ticket: Ticket) -> Participant:
    return ticket.tenant, ticket.participant, _back_end(ticket)
