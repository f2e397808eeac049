"""What a link asks of its shell: see `link`."""

from __future__ import annotations

from dataclasses import dataclass

from legato.session import events as e
from legato.session.commands import Refusal
from legato.session.outbox import Batch
from legato.wire import down as d


@dataclass(frozen=True, slots=True)
class Open:
    """Open a transport."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send this envelope."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """Let go of the transport, if any."""


@dataclass(frozen=True, slots=True)
class AskTicket:
    """Get an access ticket; answer with `ticketed`."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign `nonce`; answer with `signed`."""

    resume: d.ResumeTicket


@dataclass(frozen=True, slots=True)
class Settled:
    """The batch is in the log (or refused for good)."""

    batch: Batch
    refusal: Refusal | None = None
    level: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Events folded into the state, each once and in order; none after a snapshot."""

    events: tuple[e.Event | e.Unknown, ...] = ()


@dataclass(frozen=True, slots=True)
class Back:
    """The session is live (again)."""

    attached: d.Attached


@dataclass(frozen=True, slots=True)
class Lost:
    """Acknowledged events were lost for good."""

    lost_from: int
    lost_to: int


@dataclass(frozen=True, slots=True)
class Missing:
    """So many batches of this producer were acknowledged, are not in the log and are not kept here any more. Where the
    log told of it, `Lost` came before."""

    batches: int


@dataclass(frozen=True, slots=True)
class Told:
    """An envelope that is for the shell: signals, history pages, listening, draining."""

    envelope: d.Down


@dataclass(frozen=True, slots=True)
class Ended:
    """The link will not come back."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Renumbered:
    """Batches that wait have new sequences: old to new."""

    sequences: dict[int, int]


Effect = (
    Open
    | Send
    | Close
    | AskTicket
    | Sign
    | Settled
    | Delivered
    | Back
    | Lost
    | Missing
    | Told
    | Ended
    | Renumbered
)
