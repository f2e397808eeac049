"""Workers that are connected here: registered at the node, offered sessions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from hub.keys.signer import Signer
from hub.node.promise import Node
from hub.store.promise import SessionKey
from legato.session.agent_labels import worded
from legato.session.ids import RandomBytes, new_id, well_formed
from legato.session.tickets import DEFAULTS, LIFE_S, Ticket
from legato.wire import down
from legato.wire.up import Capacity, Decline, Work
from signaling.connection import close_codes
from signaling.connection.effects import NEVER

if TYPE_CHECKING:
    from signaling.connection.line import Line

log: Final = logging.getLogger("legato.staff")
MOST_CAPACITY: Final = 10_000
MOST_AGAIN_MS: Final = 600_000
"""For how long a worker that refused a session is not asked again, at most."""

KEPT_OFFERS: Final = 1_000
WORKER_BEAT_MS: Final = 900
"""Three of them in silence, and the worker is out of reach: within 3 s people are told."""


@dataclass(slots=True)
class _Job:
    """What a worker's line stands for."""

    ticket: Ticket
    agent: str
    worker: str
    capacity: int
    offers: dict[str, SessionKey] = field(default_factory=dict)


class Staff:
    """The workers' side of a hall. `wall` gives seconds UTC."""

    def __init__(
        self, node: Node, signer: Signer, wall: Callable[[], int], random_bytes: RandomBytes, nodes: list[str]
    ) -> None:
        self._node = node
        self._signer = signer
        self._wall = wall
        self._random_bytes = random_bytes
        self._nodes = nodes
        self._jobs: dict[Line, _Job] = {}

    def ticket(self, line: Line) -> Ticket | None:
        """The ticket by which the line's worker came, if it is one."""
        job = self._jobs.get(line)
        return None if job is None else job.ticket

    def hired(self, line: Line, ticket: Ticket, work: Work) -> down.Working:
        """Register the worker of this line. A worker that comes again replaces itself."""
        for other, job in tuple(self._jobs.items()):
            if (job.ticket.tenant, job.agent, job.worker) == (ticket.tenant, work.name, work.worker):
                del self._jobs[other]
                other.close(close_codes.REPLACED, "replaced", NEVER)
        self._jobs[line] = _Job(ticket, work.name, work.worker, work.capacity)
        offer = partial(self._offer, line)
        labels = frozenset(worded(work.labels).split())
        self._node.register_worker(ticket.tenant, work.name, work.worker, work.capacity, offer, labels)
        return down.Working(
            node=self._node.name,
            beat_ms=WORKER_BEAT_MS,
            nodes=self._nodes,
            carries=line.channels is not None,
        )

    def says(self, line: Line, what: Decline | Capacity) -> None:
        """It declines an offer, or would take so many more."""
        job = self._jobs.get(line)
        if job is None:
            return
        of = (job.ticket.tenant, job.agent, job.worker)
        if isinstance(what, Capacity):
            self._node.worker_capacity(*of, max(0, min(what.free, MOST_CAPACITY)))
        elif (key := job.offers.pop(what.offer, None)) is not None:
            if what.again_ms:
                reason = what.reason if well_formed(what.reason) else "refused"
                log.info("a worker refused a session", extra={"worker": job.worker, "reason": reason})
            self._node.decline(*of, key, max(0, min(what.again_ms, MOST_AGAIN_MS)))

    def leave(self, line: Line) -> None:
        """The line is closed."""
        job = self._jobs.pop(line, None)
        if job is not None:
            self._node.worker_lost(job.ticket.tenant, job.agent, job.worker)

    def _offer(self, line: Line, key: SessionKey, participant: str, expires_ms: int) -> None:
        job = self._jobs.get(line)
        if job is None:
            return
        now = self._wall()
        ticket = Ticket(
            kind="access",
            tenant=key.tenant,
            session=key.session,
            participant=participant,
            role="agent",
            capabilities=DEFAULTS["agent"] & job.ticket.capabilities,
            id=new_id("j", self._random_bytes),
            issued=now,
            not_before=now,
            expires=now + LIFE_S["access"],
            name=job.ticket.name,
            origin=job.ticket.root,
        )
        name = new_id("o", self._random_bytes)
        job.offers[name] = key
        while len(job.offers) > KEPT_OFFERS:
            del job.offers[next(iter(job.offers))]
        line.tell(
            down.Offered(
                offer=name,
                session=key.session,
                tenant=key.tenant,
                ticket=self._signer.mint(ticket),
                participant=participant,
                expires_ms=expires_ms,
            )
        )
