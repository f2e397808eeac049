"""`legato ticket`: credentials for agents, back ends and people who operate."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Mapping
from os import environ
from pathlib import Path
from typing import Any

import click

from hub.keys.embedded import embedded_key_store
from hub.keys.errors import KeysError
from hub.keys.hub_secrets import hub_secrets
from hub.keys.keyring import configured_keyring
from hub.keys.signer import TicketSigner
from legato.session.actors import agents_participant
from legato.session.events import Role
from legato.session.ids import MAIN, new_id
from legato.session.tickets import ANY_SESSION, CEILINGS, DEFAULTS, Ticket, TicketInvalid, new_ticket
from signaling.serve import monotonic_ms

DAY_S = 86_400


async def signer_here(data: Path, environment: Mapping[str, str]) -> TicketSigner:
    """The signer of the hub whose data is in `data`. Raises `KeysError`."""
    async with embedded_key_store(data / "keys", monotonic_ms) as keys:
        held = await hub_secrets(keys)
    keyring, _ = configured_keyring(environment, loopback=True, development=held.development)
    return TicketSigner(keyring)


async def mint_here(
    data: Path, environment: Mapping[str, str], *, agent: str = "", life: int = 30 * DAY_S
) -> str:
    """A ticket minted with the keys in `data`: for workers of `agent`, or for whoever operates the hub."""
    signer = await signer_here(data, environment)
    given: dict[str, Any] = {"id": new_id("j", secrets.token_bytes), "now": int(time.time()), "tenant": MAIN}
    if agent:
        ticket = new_ticket(
            "invite",
            session=ANY_SESSION,
            participant=agents_participant(agent),
            role="agent",
            name=agent,
            life=life,
            **given,
        )
    else:
        ticket = new_ticket(
            "access",
            session=ANY_SESSION,
            participant="p_cli",
            role="supervisor",
            capabilities=CEILINGS["supervisor"],
            **given,
        )
    return signer.mint(ticket)


@click.command()
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), default=Path("legato-data"), show_default=True
)
@click.option("--agent", default="", metavar="NAME", help="For workers of this agent (good for 30 days).")
@click.option("--session", default=ANY_SESSION, help="For one session only; users and observers need it.")
@click.option("--participant", default="", help="Who the holder is (made if not given).")
@click.option("--role", type=click.Choice(sorted(DEFAULTS)), default="user", show_default=True)
@click.option("--name", default="", help="What people see.")
@click.option("--capability", "capabilities", multiple=True, help="Instead of the role's own; repeat.")
@click.option(
    "--skill", "skills", multiple=True, help="What an operator can help with; repeat (none: anything)."
)
@click.option("--tenant", default=MAIN, show_default=True)
@click.option("--days", type=click.IntRange(1, 30), default=1, show_default=True)
def ticket(*, data: Path, agent: str, days: int, capabilities: tuple[str, ...], **claims: Any) -> None:
    """Make a ticket with this hub's key and print it.

    \b
    legato ticket --agent concierge            for an agent's LEGATO_TICKET
    legato ticket --session s_… --name Ada     for one person in one session
    legato ticket --role operator --skill billing --name Olga
                                               for who answers what wants that skill, or none
    legato ticket --role supervisor            for somebody who operates the hub
    legato ticket --role supervisor --capability create --capability mint
                                               for a back end that lets people in
    """
    if not agent and claims["session"] == ANY_SESSION and claims["role"] in ("user", "observer"):
        raise click.UsageError(
            f"a ticket of role {claims['role']} is for one session: add --session s_… "
            "(or say --agent NAME, or --role supervisor)"
        )
    try:
        made = asyncio.run(_made(data, agent, days * DAY_S, capabilities, claims))
    except (KeysError, TicketInvalid) as refused:
        click.echo(f"legato: no ticket: {refused}", err=True)
        sys.exit(1)
    click.echo(made)


async def _made(
    data: Path, agent: str, life: int, capabilities: tuple[str, ...], claims: Mapping[str, Any]
) -> str:
    if agent:
        return await mint_here(data, environ, agent=agent)
    role: Role = claims["role"]
    made: Ticket = new_ticket(
        "invite",
        id=new_id("j", secrets.token_bytes),
        now=int(time.time()),
        tenant=claims["tenant"],
        session=claims["session"],
        participant=claims["participant"] or new_id("p", secrets.token_bytes),
        role=role,
        name=claims["name"],
        capabilities=frozenset(capabilities) or None,
        skills=frozenset(claims["skills"]) or None,
        life=life,
    )
    return (await signer_here(data, environ)).mint(made)
