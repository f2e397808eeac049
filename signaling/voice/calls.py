"""What the HTTP door asks of whoever takes calls. The voice door implements it; a hub without sound has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from media.voice.rest import Report
from signaling.connection.line import Line


class OfferRefused(Exception):
    """The SDP offer cannot be answered; `detail` is a constant that quotes nothing of it."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class CallsFull(Exception):
    """The node takes no more calls now: it has as many as it may, or as it hears."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The hub's answer to an offer."""

    call: str
    sdp: str
    track: str


@dataclass(frozen=True, slots=True)
class AskedTicket:
    """What a page says of its offers (`signaling.http.bodies.AskCallTicket`)."""

    fingerprint: str
    payload_type: int
    level_extension: int
    waits: bool = False


@dataclass(frozen=True, slots=True)
class NextTicket:
    """What takes a ticket's place when it has expired: the same, under the hub's next certificate."""

    ufrag: str
    password: str
    fingerprint: str
    expires: int


@dataclass(frozen=True, slots=True)
class GivenTicket:
    """What the hub's answer to an offer will say. `candidates`: IP address, port, `udp` or `tcp`."""

    ufrag: str
    password: str
    fingerprint: str
    ssrc: int
    candidates: tuple[tuple[str, int, str], ...]
    expires: int
    next: NextTicket | None = None


class Calls(Protocol):
    """Calls of attachments."""

    def ticket(self, line: Line, asked: AskedTicket) -> GivenTicket:
        """A ticket for calls of the line's attachment. Raises `OfferRefused`."""

    async def offer(
        self, line: Line, sdp: str, heard: Report | None = None, *, again: bool = False
    ) -> Answered:
        """Take a call for the line's attachment, in place of any it has. `heard`: what of the agent's speech the
        client heard last, if it says so. `again`: it takes the voice from no other attachment. Raises
        `OfferRefused`, or `CallsFull` unless the attachment has a call here already."""

    async def hang_up(self, line: Line, call: str) -> bool:
        """End it; False if the line's attachment has no such call."""
