"""The single holder of an attachment's resume tickets.

A ticket that may be used once strands whoever loses the answer; one that may be used often can be
stolen. So a resume ticket is bound to a key, and it is spent only when the next one is *acknowledged*:

    held ──present──▶ held, next issued ──acknowledge(next)──▶ held (the former next)

Until then the same key gets the same next ticket, however often and over however many connections it
asks: several attempts at once are one attempt, and the first whose answer arrives wins. Whoever shows
the next ticket has received it, which acknowledges it as well. Another key, or none, is refused; the
holder is told and nobody is cut off. A spent ticket is refused even with the right key.

State and inputs are values: what is stored is one `Holder` per attachment, replaced on condition that it
is unchanged. Ids are those of tickets (`Ticket.id`), keys are thumbprints.
"""

from dataclasses import dataclass, replace
from enum import Enum


class Denial(Enum):
    """Why a presented ticket was refused."""

    OTHER_KEY = "other_key"
    SPENT = "spent"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds an attachment: a key's thumbprint, the ticket in force, and the next one (empty: none).

    The ticket that opened the attachment, an access ticket, is the first one in force.
    """

    key: str
    held: str
    next: str = ""


@dataclass(frozen=True, slots=True)
class Granted:
    """The attachment goes on: give out the ticket `ticket`, the same for each attempt. Store `holder`."""

    holder: Holder
    ticket: str


@dataclass(frozen=True, slots=True)
class Denied:
    """Refused; the holder stays as it is. `tell`: the true holder is told and the attempt is audited."""

    why: Denial
    tell: bool


def present(holder: Holder, ticket: str, key: str, fresh: str) -> Granted | Denied:
    """Somebody shows `ticket` and has proven `key` (empty: nothing was proven).

    `fresh` becomes the id of the next ticket if one has to be made.
    """
    if key != holder.key or not key:
        return Denied(Denial.OTHER_KEY, tell=True)
    if ticket == holder.next and ticket:
        return Granted(Holder(holder.key, held=ticket, next=fresh), fresh)
    if ticket != holder.held or not ticket:
        return Denied(Denial.SPENT, tell=False)
    if holder.next:
        return Granted(holder, holder.next)
    return Granted(replace(holder, next=fresh), fresh)


def acknowledge(holder: Holder, ticket: str) -> Holder:
    """The holder says that it keeps `ticket`: if it is the next one, the one before is spent.

    Anything else (a repeat, one long spent) changes nothing.
    """
    if ticket and ticket == holder.next:
        return Holder(holder.key, held=ticket)
    return holder
