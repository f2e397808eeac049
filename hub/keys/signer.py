"""Tickets signed and verified (RFC 7519, best practices of RFC 8725).

Whatever is wrong with a ticket, its bearer learns the same: `TicketRefused`, which prints alike for all.
What was wrong goes to the log, as a constant.
"""

import json
import logging
from base64 import urlsafe_b64encode
from collections import OrderedDict
from typing import Any, Final, Protocol

import jwt

from hub.keys.compact import read_header, read_object
from hub.keys.errors import TicketRefused
from hub.keys.keyring import Keyring, TicketKey
from legato.session.tickets import Kind, Ticket, TicketInvalid, check_time, claims_of, ticket_from

TYPES: Final[dict[str, Kind]] = {
    "legato-access+jwt": "access",
    "legato-resume+jwt": "resume",
    "legato-invite+jwt": "invite",
}
ANY_KIND: Final[frozenset[Kind]] = frozenset(TYPES.values())

KNOWN: Final = 4_096
"""Tickets whose signature is known to be good, a node: a few MB."""

_TYPE_OF: Final = {kind: name for name, kind in TYPES.items()}
_LOG: Final = logging.getLogger(__name__)


class Revocations(Protocol):
    """Which tickets were called back before they expired."""

    def revoked(self, ticket: Ticket, session: str = "") -> bool:
        """Whether this ticket is to be refused from now on, shown for that session."""


class Signer(Protocol):
    """What the doors need: tickets to text and back."""

    def mint(self, ticket: Ticket) -> str:
        """The ticket as text, signed. `TicketRefused` if this hub's key may not sign such a one."""

    def verify(self, text: object, now: int, kinds: frozenset[Kind] = ANY_KIND) -> Ticket:
        """The ticket that `text` is, good at `now` (seconds UTC) and of one of `kinds`; `TicketRefused`."""

    def check(self, ticket: Ticket, session: str) -> None:
        """`TicketRefused` if a good ticket, which is for more sessions than this one, was called back in it."""


class TicketSigner:
    """The `Signer` over a keyring. A signature is checked once for each ticket, and not for its own: what can change
    (the time, what was called back) is looked at each time."""

    def __init__(self, keyring: Keyring, revocations: Revocations | None = None) -> None:
        self._keyring = keyring
        self._own = keyring.keys[keyring.sign_with]
        self._revocations = revocations
        self._signatures = jwt.PyJWS()
        self._algorithm = self._signatures.get_algorithm_by_name(self._own.algorithm)
        self._key: Any = None
        self._heads: dict[Kind, bytes] = {}
        self._known: OrderedDict[str, Ticket] = OrderedDict()

    @property
    def known(self) -> int:
        """How many tickets' signatures need not be checked again."""
        return len(self._known)

    def mint(self, ticket: Ticket) -> str:
        own = self._own
        _check_limits(own, ticket)
        claims = {"iss": own.issuer, "aud": self._keyring.audience, **claims_of(ticket)}
        payload = json.dumps(claims, separators=(",", ":")).encode("ascii")
        head = self._heads.get(ticket.kind) or self._head(ticket.kind)
        signed = head + b"." + _unpadded(payload)
        signature = self._algorithm.sign(signed, self._key)
        text = (signed + b"." + _unpadded(signature)).decode("ascii")
        self._know(text, ticket)
        return text

    def _head(self, kind: Kind) -> bytes:
        """The first part of all tickets of the kind, and the key made ready: what the library would do for each, which
        took two thirds of the time."""
        own = self._own
        headers = {"kid": own.id, "typ": _TYPE_OF[kind]}
        text = self._signatures.encode(b"", own.signs, own.algorithm, headers)  # type: ignore[arg-type]
        self._key = self._algorithm.prepare_key(own.signs)
        self._heads[kind] = text.partition(".")[0].encode("ascii")
        return self._heads[kind]

    def verify(self, text: object, now: int, kinds: frozenset[Kind] = ANY_KIND) -> Ticket:
        try:
            return self._verified(text, now, kinds)
        except TicketRefused as refused:
            _LOG.info("ticket refused", extra={"detail": refused.detail})
            raise
        except TicketInvalid as invalid:
            _LOG.info("ticket refused", extra={"detail": invalid.detail})
            raise TicketRefused(invalid.detail) from None

    def check(self, ticket: Ticket, session: str) -> None:
        if self._revocations is not None and self._revocations.revoked(ticket, session):
            _LOG.info("ticket refused", extra={"detail": "revoked"})
            raise TicketRefused("revoked")

    def _verified(self, text: object, now: int, kinds: frozenset[Kind]) -> Ticket:
        ticket = self._known.get(text) if isinstance(text, str) else None
        if ticket is None:
            ticket = self._read(text, kinds)
            self._know(str(text), ticket)
        elif ticket.kind not in kinds:
            raise TicketRefused("type")
        check_time(ticket, now)
        if self._revocations is not None and self._revocations.revoked(ticket):
            raise TicketRefused("revoked")
        return ticket

    def _read(self, text: object, kinds: frozenset[Kind]) -> Ticket:
        """The ticket, if a key of the ring signed it and might."""
        header = read_header(text)
        key = self._keyring.keys.get(header.key_id)
        if key is None:
            raise TicketRefused("key_unknown")
        if header.algorithm != key.algorithm:
            raise TicketRefused("algorithm_not_of_key")
        kind = TYPES.get(header.type)
        if kind is None or kind not in kinds:
            raise TicketRefused("type")
        try:
            payload = self._signatures.decode(str(text), key.verifies, algorithms=[key.algorithm])
        except jwt.InvalidTokenError:
            raise TicketRefused("signature") from None
        claims = read_object(payload)
        if claims.get("iss") != key.issuer:
            raise TicketRefused("iss")
        if claims.get("aud") != self._keyring.audience:
            raise TicketRefused("aud")
        ticket = ticket_from(kind, claims)
        _check_limits(key, ticket)
        return ticket

    def _know(self, text: str, ticket: Ticket) -> None:
        self._known[text] = ticket
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)


def _unpadded(value: bytes) -> bytes:
    return urlsafe_b64encode(value).rstrip(b"=")


def _check_limits(key: TicketKey, ticket: Ticket) -> None:
    if ticket.kind not in key.kinds:
        raise TicketRefused("kind_not_of_key")
    if key.tenants and ticket.tenant not in key.tenants:
        raise TicketRefused("tenant_not_of_key")
