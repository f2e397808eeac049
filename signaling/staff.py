"""Workers that are connected here: registered at the node, offered sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hub.keys.signer import Signer
from hub.node.promise import Node
from hub.store.promise import SessionKey
from legato.session.ids import RandomBytes, new_id
from legato.session.tickets import DEFAULTS, LIFE_S, Ticket
from legato.wire import down
from legato.wire.up import Capacity, Decline, Work
from signaling.doorkeeper import LIVE_BEAT_MS

if TYPE_CHECKING:
    from signaling.line import Line


@dataclass(slots=True)
class _Job:
    """What a worker's line stands for."""

    ticket: Ticket
    agent: str
    worker: str
    capacity: int


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
        self._offers: dict[tuple[Line, str], SessionKey] = {}

    def ticket(self, line: Line) -> Ticket | None:
        """The ticket by which the line's worker came, if it is one."""
        job = self._jobs.get(line)
        return None if job is None else job.ticket

    def hired(self, line: Line, ticket: Ticket, work: Work) -> down.Working:
        """Register the worker of this line. A worker that comes again replaces itself."""
        for other, job in tuple(self._jobs.items()):
            if (job.ticket.tenant, job.agent, job.worker) == (ticket.tenant, work.name, work.worker):
                del self._jobs[other]
                other.close(4101, "replaced", -1)
        self._jobs[line] = _Job(ticket, work.name, work.worker, work.capacity)
        self._register(line)
        return down.Working(node=self._node.name, beat_ms=LIVE_BEAT_MS, nodes=self._nodes)

    def says(self, line: Line, what: Decline | Capacity) -> None:
        """A decline leaves the offer to expire with the node; a capacity counts from now on."""
        job = self._jobs.get(line)
        if job is not None and isinstance(what, Capacity) and 0 <= what.free <= 10_000:
            job.capacity = what.free
            self._register(line)

    def leave(self, line: Line) -> None:
        """The line is closed."""
        job = self._jobs.pop(line, None)
        if job is not None:
            self._node.worker_lost(job.ticket.tenant, job.agent, job.worker)

    def _register(self, line: Line) -> None:
        job = self._jobs[line]
        offer = partial(self._offer, line)
        self._node.register_worker(job.ticket.tenant, job.agent, job.worker, job.capacity, offer)

    def _offer(self, line: Line, key: SessionKey, participant: str, expires_ms: int) -> None:
        job = self._jobs.get(line)
        if job is None:
            return
        now = self._wall()
        name = new_id("j", self._random_bytes)
        ticket = Ticket(
            kind="access",
            tenant=key.tenant,
            session=key.session,
            participant=participant,
            role="agent",
            capabilities=DEFAULTS["agent"] & job.ticket.capabilities,
            id=name,
            issued=now,
            not_before=now,
            expires=now + LIFE_S["access"],
            name=job.ticket.name,
        )
        line.tell(
            down.Offered(
                offer=new_id("o", self._random_bytes),
                session=key.session,
                tenant=key.tenant,
                ticket=self._signer.mint(ticket),
                participant=participant,
                expires_ms=expires_ms,
            )
        )
