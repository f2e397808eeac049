"""`legato export`, `legato verify` and `legato erase`: what is kept, whether it is whole, and its end."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import click
import msgspec

from hub.audit import Tried
from hub.verify import Report
from signaling.cli.at_rest import AtRest, at_rest_options, fault, look, refusals_verdict
from signaling.cli.auditing import checks_a_file
from signaling.cli.reaching import Hub, HubSaid, hub_reached, reached, run

PAGE: Final = 1000


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
@at_rest_options
@checks_a_file("--file", "Check what `legato audit --json` wrote, and nothing else.")
def verify(*, session: str, tenant: str, data: Path, redis: str) -> None:
    """Check that a session is what was said: every seal, the chain, the snapshots' anchors, and what was refused.

    Names the offset of a changed byte, of a removed and of a swapped entry, and the number of such a refusal. Exit code
    1 if anything is wrong. It reads store, vault and keys itself; the hub may run or not. --file checks an audit that
    was exported, by itself, and takes no session: neither hub nor keys are needed.
    """
    report, refused = look(session, tenant, data, redis, _verified)
    for finding in report.findings:
        click.echo(fault(finding))
    for line in refusals_verdict(refused):
        click.echo(line)
    click.echo(f"{report.entries} entries, {report.first} to {report.last}: {len(report.findings)} faults")
    sys.exit(1 if report.findings or refused.flaws or refused.unreadable else 0)


async def _verified(at_rest: AtRest) -> tuple[Report, Tried] | None:
    report = await at_rest.verified()
    return None if report is None else (report, await at_rest.tried())


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
