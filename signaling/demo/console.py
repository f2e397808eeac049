"""The operator console of the demo: a ticket for whoever opens it on this machine."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Final, Literal

import msgspec
from aiohttp import web

from legato.session.ids import MAIN, new_id, well_formed
from legato.session.tickets import ANY_SESSION, Ticket, new_ticket
from signaling.demo.owner import Owner
from signaling.demo.reading import read_body
from signaling.http.errors import Refused, json_response

LONGEST_NAME: Final = 32


class Enter(msgspec.Struct):
    """Come in as an operator of all of the demo's sessions."""

    participant: str = ""
    name: str = "Operator"
    role: Literal["operator", "supervisor"] = "operator"


class Console:
    """For the demo's owner; `mint` signs."""

    def __init__(self, owner: Owner, mint: Callable[[Ticket], str], *, voice: bool) -> None:
        self._owner, self._mint, self._voice = owner, mint, voice

    def add_to(self, app: web.Application) -> None:
        """Serve it."""
        app.router.add_post("/demo/operator", self.enter)

    async def enter(self, request: web.Request) -> web.Response:
        """`POST /demo/operator`"""
        self._owner.check(request)
        wanted = await read_body(request, Enter)
        participant = wanted.participant or new_id("p", secrets.token_bytes)
        if not well_formed(participant) or not 0 < len(wanted.name) <= LONGEST_NAME:
            raise Refused("malformed", field="participant")
        ticket = new_ticket(
            "access", id=new_id("j", secrets.token_bytes), now=int(time.time()), tenant=MAIN, session=ANY_SESSION,
            participant=participant, role=wanted.role, name=wanted.name,
        )  # fmt: skip
        return json_response(
            {
                "ticket": self._mint(ticket),
                "participant": participant,
                "name": wanted.name,
                "role": wanted.role,
                "voice": self._voice,
            }
        )
