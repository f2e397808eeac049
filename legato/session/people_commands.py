"""What people ask for who listen in, help and answer, and what agents offer them. `commands` lists these with all
others."""

from __future__ import annotations

from legato.session.command import Command, PlainCommand
from legato.session.vocabulary import Stance


class TakeOver(Command, frozen=True, kw_only=True):
    """Answer from here on, instead of the agent (or of an operator, for a supervisor)."""

    reason: str = ""


class HandBack(Command, frozen=True, kw_only=True):
    """Let the agent answer again; `briefing` is what it should know of what was said and promised."""

    briefing: str = ""


class ChangeStance(Command, frozen=True, kw_only=True):
    """Listen in unheard, be heard by who answers, or by all (`routing`)."""

    stance: Stance


class Whisper(Command, frozen=True, kw_only=True):
    """Say something to whoever answers, and to nobody else."""

    text: str


class HoldUsers(Command, frozen=True, kw_only=True):
    """Let the users wait."""


class ReleaseUsers(Command, frozen=True, kw_only=True):
    """The wait is over."""


class Transfer(Command, frozen=True, kw_only=True):
    """Let another operator or supervisor answer, who is here; `briefing` is what they should know."""

    to: str
    briefing: str = ""


class RequestHuman(Command, frozen=True, kw_only=True):
    """Ask for a person to answer; `to` is kept first of all, for a moment."""

    request: str
    reason: str = ""
    skill: str = ""
    priority: int = 0
    to: str = ""


class WithdrawRequest(Command, frozen=True, kw_only=True):
    """No person is wanted any more."""

    request: str
    reason: str = ""


class ReserveSession(Command, frozen=True, kw_only=True):
    """Keep what waits in the queue for oneself, for a moment; `take_over` accepts it."""

    request: str


class RejectSession(Command, frozen=True, kw_only=True):
    """Put it back in its place."""

    request: str


class MakePromise(Command, frozen=True, kw_only=True):
    """Set down what one promised, while one answers."""

    promise: str
    text: str


class WithdrawPromise(Command, frozen=True, kw_only=True):
    """It was none."""

    promise: str


class WrapUp(Command, frozen=True, kw_only=True):
    """How it went, and what is to be remembered, after one answered; `notes` alone at any time, by whoever helps."""

    disposition: str = ""
    notes: str = ""


class OfferDraft(PlainCommand, frozen=True, kw_only=True):
    """Suggest to the person who answers what to say, to `turn` if it is for one. Nobody else is shown it."""

    draft: str
    text: str
    turn: str = ""


class DismissDraft(PlainCommand, frozen=True, kw_only=True):
    """It is not wanted."""

    draft: str
