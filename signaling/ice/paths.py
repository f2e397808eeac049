"""What the mux knows of one call: the addresses it was heard from, and how far each is trusted.

An address is *open* once an authentic STUN check (or a newer authentic audio packet) came from it, and
*validated* once something came back that only its receiver could have known. To an open address that is
not validated at most three bytes go for each byte that came (RFC 9000 §8.1).
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from signaling.ice import stun
from signaling.ice.freshness import TransactionMemory
from signaling.ice.unheard import NEVER, also

Address = tuple[Any, ...]
"""Where datagrams come from and go to: IP literal, port, then whatever a shell needs to find its way back."""

Randomness = Callable[[int], bytes]
"""So many random bytes; `os.urandom` outside tests."""

AMPLIFICATION: Final = 3
MAX_CHALLENGES: Final = 4
CHALLENGE_EVERY: Final = 200
"""Milliseconds between two challenges of one address."""


class Limits(NamedTuple):
    """Bounds of the mux; times in milliseconds, rates per second."""

    calls: int = 4096
    paths: int = 8
    trials_per_source: int = 20
    trials_per_call: int = 50
    sources: int = 1024
    calls_per_ssrc: int = 4
    ssrcs_per_call: int = 4
    address_held: int = 30_000
    """For how long after its last packet a validated address cannot be taken by another call."""


DEFAULT_LIMITS: Final = Limits()


class Path:
    """One address of one call, and its account of bytes."""

    __slots__ = ("address", "heard", "received", "sent", "validated")

    def __init__(self, address: Address, now: int, validated: bool) -> None:
        self.address = address
        self.validated = validated
        self.received = 0
        self.sent = 0
        self.heard = now

    def receive(self, size: int, now: int) -> None:
        self.received += size
        self.heard = now

    def admit(self, size: int) -> bool:
        """Whether `size` bytes may go there now; if so they are booked."""
        if not self.validated and self.sent + size > AMPLIFICATION * self.received:
            return False
        self.sent += size
        return True


class Route:
    """One call as the mux sees it: sent to `active`, and to `former` too while `active` is unproven."""

    __slots__ = (
        "active",
        "challenged",
        "challenges",
        "checked",
        "former",
        "hub_ufrag",
        "key",
        "password",
        "paths",
        "peer_password",
        "peer_ufrag",
        "seen",
        "targets",
        "unheard",
    )

    def __init__(self, key: str, password: str, peer_ufrag: str, peer_password: str) -> None:
        self.key = key
        self.hub_ufrag = key.partition(":")[0]
        self.password = password
        self.peer_ufrag = peer_ufrag
        self.peer_password = peer_password
        self.active: Path | None = None
        self.former: Path | None = None
        self.paths: dict[Address, Path] = {}
        self.seen = TransactionMemory()
        self.challenges: dict[bytes, Address] = {}
        self.challenged: int | None = None
        self.checked: int | None = None
        self.targets = 0
        """How many addresses the call was ever pointed at: with one, a finished handshake proves it."""
        self.unheard = NEVER
        """Datagrams sent straight since sound came of the call."""

    def go(self, path: Path) -> None:
        """Send to `path` from now on, and to the last validated address too until `path` is validated."""
        proven = next((p for p in (self.active, self.former) if p is not None and p.validated), None)
        self.former = None if path.validated or proven is path else proven
        self.active = path
        self.challenged = None
        self.targets += 1

    def prove(self, path: Path) -> None:
        path.validated = True
        if path is self.active:
            self.former = None

    def drop(self, path: Path) -> None:
        del self.paths[path.address]
        if path is self.former:
            self.former = None
        if path is self.active:
            self.active, self.former = self.former, None
        self.challenges = {t: a for t, a in self.challenges.items() if a != path.address}

    def ready(self) -> list[Path]:
        """Where the call is sent to besides `active`, because it is not heard: see `unheard`."""
        if self.active is None or self.former is not None:
            return []
        return also(self.active, self.paths.values(), self.unheard)

    def unproven(self) -> list[Path]:
        """The addresses that have still to prove that the peer receives there, the latest heard first."""
        found = [path for path in self.paths.values() if not path.validated]
        return sorted(found, key=lambda path: -path.heard)

    def may_challenge(self, now: int) -> bool:
        """Whether the last challenge is long enough ago; a new address may always be asked."""
        return self.challenged is None or now - self.challenged >= CHALLENGE_EVERY

    def challenge(self, path: Path, transaction: bytes, now: int) -> bytes | None:
        """Ask the receiver at an unproven address for a transaction id that nobody else was sent."""
        check = stun.write_check(transaction, f"{self.peer_ufrag}:{self.hub_ufrag}", self.peer_password)
        if not path.admit(len(check)):
            return None
        while len(self.challenges) >= MAX_CHALLENGES:
            del self.challenges[next(iter(self.challenges))]
        self.challenges[transaction] = path.address
        self.challenged = now
        return check

    def answered(self, path: Path, datagram: bytes, reply: stun.Reply) -> bool:
        """Whether this came from where a challenge was sent, names it, and is authentic; it counts once."""
        if self.challenges.get(reply.transaction) != path.address:
            return False
        if not stun.authentic(datagram, reply, self.peer_password):
            return False
        del self.challenges[reply.transaction]
        return True

    def oldest(self) -> Path | None:
        """The address to give up for a new one: the longest silent of those that carry nothing now."""
        idle = [p for p in self.paths.values() if p is not self.active and p is not self.former]
        return min(idle, key=lambda p: (p.validated, p.heard), default=None)


class AddressBook:
    """Which call an address is open for: one call an address, a bounded number of addresses a call."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._owners: dict[Address, tuple[Route, Path]] = {}
        self.owner = self._owners.get

    def open(self, route: Route, address: Address, now: int) -> Path | None:
        """Open an address for a call; None if another call is at home there, or all its paths are in use."""
        owner = self._owners.get(address)
        if owner is not None:
            if owner[1].validated and now - owner[1].heard < self._limits.address_held:
                return None
            self.drop(*owner)
        if len(route.paths) >= self._limits.paths:
            oldest = route.oldest()
            if oldest is None:
                return None
            self.drop(route, oldest)
        path = route.paths[address] = Path(address, now, validated=address[2:3] == ("tcp",))
        self._owners[address] = (route, path)
        return path

    def drop(self, route: Route, path: Path) -> None:
        """Close an address of a call."""
        route.drop(path)
        del self._owners[path.address]
