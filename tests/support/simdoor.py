"""The doors of a simulated node: what `signaling.app` puts together, without a port. Wires of the simulated network
(`tests.support.simwire`) arrive at its hall, each at a line with a connection machine of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from hub.keys.keyring import Keyring
from hub.keys.keystore import KeyStore
from hub.keys.positions import Positions
from hub.keys.revocations import RevocationList
from hub.keys.signer import TicketSigner
from hub.node.promise import Node as PromisedNode
from hub.store.promise import Store
from hub.vault import Vault
from legato.session.events import Role
from legato.session.ids import RandomBytes, new_id
from legato.session.tickets import ANY_SESSION, DEFAULTS, Ticket
from signaling.app import DoorKeys, DoorOptions, hall_of
from signaling.connection.limits import ConnectionLimits
from signaling.hall import Hall
from signaling.shares import ShareLimits, Shares

if TYPE_CHECKING:
    from hub.node.node import Node

LIFE_S: Final = 600
LIMITS: Final = ConnectionLimits(waiting_events=8, waiting_bytes=20_000)
"""Little room for those who read slowly, so that it matters."""


class TicketDesk:
    """Who signs for the whole hub. `wall`: seconds UTC."""

    def __init__(self, wall: Callable[[], int], random_bytes: RandomBytes) -> None:
        self.wall = wall
        self.revocations = RevocationList()
        self.signer = TicketSigner(Keyring.shared(b"t" * 32), self.revocations)
        self.positions = Positions(b"p" * 32)
        self._random_bytes = random_bytes

    def ticket(self, participant: str, role: Role, session: str = ANY_SESSION) -> str:
        """An access ticket."""
        now = self.wall()
        more = {"work"} if session == ANY_SESSION else set()
        return self.signer.mint(
            Ticket(
                kind="access", tenant="main", session=session, participant=participant, role=role,
                capabilities=DEFAULTS[role] | more, id=new_id("j", self._random_bytes),
                issued=now, not_before=now, expires=now + LIFE_S,
            )
        )  # fmt: skip


def open_doors(
    node: Node,
    store: Store,
    keys: KeyStore,
    desk: TicketDesk,
    vault: Vault,
    now: Callable[[], int],
    random_bytes: RandomBytes,
) -> Hall:
    """The hall of a node."""
    return hall_of(
        cast("PromisedNode", node),
        DoorKeys(signer=desk.signer, positions=desk.positions, sealers=keys, revocations=desk.revocations),
        DoorOptions(
            store=store,
            vault=vault,
            limits=LIMITS,
            last=node.pass_end.last,
            now=now,
            wall=desk.wall,
            random_bytes=random_bytes,
        ),
        Shares(ShareLimits(), now),
    )
