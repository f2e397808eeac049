"""Sessions and tickets for tests that have a hub's data folder, as an operator has it."""

from __future__ import annotations

import secrets
import time

import aiohttp

from hub.keys.signer import TicketSigner
from legato.session.events import Role
from legato.session.ids import MAIN, new_id
from legato.session.tickets import ANY_SESSION, CEILINGS, new_ticket


def ticket_for(signer: TicketSigner, session: str, participant: str, role: Role = "user") -> str:
    """An access ticket with everything that its role may have."""
    return signer.mint(
        new_ticket(
            "access",
            id=new_id("j", secrets.token_bytes),
            now=int(time.time()),
            tenant=MAIN,
            session=session,
            participant=participant,
            role=role,
            capabilities=CEILINGS[role],
        )
    )


async def created(http: aiohttp.ClientSession, url: str, signer: TicketSigner, **labels: str) -> str:
    """A new session, made over HTTP."""
    headers = {"Authorization": f"Bearer {ticket_for(signer, ANY_SESSION, 'p_boss', 'supervisor')}"}
    async with http.post(f"{url}/v1/sessions", json={"labels": labels}, headers=headers) as answer:
        answer.raise_for_status()
        return str((await answer.json())["session"])
