"""`legato sessions` and `legato tail`: what goes on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click

from signaling.cli.lines import line_of, shown
from signaling.cli.reaching import Hub, hub_reached, reached, run

LOOK_S = 0.25
PAGE = 500


@click.command()
@hub_reached
@click.option("--participant", default="", help="Only sessions of this participant.")
@click.option("--label", default="", metavar="NAME:VALUE", help="Only sessions with this label.")
@click.option("--limit", default=20, show_default=True)
def sessions(*, hub: str, ticket: str, data: Path, participant: str, label: str, limit: int) -> None:
    """List sessions, newest activity first."""

    async def work() -> None:
        query: dict[str, str | int] = {"limit": limit}
        query |= {name: value for name, value in (("participant", participant), ("label", label)) if value}
        async with reached(hub, ticket, data) as there:
            found = await there.get("/v1/sessions", **query)
        for row in found["sessions"]:
            last = datetime.fromtimestamp(row["last"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
            labels = " ".join(f"{shown(name)}:{shown(value)}" for name, value in row["labels"].items())
            click.echo(f"{row['session']:<26}  {last}  {'ended' if row['ended'] else 'open ':<5}  {labels}")
        if not found["sessions"]:
            click.echo("no sessions yet", err=True)

    run(work())


@click.command()
@click.argument("session")
@hub_reached
@click.option("--from", "after", default=-1, help="Begin after this offset (default: the last 20 events).")
@click.option("--no-follow", is_flag=True, help="Stop at the tail instead of waiting for more.")
def tail(*, session: str, hub: str, ticket: str, data: Path, after: int, no_follow: bool) -> None:
    """Watch a session live, one event a line. Nobody in it is told."""

    async def work() -> None:
        async with reached(hub, ticket, data) as there:
            at = after if after >= 0 else max(0, await _offset(there, session) - 20)
            while True:
                page = await there.get(f"/v1/sessions/{session}/events", after=at, limit=PAGE)
                for event in page["events"]:
                    click.echo(line_of(event))
                    at = event["offset"]
                if not page["events"]:
                    if no_follow:
                        return
                    await asyncio.sleep(LOOK_S)

    run(work())


async def _offset(there: Hub, session: str) -> int:
    found = await there.get(f"/v1/sessions/{session}")
    return int(found["state"].get("offset", 0))
