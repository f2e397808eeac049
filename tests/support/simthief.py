"""Somebody in the simulated world who comes with another's resume ticket, and must not be let in."""

from __future__ import annotations

from legato.client.key import ClientKey
from legato.wire import down as d
from legato.wire import up as u
from tests.support.simpeople import Client
from tests.support.simwire import Wire


class Thief:
    """Shows `ticket` once, with a proof by `key`. `came_in`: whether it worked; `excused`: it may have by now."""

    def __init__(self, victim: Client, ticket: d.ResumeTicket, key: ClientKey) -> None:
        self.process = f"thief:{victim.name}"
        self.of = victim.name
        self.came_in = self.refused = self.excused = False
        self._ticket, self._key = ticket, key

    def opened(self, wire: Wire) -> None:
        """The node answers: try it."""
        proof = self._key.prove(self._ticket.nonce)
        resume = u.Resume(v=u.VERSION, ticket=self._ticket.ticket, producer="c_thief", proof=proof)
        wire.up(u.encode_up(resume))

    def received(self, wire: Wire, raw: bytes) -> None:
        """What the node says to it."""
        envelope = d.decode_down(raw)
        self.came_in |= isinstance(envelope, d.Attached) and not self.excused
        self.refused |= isinstance(envelope, d.Closing) and envelope.code == 4001
        wire.break_off()

    def closed(self, wire: Wire) -> None:
        """It does not come again."""


Stolen = tuple[d.ResumeTicket, ClientKey]


def another_key(victim: Client) -> Stolen:
    """The ticket that is good now, without the key that it is bound to."""
    return victim.resumes[-1], ClientKey()


def spent_tickets(victim: Client) -> list[Stolen]:
    """Those that the victim had before the last two, with its very key: a copy of its storage. The last could only be
    had by showing the one before it, which spent all that were older."""
    spent = list(dict.fromkeys(each.id for each in victim.resumes))[:-2]
    return [(each, victim.key) for each in victim.resumes if each.id in spent]
