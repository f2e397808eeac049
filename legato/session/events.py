"""The facts a session's log is made of.

An event is immutable. Its author and its fields are sealed before they reach the store; the store adds
`offset` and `time` in the act of appending, and the wire carries all of it as one flat JSON object:

    {"type": "message_grown", "by": "p_concierge", "offset": 41, "time": 1795243512345, "message": "m_…", …}

Names are in the past participle. What is added to an event later is optional with a default, what is
not understood is kept verbatim (`Unknown`), and a field never changes its meaning.

*Control* events are those that decisions depend on (rights, ends, tool calls): a conditional append is
refused when one came meanwhile. Streaming words are none, so that no stream can starve a takeover.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import field

from legato.session.away_events import NotificationAttempted as NotificationAttempted
from legato.session.away_events import PushSubscribed as PushSubscribed
from legato.session.away_events import PushUnsubscribed as PushUnsubscribed
from legato.session.cost_events import BudgetExhausted as BudgetExhausted
from legato.session.cost_events import BudgetNeared as BudgetNeared
from legato.session.cost_events import UsageReported as UsageReported
from legato.session.draft_events import DraftDismissed as DraftDismissed
from legato.session.draft_events import DraftUsed as DraftUsed
from legato.session.draft_events import ReplyDrafted as ReplyDrafted
from legato.session.event import ControlEvent as ControlEvent
from legato.session.event import Event as Event
from legato.session.event import Unknown as Unknown
from legato.session.event import concrete
from legato.session.parts import Part, Spoken
from legato.session.people_events import HumanRequested as HumanRequested
from legato.session.people_events import HumanRequestTold as HumanRequestTold
from legato.session.people_events import HumanRequestWithdrawn as HumanRequestWithdrawn
from legato.session.people_events import PromiseMade as PromiseMade
from legato.session.people_events import PromiseWithdrawn as PromiseWithdrawn
from legato.session.people_events import ReservationEnded as ReservationEnded
from legato.session.people_events import SessionReserved as SessionReserved
from legato.session.people_events import StanceChanged as StanceChanged
from legato.session.people_events import UsersHeld as UsersHeld
from legato.session.people_events import UsersReleased as UsersReleased
from legato.session.people_events import Whispered as Whispered
from legato.session.people_events import WrappedUp as WrappedUp
from legato.session.tool_events import ToolDecided as ToolDecided
from legato.session.tool_events import ToolEnded as ToolEnded
from legato.session.tool_events import ToolProgressed as ToolProgressed
from legato.session.tool_events import ToolRequested as ToolRequested
from legato.session.tool_events import ToolsAnnounced as ToolsAnnounced
from legato.session.tool_events import ToolStarted as ToolStarted
from legato.session.vocabulary import Activity as Activity
from legato.session.vocabulary import Budget as Budget
from legato.session.vocabulary import Mark as Mark
from legato.session.vocabulary import Medium as Medium
from legato.session.vocabulary import Notice as Notice
from legato.session.vocabulary import Outcome as Outcome
from legato.session.vocabulary import Reaches as Reaches
from legato.session.vocabulary import Reserved as Reserved
from legato.session.vocabulary import Role as Role
from legato.session.vocabulary import Runs as Runs
from legato.session.vocabulary import Stance as Stance
from legato.session.vocabulary import Steering as Steering
from legato.session.voice_events import ClockSighted as ClockSighted
from legato.session.voice_events import GapMarked as GapMarked
from legato.session.voice_events import HoldChanged as HoldChanged
from legato.session.voice_events import SpeechQueued as SpeechQueued
from legato.session.voice_events import SpeechShown as SpeechShown
from legato.session.voice_events import SpeechSkipped as SpeechSkipped
from legato.session.voice_events import VoiceEnded as VoiceEnded
from legato.session.voice_events import VoiceStarted as VoiceStarted

# --- the session itself


class SessionCreated(ControlEvent, frozen=True, kw_only=True):
    """The first event of a log."""

    labels: dict[str, str] = field(default_factory=dict)
    title: str = ""


class SessionLabelled(Event, frozen=True, kw_only=True):
    """Labels set (an empty value removes one)."""

    labels: dict[str, str]


class SessionEnded(ControlEvent, frozen=True, kw_only=True):
    """Nothing is asked of it any more."""

    reason: str = ""


class LogReopened(ControlEvent, frozen=True, kw_only=True):
    """Offsets `lost_from` to `lost_to` of `previous_epoch` are gone for ever. Every right's token is void. `checks`:
    those of the first of them (8 bytes each, in hex): a position with another is of a tail lost before, unnoticed."""

    previous_epoch: str
    lost_from: int
    lost_to: int
    checks: str = ""


# --- who is there


class ParticipantJoined(Event, frozen=True, kw_only=True):
    """Somebody takes part from here on."""

    participant: str
    role: Role
    name: str = ""


class ParticipantLeft(ControlEvent, frozen=True, kw_only=True):
    """They take part no more."""

    participant: str
    reason: str = ""


class AttachmentOpened(Event, frozen=True, kw_only=True):
    """A device or tab came: what it takes (is shown, hears) and gives. `reach`: how far what it gives may go at most,
    by its ticket."""

    participant: str
    attachment: str
    device: str = ""
    takes: tuple[Medium, ...] = ("text",)
    gives: tuple[Medium, ...] = ("text",)
    reach: Reaches = "all"


class AttachmentAway(Event, frozen=True, kw_only=True):
    """Its last connection ended or fell silent; it has its grace to come back."""

    attachment: str
    reason: str = ""


class AttachmentBack(Event, frozen=True, kw_only=True):
    """It resumed; `gap_ms` is how long it was away, by session time."""

    attachment: str
    gap_ms: int = 0


class AttachmentClosed(Event, frozen=True, kw_only=True):
    """It is over, its rights are free."""

    attachment: str
    reason: Literal["detached", "grace_over", "left", "revoked"] = "detached"


class ModalityChanged(Event, frozen=True, kw_only=True):
    """What an attachment takes and gives from here on."""

    attachment: str
    takes: tuple[Medium, ...]
    gives: tuple[Medium, ...]


class AttentionChanged(Event, frozen=True, kw_only=True):
    """Whether the attachment shows the session to somebody (`audience`) from here on."""

    attachment: str
    attentive: bool


class ActivityChanged(Event, frozen=True, kw_only=True):
    """What a participant is doing. `step` of `steps`, `text` and `eta_ms` are for long work."""

    participant: str
    activity: Activity
    text: str = ""
    step: int = 0
    steps: int = 0
    eta_ms: int = 0


# --- rights


class RightGranted(ControlEvent, frozen=True, kw_only=True):
    """`holder` has `right` from here on, fenced by `token` (with the epoch of this event's position): with the
    process `worker`, or with the device `attachment`. `listens`: it reads along, and never answers."""

    right: str
    holder: str
    token: int
    worker: str = ""
    attachment: str = ""
    listens: bool = False


class RightReleased(ControlEvent, frozen=True, kw_only=True):
    """Nobody holds it."""

    right: str
    token: int
    reason: Literal["released", "crashed", "expired", "taken", "ended"] = "released"


class ResponderChanged(ControlEvent, frozen=True, kw_only=True):
    """Who answers the user from here on (nobody: ""). A person who hands back leaves a `briefing`."""

    participant: str
    reason: str = ""
    briefing: str = ""


class AgentUnreachable(Event, frozen=True, kw_only=True):
    """The worker's connection closed; its lease is kept for `window_ms`."""

    participant: str
    right: str
    window_ms: int = 0


class AgentReachable(Event, frozen=True, kw_only=True):
    """Its worker is back."""

    participant: str
    right: str


class AgentCrashed(ControlEvent, frozen=True, kw_only=True):
    """Its worker did not come back in time: the token is void."""

    participant: str
    right: str
    token: int


class AgentAwaited(ControlEvent, frozen=True, kw_only=True):
    """Nobody took the session in time: it waits for a worker of `agent`, and will be answered when one comes."""

    agent: str


# --- turns, responses, messages


class TurnStarted(Event, frozen=True, kw_only=True):
    """A participant began to speak: the floor is theirs."""

    turn: str
    participant: str


class TurnEnded(Event, frozen=True, kw_only=True):
    """The participant finished. A turn without words (`empty`) asks for no answer."""

    turn: str
    empty: bool = False
    incomplete: bool = False


class TurnMarked(Event, frozen=True, kw_only=True):
    """When a stage of a turn was reached: `at_ms` after the turn's end of speech (or its typed message)
    on the marking process's monotonic clock; `media_time` in samples at 48 kHz where audio has one."""

    turn: str
    mark: Mark
    at_ms: int
    media_time: int = -1


class ResponseStarted(ControlEvent, frozen=True, kw_only=True):
    """The worker claimed `turn` (or speaks unasked: "") and answers it."""

    response: str
    turn: str = ""
    parent: str = ""
    title: str = ""


class ResponseProgressed(Event, frozen=True, kw_only=True):
    """How far an answer, or a part of one, is, and in how many ms it may be done (0: nobody said)."""

    response: str
    text: str = ""
    step: int = 0
    steps: int = 0
    eta_ms: int = 0


class CancelRequested(Event, frozen=True, kw_only=True):
    """The answer is to end now."""

    response: str


class SteeringRequested(ControlEvent, frozen=True, kw_only=True):
    """Somebody asks for another way (`text`), for a pause (sound stops at once), or to go on from the same word."""

    response: str
    asked: Steering
    text: str = ""


class SteeringAnswered(ControlEvent, frozen=True, kw_only=True):
    """What came of it: whether it was `done`, and what was (not). `at`: the request's offset (0: the newest one)."""

    response: str
    asked: Steering
    done: bool
    detail: str = ""
    at: int = 0


class ResponseSuperseded(ControlEvent, frozen=True, kw_only=True):
    """Somebody wants another answer than this one: its `turn` waits again. What was answered stands, marked."""

    response: str
    turn: str


class ResponseEnded(ControlEvent, frozen=True, kw_only=True):
    """The response's one end. With `turn_waits` its turn was not answered and waits for another worker."""

    response: str
    outcome: Outcome
    reason: str = ""
    turn_waits: bool = False


class MessagePosted(Event, frozen=True, kw_only=True):
    """A whole message at once: typed, or a final transcript (`spoken`). With `turn` it is that turn's
    words; `ends_turn` makes the turn wait for an answer (typed text always does)."""

    message: str
    parts: list[Part]
    turn: str = ""
    response: str = ""
    ends_turn: bool = False
    spoken: Spoken | None = None


class MessageStarted(Event, frozen=True, kw_only=True):
    """A message that grows. `brought`: its author brings its sound, so no hub speaks its words."""

    message: str
    response: str = ""
    brought: bool = False


class MessageGrown(Event, frozen=True, kw_only=True):
    """`text` was added to part number `part`. `index` counts a message's deltas from 0; an accumulated
    delta stands for `count` of them."""

    message: str
    index: int
    text: str
    part: int = 0
    kind: Literal["text", "reasoning"] = "text"
    count: int = 1


class PartAdded(Event, frozen=True, kw_only=True):
    """A whole part (data, image, file, or text) joined an open message."""

    message: str
    part: Part


class MessageEnded(ControlEvent, frozen=True, kw_only=True):
    """Nothing is added to it any more."""

    message: str
    outcome: Outcome = "finished"
    reason: str = ""


class HeardSettled(Event, frozen=True, kw_only=True):
    """What `participant` really heard of a spoken message: `characters` of its text, `samples` of its
    speech at 48 kHz, counted from the speech's beginning. Until `final` it is a bound; then it stands, be it because
    all was heard or because an interruption was settled."""

    message: str
    participant: str
    characters: int
    samples: int = 0
    final: bool = False


KINDS: Final[tuple[type[Event], ...]] = tuple(sorted(concrete(Event), key=lambda kind: kind.__name__))
BY_TYPE: Final = {str(kind.__struct_config__.tag): kind for kind in KINDS}
