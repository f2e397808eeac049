"""Tickets: what a signed, expiring credential says, and what that lets its holder do.

A ticket names tenant, session, participant, role and capabilities. What it does not say, its holder may
not do: a role is only ever read from a ticket, and its capabilities are listed one by one, so that a
later version of the hub gives nobody more. A role also has a ceiling; a ticket above it is no ticket.

Three kinds. An *access* ticket attaches, works and calls HTTP for ten minutes. A *resume* ticket continues
one attachment, is bound to the key of its holder, and has one holder at a time (`holder.py`). An *invite*
is handed on: a link, a QR code, an agent's configuration. One that is good `once` is a link to another device: the
first key that attaches with it has it, and nobody else.

On the wire it is a JWT (RFC 7519) whose claims are short: `ten ses sub rol nam cap ski att org one`, `cnf` with `jkt`
(RFC 7638 thumbprint) and `jwk` (RFC 7800), and the registered `iss aud exp nbf iat jti`. Times are integers,
seconds UTC, passed in; two clocks may differ by 30 s. Signing is `hub.keys.signer`.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from legato.session.capability import CAPABILITIES as CAPABILITIES
from legato.session.capability import NEEDS as NEEDS
from legato.session.capability import Capability as Capability
from legato.session.capability import permits
from legato.session.events import Role
from legato.session.ids import hosts, well_formed, well_formed_tenant
from legato.session.proof_key import ProofKey, ProofKeyInvalid
from legato.session.skills import Skills, named, possible, skills_of, within

Kind = Literal["access", "resume", "invite"]

ANY_SESSION: Final = "*"
LEEWAY_S: Final = 30
LIFE_S: Final[Mapping[Kind, int]] = {"access": 600, "resume": 30 * 86_400, "invite": 86_400}
MOST_LIFE_S: Final[Mapping[Kind, int]] = {"access": 600, "resume": 30 * 86_400, "invite": 30 * 86_400}
ONCE_S: Final = 600
MOST_ONCE_S: Final = 3_600
"""How long an invite is good that is good once: by default, and at most."""

KINDS: Final[frozenset[str]] = frozenset(get_args(Kind))
ROLES: Final[frozenset[str]] = frozenset(get_args(Role))
MOST_EXACT: Final = 2**53 - 1
MOST_NAME: Final = 64

_USER: Final = frozenset({"read", "publish", "steer", "approve", "end", "invite"})
_AGENT: Final = frozenset({"read", "publish", "work", "label", "end"})
_OPERATOR: Final = _USER | {"label", "monitor", "whisper", "takeover", "list"}
_SUPERVISOR: Final = _OPERATOR | {"create", "export", "erase"}
_OBSERVER: Final = frozenset({"read", "monitor"})

DEFAULTS: Final[Mapping[Role, frozenset[str]]] = {
    "user": _USER,
    "agent": _AGENT,
    "operator": _OPERATOR,
    "supervisor": _SUPERVISOR,
    "observer": _OBSERVER,
}
"""What a role gets when nothing else is asked for."""

CEILINGS: Final[Mapping[Role, frozenset[str]]] = {
    "user": _USER | {"label", "export", "simulate"},
    "agent": _AGENT | {"invite", "list", "create", "export", "simulate"},
    "operator": _OPERATOR | {"create", "export", "erase", "mint", "simulate"},
    "supervisor": CAPABILITIES - {"work"},
    "observer": _OBSERVER | {"list", "export"},
}
"""The most that a role may be given."""

_KNOWN: Final = {each: each for each in (*DEFAULTS.values(), *CEILINGS.values())}
"""What most tickets say, once: whoever is connected has one."""

_SESSION_BOUND: Final[frozenset[str]] = frozenset({"user", "observer"})


class TicketInvalid(ValueError):
    """Claims that make no ticket. `detail` is a constant for the log; it quotes nothing of the ticket."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a ticket says. Times are seconds UTC; `attachment` and `key` are set in resume tickets.

    `id` has 128 random bits and is also the nonce that the holder of `key` signs. `thumbprint` binds the
    ticket to a key (empty: to none). `origin` is the id of the ticket that this one came of (empty: of none);
    who calls that back calls back both. `skills`: None is all. An impossible ticket cannot be made: `TicketInvalid`.
    """

    kind: Kind
    tenant: str
    session: str
    participant: str
    role: Role
    capabilities: frozenset[str]
    id: str
    issued: int
    not_before: int
    expires: int
    name: str = ""
    attachment: str = ""
    thumbprint: str = ""
    key: ProofKey | None = None
    origin: str = ""
    once: bool = False
    skills: Skills = None

    def __post_init__(self) -> None:
        _check(self.kind in KINDS, "kind")
        _check(well_formed_tenant(self.tenant), "ten")
        _check(self.session == ANY_SESSION or well_formed(self.session), "ses")
        _check(well_formed(self.participant), "sub")
        _check(self.role in ROLES, "rol")
        _check(self.capabilities <= CEILINGS[self.role], "cap_above_role")
        _check(well_formed(self.id), "jti")
        _check(len(self.name) <= MOST_NAME and all(map(_printable, self.name)), "nam")
        _check(self.attachment == "" or well_formed(self.attachment), "att")
        _check(possible(self.skills), "ski")
        _check(self.origin == "" or well_formed(self.origin), "org")
        _check(self.key is None or self.key.thumbprint == self.thumbprint, "cnf")
        self._check_times()
        self._check_bonds()

    def allows(self, capability: Capability) -> bool:
        """Whether the holder may do what `capability` names."""
        return capability in self.capabilities

    def allows_command(self, command: str) -> bool:
        """Whether the holder may send commands of this type (its name on the wire)."""
        return permits(self.capabilities, self.role, command)

    @property
    def root(self) -> str:
        """The `origin` of what comes of this ticket."""
        return self.origin or self.id

    def covers(self, tenant: str, session: str) -> bool:
        """Whether the ticket is for that session: one it does not cover must look like none at all."""
        return self.tenant == tenant and self.session in (ANY_SESSION, session)

    def _check_times(self) -> None:
        for claim, seconds in (("iat", self.issued), ("nbf", self.not_before), ("exp", self.expires)):
            _check(0 <= seconds <= MOST_EXACT, claim)
        _check(self.not_before < self.expires and self.issued < self.expires, "exp")
        _check(self.expires - min(self.issued, self.not_before) <= MOST_LIFE_S[self.kind], "exp_too_late")

    def _check_bonds(self) -> None:
        if self.kind == "resume":
            _check(self.session != ANY_SESSION, "ses")
            _check(self.attachment != "", "att")
            _check(self.thumbprint != "", "cnf")
        if self.once:
            _check(self.kind == "invite" and self.session != ANY_SESSION, "one")
            _check(self.expires - self.issued <= MOST_ONCE_S, "exp_too_late")
        if self.role in _SESSION_BOUND:
            _check(self.session != ANY_SESSION, "ses")


def new_ticket(
    kind: Kind,
    *,
    id: str,
    now: int,
    tenant: str,
    session: str,
    participant: str,
    role: Role,
    capabilities: frozenset[str] | None = None,
    life: int | None = None,
    name: str = "",
    attachment: str = "",
    key: ProofKey | None = None,
    skills: Skills = None,
) -> Ticket:
    """A ticket good from `now` (seconds UTC) for `life` seconds, by default as long as its kind lives.

    `id` comes from `new_id`; `capabilities` are by default those of the role. `TicketInvalid`.
    """
    _check(kind in KINDS, "kind")
    _check(role in ROLES, "rol")
    return Ticket(
        kind=kind,
        tenant=tenant,
        session=session,
        participant=participant,
        role=role,
        capabilities=DEFAULTS[role] if capabilities is None else capabilities,
        id=id,
        issued=now,
        not_before=now,
        expires=now + (LIFE_S[kind] if life is None else life),
        name=name,
        attachment=attachment,
        thumbprint="" if key is None else key.thumbprint,
        key=key,
        skills=skills,
    )


def check_time(ticket: Ticket, now: int) -> None:
    """`TicketInvalid` unless the ticket is good at `now` (seconds UTC), give or take the leeway."""
    _check(ticket.issued - LEEWAY_S <= now, "iat_in_future")
    _check(ticket.not_before - LEEWAY_S <= now, "nbf_in_future")
    _check(now < ticket.expires + LEEWAY_S, "expired")


def check_grant(parent: Ticket, child: Ticket) -> None:
    """`TicketInvalid` unless the holder of `parent` may be given `child`.

    `mint` makes any ticket within its tenant and session, but never another `mint`. `invite` hands on a
    part of one's own capabilities, to the same role or a humbler one, for oneself or for a guest of one's own: whoever
    names anybody else would be them. Anybody may renew their own.
    """
    _check(parent.tenant == child.tenant, "grant_tenant")
    _check(parent.session in (ANY_SESSION, child.session), "grant_session")
    if parent.allows("mint"):
        _check(not child.allows("mint"), "grant_mint")
        return
    _check(child.capabilities <= parent.capabilities, "grant_capabilities")
    _check(within(child.skills, parent.skills), "grant_skills")
    if child.kind == "invite":
        _check(parent.allows("invite"), "grant_invite")
        _check(child.role in (parent.role, "user", "observer"), "grant_role")
        _check(parent.participant in hosts(child.participant), "grant_participant")
    else:
        _check(child.role == parent.role and child.participant == parent.participant, "grant_other")


def claims_of(ticket: Ticket) -> dict[str, Any]:
    """The claims of a ticket but for `iss` and `aud`, which its signer adds."""
    claims: dict[str, Any] = {
        "jti": ticket.id,
        "iat": ticket.issued,
        "nbf": ticket.not_before,
        "exp": ticket.expires,
        "ten": ticket.tenant,
        "ses": ticket.session,
        "sub": ticket.participant,
        "rol": ticket.role,
        "cap": sorted(ticket.capabilities),
    }
    if ticket.name:
        claims["nam"] = ticket.name
    if ticket.skills is not None:
        claims["ski"] = sorted(ticket.skills)
    if ticket.attachment:
        claims["att"] = ticket.attachment
    if ticket.origin:
        claims["org"] = ticket.origin
    if ticket.once:
        claims["one"] = True
    if ticket.thumbprint:
        claims["cnf"] = {"jkt": ticket.thumbprint}
        if ticket.key is not None:
            claims["cnf"]["jwk"] = ticket.key.jwk()
    return claims


def _same(capabilities: frozenset[str]) -> frozenset[str]:
    return _KNOWN.get(capabilities, capabilities)


def ticket_from(kind: Kind, claims: Mapping[str, Any]) -> Ticket:
    """The ticket that verified `claims` say, or `TicketInvalid`. Unknown claims are ignored."""
    thumbprint, key = _bond(claims.get("cnf", {}))
    capabilities = claims.get("cap")
    if not isinstance(capabilities, list) or not all(isinstance(item, str) for item in capabilities):
        raise TicketInvalid("cap")
    _check(len(set(capabilities)) == len(capabilities), "cap")
    _check(named(claims.get("ski")), "ski")
    return Ticket(
        kind=kind,
        tenant=_text(claims, "ten"),
        session=_text(claims, "ses"),
        participant=_text(claims, "sub"),
        role=cast("Role", _text(claims, "rol")),
        capabilities=_same(frozenset(capabilities)),
        id=_text(claims, "jti"),
        issued=_seconds(claims, "iat"),
        not_before=_seconds(claims, "nbf"),
        expires=_seconds(claims, "exp"),
        name=_text(claims, "nam") if "nam" in claims else "",
        attachment=_text(claims, "att") if "att" in claims else "",
        thumbprint=thumbprint,
        key=key,
        origin=_text(claims, "org") if "org" in claims else "",
        once=_flag(claims, "one"),
        skills=skills_of(claims.get("ski")),
    )


def _bond(confirmation: object) -> tuple[str, ProofKey | None]:
    if not isinstance(confirmation, dict):
        raise TicketInvalid("cnf")
    if not confirmation:
        return "", None
    thumbprint, jwk = confirmation.get("jkt"), confirmation.get("jwk")
    if not isinstance(thumbprint, str) or len(thumbprint) != 43:
        raise TicketInvalid("cnf")
    try:
        return thumbprint, None if jwk is None else ProofKey.from_jwk(jwk)
    except ProofKeyInvalid:
        raise TicketInvalid("cnf") from None


def _text(claims: Mapping[str, Any], claim: str) -> str:
    value = claims.get(claim)
    if not isinstance(value, str) or not value:
        raise TicketInvalid(claim)
    return value


def _seconds(claims: Mapping[str, Any], claim: str) -> int:
    value = claims.get(claim)
    if type(value) is not int:  # a bool is an int, and 1e9 is none
        raise TicketInvalid(claim)
    return value


def _flag(claims: Mapping[str, Any], claim: str) -> bool:
    value = claims.get(claim, False)
    if type(value) is not bool:
        raise TicketInvalid(claim)
    return value


def _printable(character: str) -> bool:
    """Neither a control character nor one that turns the direction of what stands around it."""
    return unicodedata.category(character)[0] != "C" and character not in "\u2028\u2029"


def _check(holds: bool, detail: str) -> None:
    if not holds:
        raise TicketInvalid(detail)
