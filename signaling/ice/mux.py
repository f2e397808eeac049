"""All calls of a node behind one port: whose is a datagram, and where does a call's answer go.

Who is known: a STUN check names its call by the USERNAME and proves itself by the call's password; every
other datagram belongs to the call that its source address was *opened* for by such a check (RFC 7983 tells
STUN, DTLS and SRTP apart by the first byte). To the unproven the mux is silent, and nothing of theirs
reaches the parsers behind it.

Moving: a phone that changes networks keeps talking from a new address. The call follows

- an SRTP packet that decrypts and is the *newest* of its stream (RFC 9000 §9.3): the mux delivers it
  marked `trial`, within a budget per source and per call, and whoever holds the keys answers `newest`;
- a nominated STUN check whose transaction was never seen before. A recorded check is always recognised
  (`TransactionMemory`), opens no address and is not answered elsewhere than where it first came from.

Neither proves that the *receiver* is at the address (a source can be forged by one who has the keys, and a
copied packet can win a race). So until the new address is validated both addresses get the call, the new
one at most 3 bytes for each received; the old one takes the call back by one newer packet. An address is
validated by the answer to a challenge that only it was sent: our STUN check, an RTCP report that echoes a
sender report, or the DTLS handshake if all of it went to that one address. TCP proves it by itself. Addresses that a
browser merely holds ready are challenged, too: a call that is not heard any more is sent to at all of them (`unheard`).

No sockets, no clock, no randomness: effects are returned, in order.
"""

from collections import Counter
from enum import Enum
from typing import Final, NamedTuple

from signaling.ice import stun
from signaling.ice.paths import (
    DEFAULT_LIMITS,
    MAX_CHALLENGES,
    Address,
    AddressBook,
    Limits,
    Path,
    Randomness,
    Route,
)
from signaling.ice.trials import Trials
from signaling.ice.unheard import AFTER, NEVER, UNTIL


class Transmit(NamedTuple):
    """Send this datagram to this address."""

    datagram: bytes
    address: Address


class Deliver(NamedTuple):
    """A datagram of a call, DTLS or SRTP. If it is on `trial` and proves newest, tell `Mux.newest`."""

    key: str
    datagram: bytes
    address: Address
    trial: bool


class Moved(NamedTuple):
    """A call is sent to `new` from now on; `old` is None at its first address."""

    key: str
    old: Address | None
    new: Address
    validated: bool


class Dialled(NamedTuple):
    """An authentic check by a ticket (`ufrag`), for a call that is not open. Whoever can read the ticket opens it
    under `key` and hands the datagram over again; or leaves it, and the peer meets silence."""

    key: str
    ufrag: str
    peer_ufrag: str


Effect = Transmit | Deliver | Moved | Dialled

TICKET_LENGTH: Final = 64
"""Characters that the user fragment of a ticket has at least; others are much shorter."""


class Dropped(Enum):
    """Why a datagram met silence."""

    EMPTY = "empty"
    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    REPLAYED = "replayed"
    UNOPENED = "unopened"
    OVER_BUDGET = "over_budget"
    ADDRESS_TAKEN = "address_taken"


class MuxFull(Exception):
    """The node holds as many calls as it may."""

    def __init__(self, calls: int) -> None:
        super().__init__(f"the node already holds {calls} calls")
        self.calls = calls


class Mux:
    """The machine; see the module. Keys are the hub's user fragments, one per call, never used twice; of a call by
    ticket both user fragments with a colon between, for a ticket may serve several calls one after another."""

    def __init__(self, secret: bytes, randomness: Randomness, limits: Limits = DEFAULT_LIMITS) -> None:
        self._secret = secret
        self._randomness = randomness
        self._limits = limits
        self._routes: dict[str, Route] = {}
        self._addresses = AddressBook(limits)
        self._owner = self._addresses.owner
        self._trials = Trials(limits)
        self.dropped: Counter[Dropped] = Counter()

    def open(self, key: str, peer_ufrag: str, peer_password: str) -> str:
        """Take a new call; returns the hub's ICE password. Raises MuxFull, or ValueError for a used key."""
        if key in self._routes:
            raise ValueError(f"call {key} is open already")
        if len(self._routes) >= self._limits.calls:
            raise MuxFull(self._limits.calls)
        password = stun.derive_password(self._secret, key.partition(":")[0])
        self._routes[key] = Route(key, password, peer_ufrag, peer_password)
        return password

    def close(self, key: str) -> None:
        """Forget a call and all its addresses; a key that is not open is no error."""
        route = self._routes.pop(key, None)
        if route is None:
            return
        for path in list(route.paths.values()):
            self._addresses.drop(route, path)
        self._trials.release(key)

    def receive(self, datagram: bytes, address: Address, now: int) -> list[Effect]:
        """Judge one datagram from the network."""
        if not datagram:
            return self._silence(Dropped.EMPTY)
        first = datagram[0]
        if first < 4:
            return self._stun(datagram, address, now)
        owner = self._addresses.owner(address)
        if not (20 <= first < 64 or 128 <= first < 192):
            return self._silence(Dropped.MALFORMED)
        if owner is None:
            return self._stranger(datagram, address, now)
        route, path = owner
        path.receive(len(datagram), now)
        if path is route.active and _is_sound(datagram):
            route.unheard = 0
        if path.validated or path is not route.active:
            return [Deliver(route.key, datagram, address, path is not route.active)]
        return [Deliver(route.key, datagram, address, False), *self._challenge(route, path, now)]

    def settled(self, datagram: bytes, address: Address, now: int) -> str | None:
        """The call whose sound this is, if it comes from where the call is, as nearly all does, and that is validated:
        then there is nothing more to do about it here. None: `receive` must judge it."""
        owner = self._owner(address)
        if owner is None or len(datagram) < 2 or not 128 <= datagram[0] < 192:
            return None
        route, path = owner
        if path is not route.active or not path.validated:
            return None
        path.received += len(datagram)
        path.heard = now
        if not 64 <= datagram[1] & 0x7F < 96:
            route.unheard = 0
        return route.key

    def straight(self, key: str, size: int) -> Address | None:
        """The one validated address to which a datagram of `size` bytes of the call goes; it is booked. None: `send`
        must say."""
        route = self._routes.get(key)
        if route is None:
            return None
        path = route.active
        if path is None or not path.validated:
            return None
        route.unheard += 1
        if route.unheard > AFTER:
            return None
        path.sent += size
        return path.address

    def newest(self, key: str, address: Address, size: int, now: int) -> list[Effect]:
        """The packet of `size` bytes, delivered on trial, is authentic and the newest: move there."""
        route = self._routes.get(key)
        if route is None:
            return []
        path = route.paths.get(address)
        if path is None:
            path = self._addresses.open(route, address, now)
            if path is None:
                return self._silence(Dropped.ADDRESS_TAKEN)
            path.receive(size, now)
        route.unheard = 0
        return self._move(route, path, now)

    def send(self, key: str, datagram: bytes) -> list[Transmit]:
        """A datagram of the call to where it is now: to no, one or two addresses, or more while it is not heard."""
        route = self._routes.get(key)
        if route is None or route.active is None:
            return []
        active, former = route.active, route.former
        size = len(datagram)
        if former is None:
            sent = [Transmit(datagram, active.address)] if active.admit(size) else []
            if route.unheard > AFTER:
                sent += [Transmit(datagram, path.address) for path in route.ready() if path.admit(size)]
                if route.unheard > UNTIL:
                    route.unheard = NEVER
            return sent
        return [Transmit(datagram, p.address) for p in (active, former) if p.admit(size)]

    def unheard(self, key: str) -> bool:
        """Whether sound of the call is missing."""
        route = self._routes.get(key)
        return route is not None and route.unheard > AFTER

    def send_to(self, key: str, datagram: bytes, address: Address) -> list[Transmit]:
        """A datagram to this open address of the call only, as a challenge must be."""
        route = self._routes.get(key)
        path = route.paths.get(address) if route else None
        return [Transmit(datagram, address)] if path is not None and path.admit(len(datagram)) else []

    def validate(self, key: str, address: Address, by_handshake: bool = False) -> None:
        """Something came back that only the receiver at `address` could have known.

        The end of a DTLS handshake is such a thing only if the call was never pointed elsewhere.
        """
        route = self._routes.get(key)
        path = route.paths.get(address) if route else None
        if route and path and not (by_handshake and route.targets > 1):
            route.prove(path)

    def introduce(self, key: str, peer_password: str, now: int) -> list[Transmit]:
        """The peer of a call by ticket says its ICE password: its addresses can be challenged, and are."""
        route = self._routes.get(key)
        if route is None or route.peer_password:
            return []
        route.peer_password = peer_password
        checks = [
            (p, route.challenge(p, self._randomness(12), now)) for p in route.unproven()[:MAX_CHALLENGES]
        ]
        return [Transmit(check, path.address) for path, check in checks if check is not None]

    def claim(self, key: str, ssrc: int) -> None:
        """An authentic stream of the call has this SSRC: by it the call is found at a new address."""
        if key in self._routes:
            self._trials.claim(key, ssrc)

    def forget(self, address: Address) -> None:
        """Nothing can come from or go to this address any more: its TCP connection closed."""
        owner = self._addresses.owner(address)
        if owner is not None:
            self._addresses.drop(*owner)

    def knows(self, address: Address) -> bool:
        """Whether the address is open for some call."""
        return self._addresses.owner(address) is not None

    def where(self, key: str) -> tuple[Address, bool] | None:
        """Where the call is sent to, and whether that address is validated."""
        route = self._routes.get(key)
        return (route.active.address, route.active.validated) if route and route.active else None

    def checked(self, key: str) -> int | None:
        """When the call's last fresh connectivity check came."""
        route = self._routes.get(key)
        return route.checked if route else None

    def _stun(self, datagram: bytes, address: Address, now: int) -> list[Effect]:
        check = stun.read_check(datagram)
        if check is None:
            return self._reply(datagram, address, now)
        route = self._routes.get(check.hub_ufrag) or self._routes.get(f"{check.hub_ufrag}:{check.peer_ufrag}")
        if route is None and len(check.hub_ufrag) >= TICKET_LENGTH:
            return self._dialled(datagram, check)
        if (
            route is None
            or check.peer_ufrag != route.peer_ufrag
            or not stun.authentic(datagram, check, route.password)
        ):
            return self._silence(Dropped.UNAUTHENTICATED)
        fresh = route.seen.add(check.transaction)
        path = route.paths.get(address)
        if path is None:
            if not fresh:
                return self._silence(Dropped.REPLAYED)
            path = self._addresses.open(route, address, now)
            if path is None:
                return self._silence(Dropped.ADDRESS_TAKEN)
        path.receive(len(datagram), now)
        if fresh:
            route.checked = now
        answer = stun.write_success(check.transaction, address[0], address[1], route.password)
        effects: list[Effect] = [Transmit(answer, address)] if path.admit(len(answer)) else []
        if fresh and (route.active is None or (check.nominated and path is not route.active)):
            effects += self._move(route, path, now)
        elif fresh or path is route.active:
            unproven = route.unproven() if path.validated else []
            effects += self._challenge(route, unproven[0] if unproven else path, now)
        return effects

    def _dialled(self, datagram: bytes, check: stun.Check) -> list[Effect]:
        """The password proves that the hub gave this user fragment out; what it says is for others to read."""
        if not stun.authentic(datagram, check, stun.derive_password(self._secret, check.hub_ufrag)):
            return self._silence(Dropped.UNAUTHENTICATED)
        return [Dialled(f"{check.hub_ufrag}:{check.peer_ufrag}", check.hub_ufrag, check.peer_ufrag)]

    def _reply(self, datagram: bytes, address: Address, now: int) -> list[Effect]:
        """The answer to a challenge of ours validates the address that it was sent to."""
        reply = stun.read_reply(datagram)
        if reply is None:
            return self._silence(Dropped.MALFORMED)
        owner = self._addresses.owner(address)
        if owner is None:
            return self._silence(Dropped.UNOPENED)
        route, path = owner
        if not route.answered(path, datagram, reply):
            return self._silence(Dropped.UNAUTHENTICATED)
        path.receive(len(datagram), now)
        route.prove(path)
        return []

    def _stranger(self, datagram: bytes, address: Address, now: int) -> list[Effect]:
        """An RTP packet from an unopened address may be a call that moved; anything else is dropped."""
        if len(datagram) < 13 or datagram[0] < 128 or 64 <= datagram[1] & 0x7F < 96:
            return self._silence(Dropped.UNOPENED)
        ssrc = int.from_bytes(datagram[8:12], "big")
        keys = self._trials.admit(ssrc, address[0], now)
        if keys is None:
            return self._silence(Dropped.UNOPENED)
        return [Deliver(key, datagram, address, True) for key in keys] or self._silence(Dropped.OVER_BUDGET)

    def _move(self, route: Route, path: Path, now: int) -> list[Effect]:
        if path is route.active:
            return []
        old = route.active.address if route.active else None
        route.go(path)
        return [Moved(route.key, old, path.address, path.validated), *self._challenge(route, path, now)]

    def _challenge(self, route: Route, path: Path, now: int) -> list[Effect]:
        """At its first address a call needs no challenge: the handshake is one."""
        first = path is route.active and route.targets == 1
        if path.validated or first or not route.peer_password or not route.may_challenge(now):
            return []
        check = route.challenge(path, self._randomness(12), now)
        return [Transmit(check, path.address)] if check else []

    def _silence(self, why: Dropped) -> list[Effect]:
        self.dropped[why] += 1
        return []


def _is_sound(datagram: bytes) -> bool:
    """Whether a datagram is an audio packet, and no report (RFC 5761)."""
    return len(datagram) > 1 and datagram[0] >= 128 and not 64 <= datagram[1] & 0x7F < 96
