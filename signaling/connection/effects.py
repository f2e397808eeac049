"""What a connection's machine asks its shell to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from legato.session.commands import Command, Refusal
from legato.wire.audio import Audio
from legato.wire.carried import Piece
from legato.wire.up import Attach, Capacity, Decline, Dial, Lacking, Listen, Microphone, Resume, Speak, Work

NEVER: Final = -1
"""As `retry_after_ms`: do not come back like this."""


@dataclass(frozen=True, slots=True)
class OpenAttachment:
    """Check the ticket and bring the client into its session; answer with `attached` or `turn_away`."""

    envelope: Attach | Resume


@dataclass(frozen=True, slots=True)
class Register:
    """Check the ticket and register the worker; answer with `working` or `turn_away`."""

    envelope: Work


class Execute(msgspec.Struct, frozen=True, gc=False):
    """Hand the batch to the room, in this order; answer with `answered`. With a `refusal` the door has decided:
    the room records it, so that a retry is refused alike."""

    sequence: int
    raw: bytes
    commands: tuple[Command, ...]
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class TellSignal:
    """Tell everyone in the session."""

    name: str
    data: Any


@dataclass(frozen=True, slots=True)
class AskHistory:
    """Answer with `reply(HistoryPage)`."""

    id: int
    before: int
    limit: int


@dataclass(frozen=True, slots=True)
class KeepTicket:
    """The client has stored the resume ticket `id`: the one before it is spent."""

    id: str


@dataclass(frozen=True, slots=True)
class ReopenProducer:
    """A tail was lost; ask for the producer anew and answer with `producer_reopened`."""


@dataclass(frozen=True, slots=True)
class Depart:
    """The attachment ends on purpose."""


@dataclass(frozen=True, slots=True)
class Sound:
    """About sound: what to hear, what to say, whose microphone comes, or a piece of it."""

    what: Listen | Speak | Dial | Microphone | Lacking | Audio


@dataclass(frozen=True, slots=True)
class Carried:
    """What a worker says on the channels of its connection."""

    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class WorkerSays:
    """A worker declines an offer, or says how much more it would take."""

    what: Decline | Capacity


@dataclass(frozen=True, slots=True)
class CloseWith:
    """Send what is still to be sent, then `closing`, and close. `retry_after_ms` `NEVER`: it shall not come
    back like this."""

    code: int
    reason: str
    detail: str = ""
    retry_after_ms: int = 0


Effect = (
    OpenAttachment
    | Register
    | Execute
    | TellSignal
    | AskHistory
    | KeepTicket
    | ReopenProducer
    | Depart
    | Sound
    | Carried
    | WorkerSays
    | CloseWith
)
