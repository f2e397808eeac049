"""`legato ticket`: credentials for agents, back ends and people who operate."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Mapping
from os import environ
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

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

DAY_S: Final = 86_400
AGENTS_DAYS: Final = 30
NOT_OF_AGENTS: Final = ("session", "participant", "role", "name", "capabilities", "skills")
"""What is not for a ticket of --agent, which says all of it by itself."""


async def signer_here(data: Path, environment: Mapping[str, str]) -> TicketSigner:
    """The signer of the hub whose data is in `data`. Raises `KeysError`."""
    async with embedded_key_store(data / "keys", monotonic_ms) as keys:
        held = await hub_secrets(keys)
    keyring, _ = configured_keyring(environment, loopback=True, development=held.development)
    return TicketSigner(keyring)


async def mint_here(
    data: Path,
    environment: Mapping[str, str],
    *,
    agent: str = "",
    tenant: str = MAIN,
    life: int = AGENTS_DAYS * DAY_S,
) -> str:
    """A ticket minted with the keys in `data`: for workers of `agent`, good for `life` seconds, or for whoever
    operates the hub. Raises `KeysError`, `TicketInvalid`."""
    signer = await signer_here(data, environment)
    given: dict[str, Any] = {
        "id": new_id("j", secrets.token_bytes),
        "now": int(time.time()),
        "tenant": tenant,
    }
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
@click.option(
    "--agent",
    default="",
    metavar="NAME",
    help="For workers of this agent; only --tenant and --days go with it.",
)
@click.option("--session", default=ANY_SESSION, help="For one session only; users and observers need it.")
@click.option("--participant", default="", help="Who the holder is (made if not given).")
@click.option("--role", type=click.Choice(sorted(DEFAULTS)), default="user", show_default=True)
@click.option("--name", default="", help="What people see.")
@click.option("--capability", "capabilities", multiple=True, help="Instead of the role's own; repeat.")
@click.option(
    "--skill", "skills", multiple=True, help="What an operator can help with; repeat (none: anything)."
)
@click.option("--tenant", default=MAIN, show_default=True)
@click.option(
    "--days",
    type=click.IntRange(1, 30),
    default=None,
    show_default="1; with --agent 30",
    help="How long it is good.",
)
def ticket(*, data: Path, agent: str, days: int | None, capabilities: tuple[str, ...], **claims: Any) -> None:
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
    if agent:
        _refuse_beside_agent(agent)
    elif claims["session"] == ANY_SESSION and claims["role"] in ("user", "observer"):
        raise click.UsageError(
            f"a ticket of role {claims['role']} is for one session: add --session s_… "
            "(or say --agent NAME, or --role supervisor)"
        )
    try:
        if agent:
            life = (days or AGENTS_DAYS) * DAY_S
            made = asyncio.run(mint_here(data, environ, agent=agent, tenant=claims["tenant"], life=life))
        else:
            made = asyncio.run(_made(data, (days or 1) * DAY_S, capabilities, claims))
    except (KeysError, TicketInvalid) as refused:
        click.echo(f"legato: no ticket: {refused}", err=True)
        sys.exit(1)
    click.echo(made)


def _refuse_beside_agent(agent: str) -> None:
    """A ticket that is not what was asked for is worse than none."""
    context = click.get_current_context()
    for option in context.command.params:
        name = option.name or ""
        if name in NOT_OF_AGENTS and context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise click.UsageError(
                f"{option.opts[0]} does not go with --agent, whose workers serve all sessions of a tenant under the "
                f"agent's name: leave it out, or say --role agent --participant {agents_participant(agent)} instead of "
                "--agent"
            )


async def _made(data: Path, life: int, capabilities: tuple[str, ...], claims: Mapping[str, Any]) -> str:
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
