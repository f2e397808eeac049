"""The mux under two honest phones that wander, and a third party who sees and repeats everything.

The model here keeps its own books of who authenticated where, and of every byte. Bounds are set low so that
they are reached.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from signaling.ice import stun
from signaling.ice.mux import Deliver, Effect, Moved, Mux, Transmit
from signaling.ice.paths import Address, Limits
from tests.support.checks import answer, check

SECRET = b"the secret of a hub"
LIMITS = Limits(calls=2, paths=3, trials_per_source=4, trials_per_call=6, sources=3, address_held=5_000)
KEYS = ("one", "two")
HONEST: list[Address] = [("192.0.2.1", 1), ("192.0.2.1", 2), ("192.0.2.2", 1), ("192.0.2.3", 9, "tcp")]
HOSTILE: list[Address] = [("203.0.113.1", 1), ("203.0.113.1", 2), ("203.0.113.2", 1)]
ANYWHERE = HONEST + HOSTILE


class Phone:
    """An honest peer: what it has sent, and how far its stream is."""

    def __init__(self, number: int) -> None:
        self.key = KEYS[number]
        self.ssrc = 1000 + number
        self.password = f"the password of the peer {number}"
        self.next_index = 0
        self.highest = -1


class Wandering(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.ids = 0
        self.mux = Mux(SECRET, self.randomness, LIMITS)
        self.phones = {p.key: p for p in (Phone(0), Phone(1))}
        self.recorded: list[bytes] = []
        self.challenges: list[tuple[str, bytes, Address]] = []
        self.seen_transactions: set[bytes] = set()
        self.audio: dict[bytes, tuple[Phone, int]] = {}
        self.opened: dict[str, set[Address]] = {key: set() for key in KEYS}
        self.proven: set[tuple[str, Address]] = set()
        self.got: dict[Address, int] = {}
        self.sent_unproven: dict[Address, int] = {}

    def randomness(self, size: int) -> bytes:
        self.ids += 1
        return self.ids.to_bytes(size, "big")

    @initialize()
    def calls_open(self) -> None:
        for phone in self.phones.values():
            self.mux.open(phone.key, "peer", phone.password)
            self.mux.claim(phone.key, phone.ssrc)

    # What honest phones do.

    @rule(key=st.sampled_from(KEYS), address=st.sampled_from(HONEST), nominated=st.booleans())
    def phone_checks(self, key: str, address: Address, nominated: bool) -> None:
        made = check(f"{key}:peer", stun.derive_password(SECRET, key), self.randomness(12), nominated)
        before = self.mux.where(key)
        effects = self.arrive(made, address)
        if nominated and effects:
            where = self.mux.where(key)
            assert where is not None
            assert where[0] == address
        elif before is not None and not nominated:
            assert not [e for e in effects if isinstance(e, Moved)]

    @rule(key=st.sampled_from(KEYS), address=st.sampled_from(HONEST), lost=st.booleans())
    def phone_speaks(self, key: str, address: Address, lost: bool) -> None:
        """If the packet is lost, the third party has it and the hub does not."""
        phone = self.phones[key]
        packet = bytes([0x80, 111]) + phone.next_index.to_bytes(2, "big") + bytes(4)
        packet += phone.ssrc.to_bytes(4, "big") + bytes(40)
        self.audio[packet] = (phone, phone.next_index)
        phone.next_index += 1
        if lost:
            self.recorded.append(packet)
        else:
            self.arrive(packet, address)

    @rule(address=st.sampled_from(HONEST))
    def phone_shakes_hands(self, address: Address) -> None:
        self.arrive(bytes([22]) + bytes(60), address)

    @rule(data=st.data())
    def phone_answers_a_challenge(self, data: st.DataObject) -> None:
        reachable = [c for c in self.challenges if c[2] in HONEST]
        if reachable:
            key, challenge, address = data.draw(st.sampled_from(reachable))
            reply = answer(challenge, self.phones[key].password, "192.0.2.1", 1)
            self.proven.add((key, address))
            self.arrive(reply, address)

    # What the hub does.

    @rule(key=st.sampled_from(KEYS), size=st.sampled_from([1, 60, 200, 1200]))
    def hub_sends(self, key: str, size: int) -> None:
        straight = self.mux.straight(key, size)
        sent = [Transmit(bytes(size), straight)] if straight else self.mux.send(key, bytes(size))
        self.book(sent, key)
        assert len({t.address for t in sent}) == len(sent) <= 4
        for transmit in sent[2:] if self.mux.unheard(key) else ():
            assert transmit.address[2:] == ("tcp",) or (key, transmit.address) in self.proven

    @rule(key=st.sampled_from(KEYS), frames=st.sampled_from([4, 5, 200]))
    def hub_goes_on_speaking(self, key: str, frames: int) -> None:
        for _ in range(frames):
            self.hub_sends(key, 60)

    @rule(key=st.sampled_from(KEYS), address=st.sampled_from(ANYWHERE))
    def hub_challenges(self, key: str, address: Address) -> None:
        self.book(self.mux.send_to(key, bytes(100), address), key)

    @rule(address=st.sampled_from(HONEST[3:]))
    def connection_breaks(self, address: Address) -> None:
        self.mux.forget(address)
        assert not self.mux.knows(address)

    @rule(step=st.sampled_from([1, 19, 1000, 4_999, 5_000, 100_000]))
    def time_passes(self, step: int) -> None:
        self.now += step

    # What the third party does: everything it has seen, from anywhere of its own.

    @rule(data=st.data(), address=st.sampled_from(HOSTILE))
    def hostile_repeats(self, data: st.DataObject, address: Address) -> None:
        if self.recorded:
            self.arrive(data.draw(st.sampled_from(self.recorded[-30:])), address)

    @rule(
        noise=st.binary(max_size=60) | st.sampled_from([b"", bytes([22]) * 50, bytes([21, 254, 253]) * 9]),
        address=st.sampled_from(HOSTILE),
    )
    def hostile_sprays(self, noise: bytes, address: Address) -> None:
        self.arrive(noise, address)

    @rule(key=st.sampled_from(KEYS), number=st.integers(0, 65_535), address=st.sampled_from(HOSTILE))
    def hostile_forges_audio(self, key: str, number: int, address: Address) -> None:
        ssrc = self.phones[key].ssrc.to_bytes(4, "big")
        self.arrive(bytes([0x90, 111]) + number.to_bytes(2, "big") + bytes(4) + ssrc + bytes(40), address)

    # The books.

    def arrive(self, datagram: bytes, address: Address) -> list[Effect]:
        self.got[address] = self.got.get(address, 0) + len(datagram)
        self.recorded.append(datagram)
        opened_before = {key: set(found) for key, found in self.opened.items()}
        fresh_for = self.authenticates(datagram)
        effects = self.mux.receive(datagram, address, self.now)
        if fresh_for is not None and self.mux.knows(address):
            self.opened[fresh_for].add(address)
        for effect in list(effects):
            if isinstance(effect, Deliver):
                effects += self.judge(effect, opened_before)
        for effect in effects:
            if isinstance(effect, Moved):
                assert effect.new in self.opened[effect.key], "moved to where nothing authentic came from"
        self.book([e for e in effects if isinstance(e, Transmit)], None)
        return effects

    def authenticates(self, datagram: bytes) -> str | None:
        """The call that this datagram is a check for which nobody has made before."""
        read = stun.read_check(datagram)
        if read is None or read.hub_ufrag not in KEYS or read.transaction in self.seen_transactions:
            return None
        self.seen_transactions.add(read.transaction)
        return read.hub_ufrag

    def judge(self, effect: Deliver, opened: dict[str, set[Address]]) -> list[Effect]:
        """What a call does with what it is given: it knows authentic audio, and which is the newest."""
        assert effect.datagram, "an empty datagram was delivered"
        if effect.datagram[0] < 128 or not effect.trial:
            assert effect.address in opened[effect.key], "delivered from where nothing authentic came from"
        known = self.audio.get(effect.datagram)
        if known is None or known[0].key != effect.key or known[1] <= known[0].highest:
            return []
        phone, index = known
        phone.highest = index
        if not effect.trial:
            return []
        found = self.mux.newest(effect.key, effect.address, len(effect.datagram), self.now)
        if self.mux.knows(effect.address):
            self.opened[effect.key].add(effect.address)
        return found

    def book(self, sent: list[Transmit], key: str | None) -> None:
        for transmit in sent:
            self.recorded.append(transmit.datagram)
            challenge = transmit.datagram[:2] == b"\0\1"
            for phone in self.phones.values():
                if challenge and f"peer:{phone.key}".encode() in transmit.datagram:
                    self.challenges.append((phone.key, transmit.datagram, transmit.address))
            trusted = transmit.address[2:] == ("tcp",) or any(
                (k, transmit.address) in self.proven for k in (KEYS if key is None else (key,))
            )
            if not trusted:
                so_far = self.sent_unproven.get(transmit.address, 0) + len(transmit.datagram)
                self.sent_unproven[transmit.address] = so_far

    @invariant()
    def nobody_unproven_gets_more_than_three_bytes_for_one(self) -> None:
        for address, sent in self.sent_unproven.items():
            assert sent <= 3 * self.got.get(address, 0), address

    @invariant()
    def a_call_stands_only_where_something_authentic_came_from(self) -> None:
        for key in KEYS:
            where = self.mux.where(key)
            assert where is None or where[0] in self.opened[key]

    @invariant()
    def a_validated_address_was_really_proven(self) -> None:
        for key in KEYS:
            where = self.mux.where(key)
            if where is not None and where[1]:
                assert where[0][2:] == ("tcp",) or (key, where[0]) in self.proven

    @invariant()
    def memory_is_bounded(self) -> None:
        routes = self.mux._routes.values()
        assert all(len(r.paths) <= LIMITS.paths and len(r.challenges) <= 4 for r in routes)
        assert len(self.mux._trials._per_source) <= LIMITS.sources
        assert len(self.mux._addresses._owners) == sum(len(r.paths) for r in routes)


Wandering.TestCase.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
TestWandering = Wandering.TestCase
