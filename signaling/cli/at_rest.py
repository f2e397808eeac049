"""Sessions looked at where they rest: in the store, the vault and the keys themselves. The hub may run or not."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click

from hub.audit import Tried, tried, tried_beside
from hub.keys.anchors import Anchors
from hub.keys.embedded import embedded_key_store
from hub.keys.errors import KeysError
from hub.keys.hub_secrets import hub_secrets
from hub.keys.keystore import KeyStore
from hub.store.embedded import EmbeddedStoreFailed, end_unused
from hub.store.endpoint import EndpointInvalid
from hub.store.fitness import StoreUnfit
from hub.store.layout import FormatUnknown
from hub.store.promise import SessionKey, StoreUnavailable
from hub.store.real import RealStore
from hub.vault import Vault
from hub.vault.folder import VaultDamaged
from hub.verify import Finding, Report, verify
from legato.session.ids import MAIN
from signaling.options import Options
from signaling.serve import monotonic_ms, opened_store, opened_vault

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R")

_SAYS: Final = {
    "missing": "the entry is not there",
    "chain": "the chain does not lead here: an entry was swapped, put in, or changed",
    "seal": "the seal does not open: a byte was changed",
    "content": "the seal opens on something that is no event",
    "anchor": "a snapshot's anchor does not fit: the log was rewritten",
    "snapshot": "a snapshot does not open",
    "head": "the log's head is none: where it begins and ends is not known",
    "segment": "the vault's segment from here on was changed, or is not there",
}

_SAYS_OF_REFUSALS: Final = {
    "missing": "it is not there",
    "chain": "the chain does not lead here: one was swapped, put in, or changed, or the list was put back",
    "seal": "the seal does not open: a byte was changed",
    "head": "the list's head is not there: how many there were is not known",
    "anchor": "the anchor of the list's head does not fit: the list was rewritten",
    "lost": "the vault has it, and the store's list, which goes on, has not: it was put back",
}

UNREADABLE: Final = (
    KeysError,
    StoreUnavailable,
    EmbeddedStoreFailed,
    StoreUnfit,
    EndpointInvalid,
    FormatUnknown,
    VaultDamaged,
    OSError,
)

_OPTIONS: Final = (
    click.option("--tenant", default=MAIN, show_default=True),
    click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("legato-data"),
        show_default=True,
        help="The hub's data folder.",
    ),
    click.option("--redis", default="", help="The hub's store, if it is not the embedded one."),
)


def at_rest_options(command: F) -> F:
    """The session, and where it rests: `session`, `tenant`, `data`, `redis`."""
    return click.argument("session")(tenant_at_rest_options(command))


def tenant_at_rest_options(command: F) -> F:
    """Where a tenant's sessions rest: `tenant`, `data`, `redis`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class AtRest:
    """Where a session rests."""

    key: SessionKey
    store: RealStore
    keys: KeyStore
    vault: Vault
    anchors: Anchors

    async def verified(self) -> Report | None:
        """What verification finds; None: there is no such session."""
        return await verify(self.key, self.store, self.keys, self.anchors, self.vault)

    async def tried(self) -> Tried:
        """What was refused in the session."""
        return await tried(self.key, self.store, self.keys, self.anchors, self.vault)

    async def tried_beside(self) -> Tried:
        """What was refused and is no session's of the tenant, or an erased one's."""
        return await tried_beside(self.key.tenant, self.store, self.keys, self.anchors, self.vault)


def look(
    session: str, tenant: str, data: Path, redis: str, work: Callable[[AtRest], Awaitable[R | None]]
) -> R:
    """What `work` finds. Ends the command with 2 if it is not there, or cannot be read."""

    if not redis and not (data / "store").is_dir():
        _not_there(data)

    async def opened() -> R | None:
        options = Options(data=data, redis=redis)
        async with AsyncExitStack() as stack:
            if not redis:
                stack.push_async_callback(_left_as_found, data / "store")
            keys = await stack.enter_async_context(embedded_key_store(data / "keys", monotonic_ms))
            known = await hub_secrets(keys)
            store, _ = await opened_store(options, stack)
            key, anchors = SessionKey(tenant, session), Anchors(known.anchor)
            return await work(AtRest(key, store, keys, opened_vault(options), anchors))

    try:
        found = asyncio.run(opened())
    except UNREADABLE as problem:
        click.echo(f"legato: it cannot be read: {problem}", err=True)
        sys.exit(2)
    if found is None:
        _not_there(data)
    return found


def _not_there(data: Path) -> NoReturn:
    click.echo(f"legato: no such session in {data}: choose the hub's data folder with --data", err=True)
    sys.exit(2)


async def _left_as_found(store: Path) -> None:
    """A server that was started only to look does not go on."""
    with suppress(EmbeddedStoreFailed):
        await end_unused(store)


def fault(finding: Finding) -> str:
    """A finding, for people."""
    return f"offset {finding.offset}: {_SAYS[finding.what]}"


def refusals_verdict(found: Tried) -> list[str]:
    """What is found of the refusals, for people."""
    said = [f"refusal {each.number}: {_SAYS_OF_REFUSALS[each.what]}" for each in found.flaws]
    more = [f"{found.unreadable} refusals do not open"] if found.unreadable else []
    return [f"{len(found.trials)} refusals verified: {len(said)} faults", *said, *more]
