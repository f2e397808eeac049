"""`legato export`, `legato verify` and `legato erase`: what is kept, whether it is whole, and its end."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import click
import msgspec

from hub.keys.anchors import Anchors
from hub.keys.embedded import embedded_key_store
from hub.keys.errors import KeysError
from hub.keys.hub_secrets import hub_secrets
from hub.store.promise import SessionKey, StoreUnavailable
from hub.vault.folder import VaultDamaged
from hub.verify import Report
from hub.verify import verify as check
from legato.session.ids import MAIN
from signaling.cli.reaching import Hub, HubSaid, hub_reached, reached, run
from signaling.options import Options
from signaling.serve import monotonic_ms, opened_store, opened_vault

PAGE: Final = 1000
_SAYS: Final = {
    "missing": "the entry is not there",
    "chain": "the chain does not lead here: an entry was swapped, put in, or changed",
    "seal": "the seal does not open: a byte was changed",
    "content": "the seal opens on something that is no event",
    "anchor": "a snapshot's anchor does not fit: the log was rewritten",
    "snapshot": "a snapshot does not open",
}


@click.command()
@click.argument("session")
@hub_reached
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Folder to write to (default: the session's id).",
)
@click.option("--no-audio", is_flag=True, help="Events only.")
def export(*, session: str, hub: str, ticket: str, data: Path, to: Path | None, no_audio: bool) -> None:
    """Take a session out: its log as JSON lines, its sound as Ogg/Opus (the mix, and each track as it came)."""
    folder = to or Path(session)

    async def work() -> None:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        async with reached(hub, ticket, data) as there:
            count, tracks = await _events(there, session, folder / "events.jsonl")
            click.echo(f"{folder / 'events.jsonl'}: {count} events")
            if not no_audio:
                await _audio(there, session, sorted(tracks), folder)

    run(work())


async def _events(there: Hub, session: str, path: Path) -> tuple[int, set[str]]:
    """Write the log; how many events, and the tracks that they name."""
    count, at, tracks = 0, 0, set[str]()
    with await asyncio.to_thread(path.open, "wb") as out:
        while True:
            page = await there.get(f"/v1/sessions/{session}/events", after=at, limit=PAGE)
            if not page["events"]:
                return count, tracks
            lines = b"".join(msgspec.json.encode(event) + b"\n" for event in page["events"])
            await asyncio.to_thread(out.write, lines)
            count += len(page["events"])
            at = page["events"][-1]["offset"]
            tracks |= {event["track"] for event in page["events"] if event.get("track")}
            click.echo(f"\r{at} events", nl=False, err=True)


async def _audio(there: Hub, session: str, tracks: list[str], folder: Path) -> None:
    path = f"/v1/sessions/{session}/recording"
    for name in ("mix", *tracks):
        target = folder / f"{name}.ogg"
        try:
            size = await there.download(path, target, **({} if name == "mix" else {"track": name}))
        except HubSaid as refused:
            if refused.status != 404:
                raise
            click.echo(f"{name}: no sound is kept", err=True)
            continue
        click.echo(f"{target}: {size} bytes")


@click.command()
@click.argument("session")
@click.option("--tenant", default=MAIN, show_default=True)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("legato-data"),
    show_default=True,
    help="The hub's data folder.",
)
@click.option("--redis", default="", help="The hub's store, if it is not the embedded one.")
def verify(*, session: str, tenant: str, data: Path, redis: str) -> None:
    """Check that a session is what was said: every seal, the chain, the snapshots' anchors.

    Names the offset of a changed byte, of a removed and of a swapped entry. Exit code 1 if anything is wrong.
    It reads store, vault and keys itself; the hub may run or not.
    """
    try:
        report = asyncio.run(_verified(SessionKey(tenant, session), Options(data=data, redis=redis)))
    except (KeysError, StoreUnavailable, VaultDamaged, OSError) as problem:
        click.echo(f"legato: it cannot be checked: {problem}", err=True)
        sys.exit(2)
    if report is None:
        click.echo(f"legato: no such session in {data}: choose the hub's data folder with --data", err=True)
        sys.exit(2)
    for finding in report.findings:
        click.echo(f"offset {finding.offset}: {_SAYS[finding.what]}")
    click.echo(f"{report.entries} entries, {report.first} to {report.last}: {len(report.findings)} faults")
    sys.exit(1 if report.findings else 0)


async def _verified(key: SessionKey, options: Options) -> Report | None:
    async with AsyncExitStack() as stack:
        keys = await stack.enter_async_context(embedded_key_store(options.data / "keys", monotonic_ms))
        known = await hub_secrets(keys)
        store, _ = await opened_store(options, stack)
        return await check(key, store, keys, Anchors(known.anchor), opened_vault(options))


@click.command()
@click.argument("session")
@hub_reached
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(*, session: str, hub: str, ticket: str, data: Path, yes: bool) -> None:
    """Make a session unreadable at once and for ever, in every backup of the log too."""
    if not yes and not click.confirm(f"Erase {session}? Nobody will be able to read it again"):
        sys.exit(1)

    async def work() -> None:
        async with reached(hub, ticket, data) as there:
            await there.delete(f"/v1/sessions/{session}")
        click.echo(f"{session} is erased")

    run(work())
