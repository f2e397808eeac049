"""The folded state of a session: what a screen and an agent need to go on.

It is small whatever the session's length: open things, and the last `KEPT` ended entries of the
transcript (older ones rest in the paged history under their ordinal). Entries are never changed in
place, so a shallow `copy()` is a snapshot that costs microseconds.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from legato.session.away_state import Alone as Alone
from legato.session.away_state import Notified as Notified
from legato.session.away_state import Push as Push
from legato.session.events import Activity, Medium, Reaches, Role, Runs, Stance
from legato.session.parts import Part, Spoken, Stretch
from legato.session.people_state import Aside as Aside
from legato.session.people_state import Asking as Asking
from legato.session.people_state import Draft as Draft
from legato.session.people_state import Help as Help
from legato.session.people_state import Noted as Noted
from legato.session.people_state import Promised as Promised
from legato.session.people_state import Told as Told

FOLD_VERSION: Final = 31
"""Raised when the same events would fold to another state; a snapshot never replaces one of a higher version."""

KEPT: Final = 20
"""Ended entries of the transcript that the state keeps."""

KEPT_UNKNOWN: Final = 64
"""Events of later versions that the state keeps verbatim."""

BROKEN: Final = -1
"""`deltas` of a message that was given a delta out of order: it takes no more (`decide` lets none into a log)."""

Liveness = Literal["online", "away", "offline", "unreachable", "crashed"]
Status = Literal["open", "finished", "cancelled", "interrupted", "failed"]
ToolStatus = Literal["requested", "approved", "started", "finished", "cancelled", "interrupted", "failed"]


class Participant(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who takes part. `fault` is set while an agent's worker is unreachable or has crashed, since the event at
    offset `fault_at`."""

    id: str
    role: Role
    name: str = ""
    left: bool = False
    activity: Activity = "idle"
    text: str = ""
    step: int = 0
    steps: int = 0
    eta_ms: int = 0
    since: int = 0
    fault: Literal["", "unreachable", "crashed"] = ""
    fault_since: int = 0
    fault_at: int = 0
    window_ms: int = 0
    stance: Stance = ""


class Attachment(msgspec.Struct, frozen=True, omit_defaults=True):
    """One device or tab; `away_since` is when its last connection ended (session time; 0: here), by event `away_at`.
    `attentive`: it shows the session to somebody, as it says. `holds`: its sound waits. `tools`: what it can run.
    `reach`: how far what it gives may go at most, by its ticket."""

    id: str
    participant: str
    device: str = ""
    takes: tuple[Medium, ...] = ("text",)
    gives: tuple[Medium, ...] = ("text",)
    away_since: int = 0
    away_at: int = 0
    call: str = ""
    track: str = ""
    attentive: bool = True
    tools: tuple[str, ...] = ()
    holds: bool = False
    reach: Reaches = "all"


class Right(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who holds a right (nobody: ""; `last` its last worker) and its token's number. `listens`: it never answers."""

    token: int
    holder: str = ""
    worker: str = ""
    attachment: str = ""
    listens: bool = False
    last: str = ""


class Message(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="entry", tag="message"):
    """A message of the transcript. `at` is the offset where it began; `ordinal` counts ended entries from 1 (0: open);
    `deltas` is the index that the next delta carries. `read`: from which character on participants who turned to text
    were shown it; `missed`: who went straight on after a gap, and from which character to which. `heard` counts
    characters and `heard_samples` samples by participant; `settled`: who hears no more of it, be it all or cut off;
    `speech_words` are pairs of characters and samples, `speech` is where it rests. `superseded`: another answer was
    wanted. `aside`: the part of the answer it was written in, not spoken. `brought`: its author brings its sound.
    `asker`: whose turn it answers ("": nobody's)."""

    id: str
    by: str
    at: int
    time: int
    status: Status = "open"
    parts: tuple[Part, ...] = ()
    turn: str = ""
    response: str = ""
    deltas: int = 0
    ordinal: int = 0
    reason: str = ""
    spoken: Spoken | None = None
    heard: dict[str, int] = {}
    read: dict[str, int] = {}
    speech_end: int = -1
    speech_characters: int = 0
    speech_track: str = ""
    heard_samples: dict[str, int] = {}
    settled: tuple[str, ...] = ()
    speech: tuple[Stretch, ...] = ()
    speech_words: tuple[tuple[int, int], ...] = ()
    missed: tuple[tuple[str, int, int], ...] = ()
    superseded: bool = False
    aside: str = ""
    brought: bool = False
    asker: str = ""


class ToolCall(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="entry", tag="tool"):
    """A tool call of the transcript; it has exactly one end. `runner`: who does it, a client's attachment or a node's
    claim. `since`: the session time of its last step. `asker`: whose turn it is made for. The rest is as in
    `ToolRequested`."""

    id: str
    by: str
    at: int
    time: int
    name: str
    arguments: str = ""
    status: ToolStatus = "requested"
    response: str = ""
    key: str = ""
    idempotent: bool = False
    approval: str = ""
    decided_by: str = ""
    text: str = ""
    step: int = 0
    steps: int = 0
    eta_ms: int = 0
    result: str = ""
    reason: str = ""
    ordinal: int = 0
    unknown: bool = False
    runs: Runs = ""
    participant: str = ""
    claim_ms: int = 0
    policy: str = ""
    approval_ms: int = 0
    runner: str = ""
    since: int = 0
    run_ms: int = 0
    asker: str = ""


Entry = Message | ToolCall


class Turn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A turn that is being spoken, waits for an answer, or is being answered by `response`. `started`: the keys of the
    tool calls that were started for it and must not be started again. `again`: the answer that somebody wants another
    one than. `paused`: the answer that was paused when its worker was lost; the next one begins paused."""

    id: str
    participant: str
    status: Literal["speaking", "waiting", "answering"] = "speaking"
    since: int = 0
    at: int = 0
    response: str = ""
    incomplete: bool = False
    started: tuple[str, ...] = ()
    again: str = ""
    paused: str = ""


class Response(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer in progress, or a part of one (of `parent`). Unanswered: `steer`, the direction, and `pausing`, of
    `pause` and `continue`, asked at offsets `steer_at`, `pausing_at`. `text`, `step` of `steps`, `eta_ms`: how far it
    is."""

    id: str
    by: str
    at: int
    turn: str = ""
    parent: str = ""
    cancel_requested: bool = False
    steer: str = ""
    steer_at: int = 0
    pausing: Literal["", "pause", "continue"] = ""
    pausing_at: int = 0
    title: str = ""
    text: str = ""
    step: int = 0
    steps: int = 0
    eta_ms: int = 0


class Answered(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer that ended, and the turn it answered: it may be answered anew. `started` is the turn's."""

    response: str
    turn: str
    participant: str
    started: tuple[str, ...] = ()


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was used, as agents report it, and how many tool calls were started."""

    tokens_in: int = 0
    tokens_out: int = 0
    ms: int = 0
    tool_calls: int = 0


class Reopening(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a tail was lost: `lost_from` to `lost_to` of `previous_epoch`; `checks` are those of `LogReopened`."""

    at: int
    previous_epoch: str
    lost_from: int
    lost_to: int
    checks: str = ""


class State(msgspec.Struct, omit_defaults=True):
    """Everything that the log up to `offset` says, in `time` (session time, ms). `paused` is the answer of which
    nothing more is said or heard for now; `answered` are the last ones that ended. `held`: who lets the users wait;
    `drafts`: what agents suggest to the person who answers; `asking`: a person is wanted; `wrap_ups`: since when people
    who answered have a wrap-up to do; `help`: the stretch of who does, `helped`: the last that are over, `noted`: what
    was left. `unseen`: the ordinal from which on entries ended with nobody here who attends (0: somebody is);
    `unseen_by`: likewise, without each of those who are not here, since the event at the offset in `gone_at`;
    `notified`: what they were told; `pushes`: the
    browsers that want to be. `alone`: since when nobody attends, if it matters."""

    fold: int = FOLD_VERSION
    offset: int = 0
    time: int = 0
    control: int = 0
    created: int = 0
    title: str = ""
    labels: dict[str, str] = {}
    ended: bool = False
    ended_reason: str = ""
    participants: dict[str, Participant] = {}
    attachments: dict[str, Attachment] = {}
    rights: dict[str, Right] = {}
    responder: str = ""
    responder_since: int = 0
    awaited: str = ""
    briefing: str = ""
    entries: dict[str, Entry] = {}
    finished: int = 0
    turns: dict[str, Turn] = {}
    responses: dict[str, Response] = {}
    paused: str = ""
    answered: list[Answered] = []
    held: str = ""
    whispers: list[Aside] = []
    drafts: list[Draft] = []
    asking: Asking | None = None
    wrap_ups: dict[str, int] = {}
    help: Help | None = None
    helped: list[Help] = []
    noted: list[Noted] = []
    unseen: int = 0
    unseen_by: dict[str, int] = {}
    gone_at: dict[str, int] = {}
    notified: dict[str, Notified] = {}
    pushes: dict[str, Push] = {}
    usage: Usage | None = None
    alone: Alone | None = None
    gaps: list[tuple[str, int, int]] = []
    reopened: list[Reopening] = []
    unknown: list[dict[str, Any]] = []

    def copy(self) -> State:
        """A state that changes on its own; the entries are shared, being immutable."""
        twin = msgspec.structs.replace(self)
        for name in _COLLECTIONS:
            setattr(twin, name, getattr(self, name).copy())
        return twin

    # --- what is derived from it

    def waiting_turns(self) -> list[Turn]:
        """Turns that nobody has claimed, oldest first."""
        waiting = (turn for turn in self.turns.values() if turn.status == "waiting")
        return sorted(waiting, key=lambda turn: (turn.at, turn.id))

    def asker_of(self, response: str) -> str:
        """Whose turn a response answers ("": nobody's)."""
        turn = self.turn_of(response)
        return turn.participant if turn is not None else ""

    def turn_of(self, response: str) -> Turn | None:
        """The turn that a response answers, or the one that it is a part of."""
        seen = set[str]()
        while (found := self.responses.get(response)) is not None and response not in seen:
            if found.turn or not found.parent:
                return self.turns.get(found.turn)
            seen.add(response)
            response = found.parent
        return None

    def open_messages(self) -> list[Message]:
        """Messages that may still grow, in the order they began."""
        return [entry for entry in self.open_entries() if isinstance(entry, Message)]

    def open_tools(self) -> list[ToolCall]:
        """Tool calls without an end, in the order they began."""
        return [entry for entry in self.open_entries() if isinstance(entry, ToolCall)]

    def open_entries(self) -> list[Entry]:
        """Messages and tool calls without an end, in the order they began."""
        return sorted((entry for entry in self.entries.values() if entry.ordinal == 0), key=_began)

    def ended_entries(self) -> list[Entry]:
        """The kept entries that ended, in the order they ended."""
        return sorted((entry for entry in self.entries.values() if entry.ordinal), key=_ended)

    def present(self) -> int:
        """How many take part now."""
        return sum(not who.left for who in self.participants.values())

    def liveness(self, participant: str) -> Liveness:
        """Folded over the participant's attachments: online beats away beats offline; an agent's fault beats all."""
        who = self.participants.get(participant)
        if who is None or who.left:
            return "offline"
        if who.fault:
            return who.fault
        here = [each.away_since == 0 for each in self.attachments.values() if each.participant == participant]
        return "online" if any(here) else "away" if here else "offline"

    def transcript(self) -> list[Entry]:
        """The kept entries in the order they began."""
        return sorted(self.entries.values(), key=_began)


def _began(entry: Entry) -> tuple[int, str]:
    return (entry.at, entry.id)


def _ended(entry: Entry) -> int:
    return entry.ordinal


_COLLECTIONS: Final = [
    field.name for field in msgspec.structs.fields(State) if field.default_factory in (dict, list)
]
_encoder: Final = msgspec.json.Encoder(order="deterministic")
_decoder: Final = msgspec.json.Decoder(State)


def encode_state(state: State) -> bytes:
    """Canonical JSON: keys sorted in maps, defaults left out; equal states give equal bytes."""
    return _encoder.encode(state)


def decode_state(raw: bytes) -> State:
    """The state that `encode_state` wrote. Raises `msgspec.DecodeError`."""
    return _decoder.decode(raw)
