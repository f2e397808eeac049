"""Call tickets: what a page needs to call the hub without asking it first, sealed into an ICE user fragment.

The hub gives one out while the page is attached. Later the page makes offer *and* answer by itself and sends a
connectivity check whose USERNAME begins with the ticket; any node of the hub opens it, and knows whose call it is
without a look-up. It is bound to its holder by the fingerprint of the browser's certificate: who only has the ticket
gets no further than the handshake.

    ufrag = base64 (without padding) of: kind | nonce: 12 bytes | AES-256-GCM(fields) | tag: 16 bytes
    fields = u32 issued | u32 expires | fingerprint: 32 bytes | hub's certificate: 8 bytes | u32 ssrc
           | u8 payload type | u8 audio level's extension (0: none) | text × 5
    texts  = tenant, session, participant, attachment, origin (the ticket that the page attached by)

where text(x) is one byte of length and x in ASCII, and kind is 0x01, or 0x02 for calls that wait. The key is
HMAC-SHA-256(the hub's ICE secret, "legato call-ticket"). An ICE user fragment has at most 256 characters
(RFC 8839); ids of the usual length fit well.
"""

import hmac
import struct
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LIFE_S: Final = 86_400
"""Seconds that a call ticket lives: as long as the hub keeps the certificate that it pins."""

NEXT_LIFE_S: Final = 2 * LIFE_S
"""The same of one that pins the hub's next certificate, which is current for a day when its turn has come."""

MAX_UFRAG: Final = 255
"""Characters; what browsers take."""

PIN_SIZE: Final = 8
_CALLS: Final = b"\x01"
_WAITS: Final = b"\x02"
_NONCE: Final = 12
_FIXED: Final = struct.Struct("!II32s8sIBB")
_LABEL: Final = b"legato call-ticket"


class CallTicketInvalid(Exception):
    """It is none of ours, or its ids are too long to be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTicket:
    """Whose call it is. `issued` and `expires` in seconds UTC; `fingerprint` of the browser's certificate (32 bytes of
    SHA-256); `pin`: the first 8 bytes of that of the hub's. `origin`: see the module. `waits`: its calls stand silent
    until their page says that it calls."""

    tenant: str
    session: str
    participant: str
    attachment: str
    origin: str
    issued: int
    expires: int
    fingerprint: bytes
    pin: bytes
    ssrc: int
    payload_type: int
    level_extension: int
    waits: bool = False

    @property
    def id(self) -> str:
        """What a revocation may name: a call ticket has no name of its own."""
        return self.origin


class CallTickets:
    """Seals and opens call tickets under the hub's ICE secret."""

    def __init__(self, ice: bytes, random_bytes: Callable[[int], bytes]) -> None:
        self._cipher = AESGCM(hmac.digest(ice, _LABEL, "sha256"))
        self._random_bytes = random_bytes

    def seal(self, ticket: CallTicket) -> str:
        """The user fragment that stands for the ticket. Raises CallTicketInvalid if it would be too long."""
        kind, nonce = _WAITS if ticket.waits else _CALLS, self._random_bytes(_NONCE)
        sealed = self._cipher.encrypt(nonce, _fields(ticket), kind)
        ufrag = b64encode(kind + nonce + sealed).decode().rstrip("=")
        if len(ufrag) > MAX_UFRAG:
            raise CallTicketInvalid
        return ufrag

    def open(self, ufrag: str) -> CallTicket:
        """What `seal` was given, whoever asks and whenever. Raises CallTicketInvalid, and nothing else, on any text."""
        try:
            raw = b64decode(ufrag + "=" * (-len(ufrag) % 4), validate=True)
            kind = raw[:1]
            if kind not in (_CALLS, _WAITS):
                raise CallTicketInvalid
            plain = self._cipher.decrypt(raw[1 : 1 + _NONCE], raw[1 + _NONCE :], kind)
            return _ticket(plain, waits=kind == _WAITS)
        except (NotBase64, ValueError, InvalidTag):
            raise CallTicketInvalid from None


def _fields(ticket: CallTicket) -> bytes:
    fixed = _FIXED.pack(
        ticket.issued,
        ticket.expires,
        ticket.fingerprint,
        ticket.pin,
        ticket.ssrc,
        ticket.payload_type,
        ticket.level_extension,
    )
    texts = (ticket.tenant, ticket.session, ticket.participant, ticket.attachment, ticket.origin)
    return fixed + b"".join(bytes((len(one),)) + one.encode("ascii") for one in texts)


def _ticket(plain: bytes, *, waits: bool) -> CallTicket:
    issued, expires, fingerprint, pin, ssrc, payload_type, level_extension = _FIXED.unpack_from(plain)
    texts: list[str] = []
    at = _FIXED.size
    for _ in range(5):
        end = at + 1 + plain[at]
        texts.append(plain[at + 1 : end].decode("ascii"))
        at = end
    tenant, session, participant, attachment, origin = texts
    return CallTicket(
        tenant=tenant, session=session, participant=participant, attachment=attachment, origin=origin,
        issued=issued, expires=expires, fingerprint=fingerprint, pin=pin, ssrc=ssrc,
        payload_type=payload_type, level_extension=level_extension, waits=waits,
    )  # fmt: skip
