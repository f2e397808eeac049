"""What HTTP requests and answers hold. The OpenAPI description is made of these."""

from __future__ import annotations

from typing import Any

import msgspec

from legato.session.events import Activity, Medium, Role
from legato.session.state import Liveness
from legato.session.tickets import Capability, Kind
from legato.session.vocabulary import GoOn


class Invited(msgspec.Struct, frozen=True):
    """Somebody who takes part from the beginning, attached or not."""

    participant: str
    role: Role
    name: str = ""


class CreateSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`session`: an id of the caller's making (so that sending it again makes nothing twice: `already_exists`), or one
    is made. `needs`: labels that a worker must have to be offered it. `participants`: 48 at most."""

    session: str = ""
    title: str = ""
    labels: dict[str, str] = {}
    needs: dict[str, str] = {}
    participants: list[Invited] = []


class SessionCreated(msgspec.Struct, frozen=True):
    """The session is there, at `position`."""

    session: str
    tenant: str
    position: str


class SessionRow(msgspec.Struct, frozen=True):
    """A session in a list. Times are session time, ms."""

    session: str
    created: int
    last: int
    ended: bool
    labels: dict[str, str]


class SessionList(msgspec.Struct, frozen=True):
    """Newest activity first; `next` asks for the next page ("": there is none). `before` likewise (0: there is none),
    but passes over the sessions that share the page's last time."""

    sessions: list[SessionRow]
    before: int = 0
    next: str = ""


class SessionState(msgspec.Struct, frozen=True):
    """The folded state (`legato/session/state.py`) and the position it is at."""

    session: str
    position: str
    state: dict[str, Any]


class HistoryAnswer(msgspec.Struct, frozen=True):
    """Ended entries by ordinal, oldest first; `before` asks for the page before it (0: there is none)."""

    entries: list[dict[str, Any]]
    before: int = 0


class EventsAnswer(msgspec.Struct, frozen=True):
    """A page of the log. `first` is the oldest offset still held, `tail` the newest position."""

    events: list[dict[str, Any]]
    first: int
    tail: str


class DoCommands(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One batch: sequence `seq` of this producer. All of it is done, or none."""

    producer: str
    seq: int
    commands: list[msgspec.Raw]


class CommandsDone(msgspec.Struct, frozen=True):
    """The batch is in the log from offset `first` on, and its acknowledgement has that level."""

    seq: int
    first: int
    count: int
    level: str


class PresentAttachment(msgspec.Struct, frozen=True):
    """A device or tab; `away_since` (session time, ms) is 0 while it is here. `holds`: its person lets its sound
    wait."""

    attachment: str
    device: str
    takes: tuple[Medium, ...]
    gives: tuple[Medium, ...]
    away_since: int = 0
    holds: bool = False


class PresentParticipant(msgspec.Struct, frozen=True):
    """Who is there, doing what: `text`, `step` of `steps` and `eta_ms` say how far it is (0: nobody said), of the
    `tool` that runs; and whether they attend."""

    participant: str
    role: Role
    name: str
    liveness: Liveness
    activity: Activity
    attachments: list[PresentAttachment]
    text: str = ""
    step: int = 0
    steps: int = 0
    eta_ms: int = 0
    tool: str = ""
    attentive: bool = False


class PresenceAnswer(msgspec.Struct, frozen=True):
    """Everybody who takes part and has not left; `responder` answers the user (nobody: "")."""

    participants: list[PresentParticipant]
    responder: str
    position: str


class EndSessionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: str = ""


class SessionEnded(msgspec.Struct, frozen=True):
    """The session's end is in the log from offset `first` on."""

    first: int
    count: int
    level: str


class MintTicket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out is as in the caller's own ticket; with nothing said it is renewed. `expires_s` from now.
    `once`: an invite for one device, good for ten minutes if nothing else is said."""

    kind: Kind = "access"
    session: str = ""
    participant: str = ""
    role: Role | None = None
    name: str | None = None
    capabilities: list[Capability] | None = None
    expires_s: int = 0
    once: bool = False
    skills: list[str] | None = None


class TicketMinted(msgspec.Struct, frozen=True):
    """The ticket, and when it expires (seconds UTC)."""

    ticket: str
    id: str
    expires: int


class RevokeTickets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ticket by its id, and whatever came of it; or everything that a participant holds, in a session or
    (left out) in all that the caller's ticket is for."""

    id: str = ""
    participant: str = ""
    session: str = ""


class TicketsRevoked(msgspec.Struct, frozen=True):
    """Refused from now on. Of a participant: what was issued up to `at` (seconds UTC), this second included."""

    at: int


class Heard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of a message's speech was heard: so many samples at 48 kHz, `ago` milliseconds ago; how to go on."""

    message: str
    samples: int
    ago: int = 0
    then: GoOn = ""


class OfferCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page's SDP offer. `heard`: what of the agent's speech it played last, if it played any. `again`: nobody asked
    for this call, the page only calls anew: it takes the voice from no other attachment."""

    sdp: str
    heard: Heard | None = None
    again: bool = False


class CallAnswered(msgspec.Struct, frozen=True):
    """The hub's SDP answer; the page's microphone is `track`."""

    call: str
    sdp: str
    track: str


class AskCallTicket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page asks for a call ticket: the SHA-256 `fingerprint` of its certificate as in SDP, and what its offers say of
    Opus (`payload_type`) and of the audio level's header extension (0: none). `waits`: for calls that stand silent
    until the page says that it calls."""

    fingerprint: str
    payload_type: int = 111
    level_extension: int = 0
    waits: bool = False


class CallCandidate(msgspec.Struct, frozen=True):
    """Where the hub takes calls: an IP address, a port, `udp` or `tcp` (passive)."""

    host: str
    port: int
    transport: str


class NextCallTicket(msgspec.Struct, frozen=True):
    """What takes a call ticket's place when it has expired. `expires`: seconds UTC."""

    ufrag: str
    password: str
    fingerprint: str
    expires: int


class CallTicketGiven(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the hub's answer to an offer will say, so that the page can write it itself. `expires`: seconds UTC."""

    ufrag: str
    password: str
    fingerprint: str
    ssrc: int
    candidates: list[CallCandidate]
    expires: int
    next: NextCallTicket | None = None


class PushAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser's `PushSubscription` says: `p256dh` and `auth` are its keys, base64url."""

    endpoint: str
    p256dh: str
    auth: str


class PushSealed(msgspec.Struct, frozen=True):
    """What the command `subscribe_push` is given."""

    subscription: str
    sealed: str


class Poll(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a long-poll asks: the envelopes after number `after`, waiting at most `wait_ms` for one."""

    connection: str
    after: int
    wait_ms: int = 25_000


class Polled(msgspec.Struct, frozen=True):
    """Envelopes, and the number of the last of them."""

    envelopes: list[dict[str, Any]]
    after: int


class Taken(msgspec.Struct, frozen=True):
    """So many envelopes were taken."""

    taken: int


class Health(msgspec.Struct, frozen=True):
    """Whether the node lives, or is ready; if not, why."""

    ok: bool
    reason: str = ""


class WaitingRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants a person, since session time `since` (ms)."""

    request: str
    reason: str
    skill: str
    priority: int
    since: int
    reserved_for: str
    passed: list[str]


class ApprovalRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tool call waits for somebody of the role `asks` to say yes or no, since session time `since` (ms)."""

    call: str
    name: str
    asks: str
    since: int


class BoardRow(msgspec.Struct, frozen=True, kw_only=True):
    """What goes on in a session. `now`: session time of its last event. `here`: whether a user is online; `turns`:
    how many wait for an answer; `wrap_ups`: who still owes one; `approvals`: what waits for a yes, oldest first.
    `language`: what its label of that name says, or else what it needs of its worker ("": neither)."""

    session: str
    title: str
    language: str
    now: int
    users: list[str]
    here: bool
    voice: bool
    responder: str
    responder_name: str
    by_person: bool
    held: bool
    turns: int
    wrap_ups: list[str]
    waiting: WaitingRow | None
    approvals: list[ApprovalRow]


class BoardAnswer(msgspec.Struct, frozen=True):
    """Sessions, in the order that was asked for. `next`: what asks for the next page ("": that was the last); `before`
    likewise (0), as in a list of sessions."""

    sessions: list[BoardRow]
    before: int = 0
    next: str = ""


class OperatorRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who helps. `state`: answering, reserved, wrap_up, listening (in `session`, for `users`), available or
    away, since `since` (ms); `here`: at a console, or online in the session; `more`: in so many sessions beside it."""

    participant: str
    name: str
    role: str
    state: str
    since: int
    here: bool
    session: str
    users: list[str]
    more: int


class OperatorsAnswer(msgspec.Struct, frozen=True):
    """Who helps, in the order of their names. `now`: the hub's clock (ms)."""

    now: int
    operators: list[OperatorRow]


class UsedOnDay(msgspec.Struct, frozen=True):
    """What the tenant's sessions used on a day (UTC); `sessions`: how many used something for the first time."""

    day: str
    tokens_in: int
    tokens_out: int
    ms: int
    tool_calls: int
    sessions: int


class UsageAnswer(msgspec.Struct, frozen=True):
    """By day, the oldest first."""

    days: list[UsedOnDay]
