"""Tickets called back in the simulated world: every node learns of it through the store, and lets nobody in by them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hub.keys.revocations import Revocation
from hub.store.promise import StoreUnavailable
from legato.client.key import ClientKey
from legato.session.tickets import ANY_SESSION
from legato.wire import down as d
from legato.wire import up as u
from signaling.hall import SWEEP_S, Hall
from signaling.revoking import Revoking
from tests.support.simwire import Wire

if TYPE_CHECKING:
    from tests.support.simdoor import Minted
    from tests.support.world import Host, World

PATIENCE_S = 2.0
"""Time in which an intruder is let in or sent away, where nothing is at fault."""


async def keep_learning(hall: Hall, revoking: Revoking) -> None:
    """What a node does all the time, as `signaling.app` has it do."""
    while True:
        await revoking.learn()
        hall.expel_revoked()
        await asyncio.sleep(SWEEP_S)


async def call_back(world: World, host: Host, minted: Minted) -> None:
    """Somebody asks a node to call a ticket back. It counts once the node has said that it is done."""
    wall = world.desk.wall()
    revocation = Revocation(tenant="main", session=ANY_SESSION, at=wall, id=minted.id)
    try:
        await host.revoking.revoke(revocation)
    except StoreUnavailable:
        return
    world.called_back.append(minted)


class Intruder:
    """Shows an access ticket once."""

    process = "intruder"

    def __init__(self, ticket: str) -> None:
        self.came_in = False
        self._ticket = ticket

    def opened(self, wire: Wire) -> None:
        """The node answers: try it."""
        attach = u.Attach(v=u.VERSION, ticket=self._ticket, producer="c_intruder", key=ClientKey().public())
        wire.up(u.encode_up(attach))

    def received(self, wire: Wire, raw: bytes) -> None:
        """What the node says to it."""
        self.came_in |= isinstance(d.decode_down(raw), d.Attached)
        wire.break_off()

    def closed(self, wire: Wire) -> None:
        """It does not come again."""


async def found_within(world: World) -> str:
    """Who is, or comes, in by a ticket that was called back; "" if nobody. For a world at rest."""
    ids = {minted.id for minted in world.called_back}
    for host in world.hosts:
        for line in host.hall:
            if line.arrival is not None and {line.arrival.ticket.id, line.arrival.ticket.origin} & ids:
                return f"{line.arrival.actor.participant} stayed at {host.process}"
        intruders = [Intruder(minted.text) for minted in world.called_back]
        for intruder in intruders:
            Wire(world.loop, world.random_of(f"intruder:{host.process}"), host.process, host.hall, intruder)
        await asyncio.sleep(PATIENCE_S)
        if any(intruder.came_in for intruder in intruders):
            return f"somebody came in at {host.process}"
    return ""
