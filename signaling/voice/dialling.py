"""Calls by ticket: pages that call without asking first, after a reload, after an outage, at another node.

A ticket is given out while the page is attached. Its first authentic check makes a call, which takes the place of an
older one of the attachment only when the handshake has shown that it is the ticket's holder who calls; or at
once, if the page says so on its own connection (`dial`), which is quicker by the handshake. A ticket serves
several calls, one after another or at once: the page that comes back tries several ways and keeps the first. From
another attachment a call takes the voice only if its page has said so, and none that was given to one since.

A ticket may be for calls that *wait*: a page at which somebody is about to talk lets the handshake be done beforehand.
Such a call says nothing, hears nothing and is in no log until its page says on its own connection that it calls.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

from hub.keys.call_tickets import LIFE_S, NEXT_LIFE_S, CallTicket, CallTicketInvalid, CallTickets
from hub.keys.errors import KeysError
from hub.store.promise import SessionKey, StoreUnavailable
from legato.wire.up import Dial
from media.rtc.call import Call, CallState, Ending, Terms
from media.rtc.dtls import Role
from media.rtc.rtp import AudioPacket
from media.voice.desk import Desk
from media.voice.ear import Ear
from media.voice.foreseen import Foreseen
from media.voice.owning import Claim, claimed
from media.voice.rest import Report, report_of
from media.voice.session import SessionVoice
from signaling.connection.line import Line
from signaling.ice.mux import Dialled, MuxFull
from signaling.ice.stun import derive_password
from signaling.voice.call_port import CallPort
from signaling.voice.calls import AskedTicket, GivenTicket, NextTicket, OfferRefused
from signaling.voice.certificates import pin_of

MOST_AT_ONCE: Final = 4
"""Calls by one ticket that may stand or be on their way. One more takes the place of one that nobody calls by: a page
that changes networks lets go of what waited, over the network that is dead."""

MOST_WAITING: Final = 512
"""Calls of a node that may wait; each costs as much memory as one that talks."""

WAIT_S: Final = 90.0
"""How long a call may wait: its page makes another one, if somebody is still there."""

JOIN_S: Final = 5.0
MOST_HELD: Final = 50
"""Packets of a call that are kept while its session is opened: a second."""

_FINGERPRINT: Final = re.compile(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", re.ASCII | re.IGNORECASE)
_PASSWORD: Final = re.compile(r"[A-Za-z0-9+/]{22,256}", re.ASCII)
_UFRAG: Final = re.compile(r"[A-Za-z0-9+/]{4,256}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Keys:
    """What tickets are made of and judged by. `wall` gives seconds UTC; `misused` is called when somebody shook hands
    with another certificate than the ticket names."""

    tickets: CallTickets
    ice: bytes
    revoked: Callable[[CallTicket], bool]
    wall: Callable[[], int]
    random_bits: Callable[[int], int]
    misused: Callable[[CallTicket], None] = lambda _: None


@dataclass(slots=True)
class _Caller:
    """One call by ticket, from its first check on."""

    key: str
    ticket: CallTicket
    call: Call | None = None
    voice: SessionVoice | None = None
    ear: Ear | None = None
    taken: bool = False
    """It takes the voice over, or has."""
    begun: bool = False
    announced: bool = False
    ready: bool | None = None
    """Whether its sound is warm, as its page says."""
    heard: Report | None = None
    """What its page says that it played last."""
    name: str = ""
    """Of the call, in the log."""
    claim: Claim | None = None
    """What of the voice it may take, as its page said."""
    foreseen: Foreseen | None = None
    """What of its session's sound was read for it."""
    held: deque[tuple[AudioPacket, int]] = field(default_factory=lambda: deque(maxlen=MOST_HELD))
    patience: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> bool:
        """Its page has not said yet that it calls, and its ticket wants that said."""
        return self.ticket.waits and not self.announced

    @property
    def session(self) -> SessionKey:
        """Whose voice it is about."""
        return SessionKey(self.ticket.tenant, self.ticket.session)

    def hear(self, packet: AudioPacket, now: int) -> None:
        if self.begun and self.voice is not None:
            self.voice.hear(self.ticket.attachment, packet, now)
        elif not self.waiting:
            self.held.append((packet, now))


class Dialling:
    """See the module. `spawn` owns its tasks."""

    def __init__(self, desk: Desk, port: CallPort, keys: Keys, spawn: Callable[[Any], None]) -> None:
        self._desk = desk
        self._port = port
        self._keys = keys
        self._spawn = spawn
        self._callers: dict[str, _Caller] = {}
        port.dialled = self._dialled

    def ticket(self, line: Line, asked: AskedTicket) -> GivenTicket:
        """See `signaling.voice.calls.Calls`."""
        arrival = line.arrival
        assert arrival is not None
        if not _FINGERPRINT.fullmatch(asked.fingerprint):
            raise OfferRefused("the fingerprint is malformed")
        if not (96 <= asked.payload_type <= 127 and 0 <= asked.level_extension <= 14):
            raise OfferRefused("the payload type or the extension is malformed")
        now, certificate = self._keys.wall(), self._port.certificates.current
        ticket = CallTicket(
            tenant=arrival.room.key.tenant,
            session=arrival.room.key.session,
            participant=arrival.actor.participant,
            attachment=arrival.actor.attachment,
            origin=arrival.ticket.root,
            issued=now,
            expires=now + LIFE_S,
            fingerprint=bytes.fromhex(asked.fingerprint.replace(":", "")),
            pin=pin_of(certificate),
            ssrc=self._keys.random_bits(32),
            payload_type=asked.payload_type,
            level_extension=asked.level_extension,
            waits=asked.waits,
        )
        ufrag, password = self._sealed(ticket)
        where = tuple((one.host, one.port, one.transport.value) for one in self._port.candidates())
        later = self._later(ticket)
        return GivenTicket(
            ufrag, password, certificate.fingerprint, ticket.ssrc, where, ticket.expires, later
        )

    def announce(self, line: Line, dial: Dial) -> None:
        """The page of this line says that it calls by a ticket of its own: whatever else it says comes to nothing."""
        arrival, key = line.arrival, dial.call
        ufrag, _, peer_ufrag = key.partition(":")
        if arrival is None or not arrival.ticket.allows("publish") or not _UFRAG.fullmatch(peer_ufrag):
            return
        caller = self._callers.get(key) or self._open(key, ufrag)
        if caller is None or caller.ticket.attachment != arrival.actor.attachment:
            return
        if _PASSWORD.fullmatch(dial.password):
            self._port.introduce(key, dial.password)
        if caller.announced:
            return
        caller.announced, caller.ready = True, dial.ready
        caller.heard = report_of(dial.heard)
        caller.claim = claimed(arrival.room.state, caller.ticket.attachment, again=dial.again)
        if caller.begun and caller.voice is not None:
            caller.voice.claim(caller.claim)
        if caller.patience is not None:
            caller.patience.cancel()
            # What was looked up when it began to wait may be another by now.
            self._spawn(self._join(caller))
        else:
            self._spawn(self._begin(caller))

    # --- inside

    def _later(self, ticket: CallTicket) -> NextTicket | None:
        """What takes its place when it has expired."""
        certificate = self._port.certificates.next
        if certificate is None:
            return None
        later = replace(ticket, expires=ticket.issued + NEXT_LIFE_S, pin=pin_of(certificate))
        return NextTicket(*self._sealed(later), certificate.fingerprint, later.expires)

    def _sealed(self, ticket: CallTicket) -> tuple[str, str]:
        """Its user fragment and password."""
        try:
            ufrag = self._keys.tickets.seal(ticket)
        except CallTicketInvalid:
            raise OfferRefused("the ids are too long for a call ticket") from None
        return ufrag, derive_password(self._keys.ice, ufrag)

    def _dialled(self, dialled: Dialled) -> None:
        self._open(dialled.key, dialled.ufrag)

    def _open(self, key: str, ufrag: str) -> _Caller | None:
        try:
            ticket = self._keys.tickets.open(ufrag)
        except CallTicketInvalid:
            return None
        certificate = self._port.certificates.pinned(ticket.pin)
        if (
            certificate is None
            or (ticket.waits and self._waiting() >= MOST_WAITING)
            or ticket.expires <= self._keys.wall()
            or self._keys.revoked(ticket)
            or (self._port.full and not self._is_here(ticket))
            or not self._has_room(ufrag)
        ):
            return None
        caller = _Caller(key, ticket, name=f"c_{sha256(key.encode()).hexdigest()[:24]}")
        terms = Terms(
            payload_type=ticket.payload_type,
            fingerprints=(ticket.fingerprint.hex(":").upper(),),
            role=Role.CLIENT,
            level_extension=ticket.level_extension or None,
            ssrc=ticket.ssrc,
        )
        self._callers[key] = caller
        try:
            handlers = (caller.hear, lambda call: self._turned(caller, call))
            caller.call = self._port.expect(key, terms, certificate, handlers)
        except MuxFull:
            del self._callers[key]
            return None
        if ticket.waits:
            caller.patience = asyncio.get_running_loop().call_later(WAIT_S, caller.call.close)
        self._spawn(self._join(caller))
        return caller

    def _is_here(self, ticket: CallTicket) -> bool:
        """Whether a call of its attachment is."""
        voice = self._desk.here(SessionKey(ticket.tenant, ticket.session))
        return voice is not None and voice.has_call(ticket.attachment)

    def _has_room(self, ufrag: str) -> bool:
        """Whether one more call by this ticket may come; of those that nobody calls by, the one that has checked its
        way the longest ago makes room."""
        alike = [caller for key, caller in self._callers.items() if key.startswith(f"{ufrag}:")]
        if len(alike) < MOST_AT_ONCE:
            return True
        idle = [caller.call for caller in alike if caller.call and not (caller.announced or caller.taken)]
        if not idle:
            return False
        min(idle, key=lambda call: self._port.mux.checked(call.key) or 0).close()
        return True

    def _waiting(self) -> int:
        return sum(1 for caller in self._callers.values() if caller.waiting)

    async def _join(self, caller: _Caller) -> None:
        ticket, found = caller.ticket, None
        try:
            async with asyncio.timeout(JOIN_S), self._desk.voice(caller.session) as voice:
                if voice is not None and voice.knows(ticket.attachment):
                    found = voice, await voice.ear_for(ticket.attachment, ticket.participant)
        finally:
            if found is None and not caller.taken and caller.call is not None:
                caller.call.close()
        if not caller.taken:
            caller.voice, caller.ear = found or (None, None)
            await self._begin(caller)
        if found is not None and not caller.taken and not caller.waiting:
            await self._foresee(caller, found[0])

    async def _foresee(self, caller: _Caller, voice: SessionVoice) -> None:
        """Read what it is to hear while its handshake goes on; who cannot now may when it stands."""
        caller.foreseen = Foreseen(voice.keeper)
        with suppress(StoreUnavailable, KeysError, TimeoutError):
            await voice.returning(caller.ticket.participant, caller.heard, caller.foreseen)

    async def _begin(self, caller: _Caller) -> None:
        """Take the attachment's voice over, once the caller is known to be its holder."""
        call, voice, ear = caller.call, caller.voice, caller.ear
        if caller.taken or call is None or voice is None or ear is None:
            return
        if caller.waiting or (call.state is not CallState.CONNECTED and not caller.announced):
            return
        caller.taken, returning = True, None
        claim = caller.claim or Claim(caller.ticket.attachment, again=True)
        try:
            who = caller.ticket.participant
            returning = await voice.returning(who, caller.heard, caller.foreseen, claim)
        finally:
            if returning is None:
                call.close()
        if caller.key not in self._callers:
            return
        caller.begun = True
        claim = caller.claim or claim  # its page may have spoken meanwhile
        voice.begin(ear, caller.name, call, returning, ready=caller.ready, claim=claim)
        if call.state is CallState.CONNECTED:
            voice.connected(caller.ticket.attachment, call)
        while caller.held:
            voice.hear(caller.ticket.attachment, *caller.held.popleft())

    def _turned(self, caller: _Caller, call: Call) -> None:
        if call.state is CallState.CONNECTED:
            if caller.begun and caller.voice is not None:
                caller.voice.connected(caller.ticket.attachment, call)
            elif not caller.taken:
                self._spawn(self._begin(caller))
        elif call.state in (CallState.CLOSED, CallState.FAILED):
            if call.ending is Ending.FINGERPRINT:
                self._keys.misused(caller.ticket)
            if caller.patience is not None:
                caller.patience.cancel()
            self._callers.pop(caller.key, None)
            if caller.begun and caller.voice is not None:
                reason = call.ending.value if call.ending is not None else ""
                caller.voice.ended(caller.ticket.attachment, call, reason)
