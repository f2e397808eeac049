"""The doors of a simulated node: what `signaling.app` puts together, without a port. Wires of the simulated network
(`tests.support.simwire`) arrive at its hall, each at a line with a connection machine of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from hub.keys.anchors import Anchors
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


@dataclass(frozen=True, slots=True)
class Minted:
    """An access ticket that somebody was given."""

    id: str
    text: str


class TicketDesk:
    """Who signs for the whole hub. `wall`: seconds UTC. `given`: the access tickets of each participant."""

    def __init__(self, wall: Callable[[], int], random_bytes: RandomBytes) -> None:
        self.wall = wall
        self.given: dict[str, list[Minted]] = {}
        self._signer = signer_of(RevocationList())
        self.positions = Positions(b"p" * 32)
        self._random_bytes = random_bytes

    def ticket(self, participant: str, role: Role, session: str = ANY_SESSION) -> str:
        """An access ticket."""
        now = self.wall()
        more = {"work"} if session == ANY_SESSION else set()
        id = new_id("j", self._random_bytes)
        text = self._signer.mint(
            Ticket(
                kind="access", tenant="main", session=session, participant=participant, role=role,
                capabilities=DEFAULTS[role] | more, id=id, issued=now, not_before=now, expires=now + LIFE_S,
            )
        )  # fmt: skip
        self.given.setdefault(participant, []).append(Minted(id, text))
        return text


def signer_of(revocations: RevocationList) -> TicketSigner:
    """Whoever has the hub's keys: the desk, and each node with what it knows to be called back."""
    return TicketSigner(Keyring.shared(b"t" * 32), revocations)


def open_doors(
    node: Node,
    store: Store,
    keys: KeyStore,
    desk: TicketDesk,
    vault: Vault,
    now: Callable[[], int],
    random_bytes: RandomBytes,
    revocations: RevocationList | None = None,
) -> Hall:
    """The hall of a node. `revocations`: what it knows to be called back."""
    revocations = RevocationList() if revocations is None else revocations
    signer = signer_of(revocations)
    return hall_of(
        cast("PromisedNode", node),
        DoorKeys(
            signer=signer,
            positions=desk.positions,
            sealers=keys,
            revocations=revocations,
            anchors=Anchors(b"a" * 32),
        ),
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
