"""What may be asked of a session, in the imperative; and how a request is refused.

A command names the ids of what it makes (message, response, call), so that sending it again makes
nothing twice. `decide` (decisions.py) turns commands into events or into a `Refusal`.

*Plain* commands need no invariant beyond the right they use: they are appended without a condition and
may be pipelined. The others are appended on condition that no control event came since the state they
were decided on.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from legato.session.command import Command as Command
from legato.session.command import PlainCommand as PlainCommand
from legato.session.parts import Part
from legato.session.people_commands import ChangeStance as ChangeStance
from legato.session.people_commands import DismissDraft as DismissDraft
from legato.session.people_commands import HandBack as HandBack
from legato.session.people_commands import HoldUsers as HoldUsers
from legato.session.people_commands import MakePromise as MakePromise
from legato.session.people_commands import OfferDraft as OfferDraft
from legato.session.people_commands import RejectSession as RejectSession
from legato.session.people_commands import ReleaseUsers as ReleaseUsers
from legato.session.people_commands import RequestHuman as RequestHuman
from legato.session.people_commands import ReserveSession as ReserveSession
from legato.session.people_commands import TakeOver as TakeOver
from legato.session.people_commands import Transfer as Transfer
from legato.session.people_commands import Whisper as Whisper
from legato.session.people_commands import WithdrawPromise as WithdrawPromise
from legato.session.people_commands import WithdrawRequest as WithdrawRequest
from legato.session.people_commands import WrapUp as WrapUp
from legato.session.vocabulary import Activity, Mark, Medium, Outcome, Runs, Steering


class PostMessage(PlainCommand, frozen=True, kw_only=True):
    """Say something whole. From a user or operator it is a turn that waits for an answer. `draft`: what the person who
    answers made it of."""

    message: str
    parts: list[Part]
    response: str = ""
    draft: str = ""


class StartMessage(Command, frozen=True, kw_only=True):
    """Begin a message that grows, in an answer or by itself. `brought`: its author brings its sound (`speak`)."""

    message: str
    response: str = ""
    brought: bool = False


class GrowMessage(PlainCommand, frozen=True, kw_only=True):
    """The words that come next. `index` counts what was added to the message, from 0; `part` is the part that grows."""

    message: str
    index: int
    text: str
    part: int = 0
    kind: Literal["text", "reasoning"] = "text"


class AddPart(PlainCommand, frozen=True, kw_only=True):
    """Add a whole part to an open message."""

    message: str
    part: Part


class EndMessage(Command, frozen=True, kw_only=True):
    """An open message is whole, or was broken off."""

    message: str
    outcome: Outcome = "finished"
    reason: str = ""


class StartResponse(Command, frozen=True, kw_only=True):
    """Claim `turn` and answer it, or (`turn` empty) speak unasked."""

    response: str
    turn: str = ""
    parent: str = ""
    title: str = ""


class ProgressResponse(PlainCommand, frozen=True, kw_only=True):
    """How far an answer, or a part of one, is, and in how many milliseconds it may be done (0: who knows)."""

    response: str
    text: str = ""
    step: int = 0
    steps: int = 0
    eta_ms: int = 0


class EndResponse(Command, frozen=True, kw_only=True):
    """End it; messages and tool calls still open in it end with the same outcome."""

    response: str
    outcome: Outcome = "finished"
    reason: str = ""


class CancelResponse(Command, frozen=True, kw_only=True):
    """End an answer now; its children with it."""

    response: str


class SteerResponse(Command, frozen=True, kw_only=True):
    """Go another way in the answer: `text` says which."""

    response: str
    text: str


class PauseResponse(Command, frozen=True, kw_only=True):
    """No more words and no more sound of it, until `continue_response`."""

    response: str


class ContinueResponse(Command, frozen=True, kw_only=True):
    """Go on with a paused answer, from the same word."""

    response: str


class RegenerateResponse(Command, frozen=True, kw_only=True):
    """Answer the turn of this response, which has ended, anew."""

    response: str


class AnswerSteering(Command, frozen=True, kw_only=True):
    """What the agent made of what it was asked by one of these: the one at offset `at` (0: the newest of its kind)."""

    response: str
    asked: Steering
    done: bool
    detail: str = ""
    at: int = 0


class RequestTool(Command, frozen=True, kw_only=True):
    """Ask for a tool call. `arguments` is JSON text; `approval` the role that must say yes, if any. `runs`: who does
    it, the sender (empty), a client or the hub, which has `claim_ms` to begin (0: a minute). `policy`: by which nobody
    need say yes; `approval_ms`: how long somebody is waited for (0: ten minutes). `run_ms`: how long the hub's callee
    is waited for, which the hub says itself."""

    call: str
    name: str
    arguments: str
    response: str = ""
    key: str = ""
    idempotent: bool = False
    approval: str = ""
    unknown: bool = False
    runs: Runs = ""
    claim_ms: int = 0
    policy: str = ""
    approval_ms: int = 0
    run_ms: int = 0


class AnnounceTools(Command, frozen=True, kw_only=True):
    """The tools that the sending attachment's client can run, all of them: none, if it is to run no more."""

    tools: tuple[str, ...]


class DecideTool(Command, frozen=True, kw_only=True):
    """Yes or no. Of a call that is `unknown` also: it was `done`, neither again nor given up."""

    call: str
    approved: bool
    done: bool = False
    reason: str = ""


class StartTool(Command, frozen=True, kw_only=True):
    """The call runs from now on."""

    call: str


class ReportUsage(Command, frozen=True, kw_only=True):
    """What an agent's models used: since its last report, or for this response."""

    response: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    ms: int = 0


class ProgressTool(PlainCommand, frozen=True, kw_only=True):
    """How far a running call is, and in how many milliseconds it may be done (0: who knows)."""

    call: str
    text: str = ""
    step: int = 0
    steps: int = 0
    eta_ms: int = 0


class EndTool(Command, frozen=True, kw_only=True):
    """The one end of a tool call."""

    call: str
    outcome: Outcome = "finished"
    result: str = ""
    reason: str = ""


class ChangeActivity(PlainCommand, frozen=True, kw_only=True):
    """What the sender is doing: `step` of `steps`, and in how many milliseconds it expects to be done."""

    activity: Activity
    text: str = ""
    step: int = 0
    steps: int = 0
    eta_ms: int = 0


class ChangeModality(Command, frozen=True, kw_only=True):
    """What the sending attachment takes and gives from here on. With audio it gets `playout:PARTICIPANT` and
    `microphone:PARTICIPANT`, from another device if need be; where the sender names the number of such a right that
    it has seen, only if nobody was quicker."""

    takes: tuple[Medium, ...]
    gives: tuple[Medium, ...]
    playout: int = -1
    microphone: int = -1


class ChangeAttention(PlainCommand, frozen=True, kw_only=True):
    """Whether the sending attachment shows the session to somebody: a page that is hidden does not."""

    attentive: bool


class ChangeHold(PlainCommand, frozen=True, kw_only=True):
    """Whether the sending attachment's sound waits: nothing is played to it and nobody hears its microphone until it
    goes on, from the same word."""

    holds: bool


class MarkTurn(PlainCommand, frozen=True, kw_only=True):
    """A stage of a turn was reached at `at_ms`; `media_time`: where in the sound, if that is known."""

    turn: str
    mark: Mark
    at_ms: int
    media_time: int = -1


class SettleHeard(PlainCommand, frozen=True, kw_only=True):
    """So many `characters` of the message, `samples` of its speech at 48 kHz, were heard; `final`: no more will be."""

    message: str
    characters: int
    samples: int = 0
    final: bool = False


class AcceptSession(Command, frozen=True, kw_only=True):
    """A worker takes the session: it gets `right` (`worker:NAME`) and becomes the responder if there is none and it
    does not only listen."""

    right: str
    worker: str
    listens: bool = False


class HandOver(Command, frozen=True, kw_only=True):
    """Let the agent named `to` answer from here on; `briefing` is what it should know."""

    to: str
    briefing: str = ""


class SubscribePush(Command, frozen=True, kw_only=True):
    """Be told by Web Push while away. Both fields are as the hub gave them."""

    subscription: str
    sealed: str


class UnsubscribePush(Command, frozen=True, kw_only=True):
    """Be told there no more."""

    subscription: str


class ReleaseRight(Command, frozen=True, kw_only=True):
    """Give a right back. `token` is the number that it was granted with."""

    right: str
    token: int


class LabelSession(Command, frozen=True, kw_only=True):
    """Set labels. Not plain: it needs no right, so nothing else keeps it from a session that has just ended."""

    labels: dict[str, str]


class EndSession(Command, frozen=True, kw_only=True):
    """Nothing comes after it."""

    reason: str = ""


class Leave(Command, frozen=True, kw_only=True):
    """End participation: all attachments close."""

    reason: str = ""


Reason = Literal[
    "malformed",
    "unknown_command",
    "too_large",
    "too_fast",
    "too_many",
    "not_allowed",
    "not_found",
    "already_exists",
    "already_ended",
    "wrong_order",
    "stale_token",
    "on_hold",
    "budget_exhausted",
    "session_ended",
    "session_erased",
    "sequence_gap",
    "sequence_reused",
    "too_old",
    "resume_first",
    "lost_race",
    "level_unavailable",
    "overloaded",
    "unavailable",
]


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a batch was not done: facts to act on. Nothing of the batch was appended.

    `expected` is the sequence, index or token that was expected; `retry_after_ms` > 0 says that the same
    batch may be sent again; `field` names what was wrong, `detail` says it to a person.
    """

    reason: Reason
    detail: str = ""
    field: str = ""
    expected: int = -1
    retry_after_ms: int = 0


def _concrete(base: type[Command]) -> list[type[Command]]:
    found: list[type[Command]] = []
    for kind in base.__subclasses__():
        found += _concrete(kind) if kind is PlainCommand else [kind]
    return found


KINDS: Final[tuple[type[Command], ...]] = tuple(sorted(_concrete(Command), key=lambda kind: kind.__name__))
