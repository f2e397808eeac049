"""`legato usage`: what the sessions of a tenant cost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import click

from signaling.cli.lines import shown
from signaling.cli.reaching import Hub, HubSaid, hub_reached, reached, run

PAGE: Final = 100
COLUMNS: Final = ("tokens_in", "tokens_out", "seconds", "tool_calls")
GONE: Final = (404, 410)


@click.command()
@hub_reached
@click.option("--from", "first", default="", metavar="DAY", help="The first day, as 2026-11-29 (UTC).")
@click.option("--to", "last", default="", metavar="DAY", help="The last day.")
@click.option("--each", is_flag=True, help="A line for each session that is still there: reads all of them.")
@click.option(
    "--limit", default=1_000, show_default=True, help="With --each: so many sessions, newest first."
)
def usage(*, hub: str, ticket: str, data: Path, first: str, last: str, each: bool, limit: int) -> None:
    """What the tenant's sessions used of models and tools: a line for each day, and the total.

    It is read from totals that the store keeps; sessions that were erased stay in them.
    """
    if each and (first or last):
        raise click.UsageError("--each goes by sessions, not by days")
    run(_each(hub, ticket, data, limit) if each else _days(hub, ticket, data, first, last))


async def _days(hub: str, ticket: str, data: Path, first: str, last: str) -> None:
    total: Counter[str] = Counter()
    click.echo(_line("day", dict(zip(COLUMNS, COLUMNS, strict=True))))
    asked = {name: day for name, day in (("from", first), ("to", last)) if day}
    async with reached(hub, ticket, data) as there:
        for row in (await there.get("/v1/usage", **asked))["days"]:
            day = row.pop("day")
            total.update(row)
            click.echo(_line(day, _in_seconds(row)))
    click.echo(_line("total", _in_seconds(total)))


def _in_seconds(used: dict[str, int] | Counter[str]) -> dict[str, int]:
    return {**used, "seconds": used.get("ms", 0) // 1000}


async def _each(hub: str, ticket: str, data: Path, limit: int) -> None:
    total: Counter[str] = Counter()
    click.echo(_line("session", dict(zip(COLUMNS, COLUMNS, strict=True))))
    async with reached(hub, ticket, data) as there:
        for session in await _listed(there, limit):
            used = await _used(there, session)
            total.update(used)
            if used:
                click.echo(_line(shown(session), used))
    click.echo(_line("total", total))


async def _listed(there: Hub, limit: int) -> list[str]:
    found: list[str] = []
    before = 0
    while len(found) < limit:
        page = await there.get("/v1/sessions", limit=min(PAGE, limit - len(found)), before=before)
        found += [row["session"] for row in page["sessions"]]
        before = page["before"]
        if not before:
            break
    return list(dict.fromkeys(found))


async def _used(there: Hub, session: str) -> dict[str, int]:
    """What the session used; nothing if it was erased meanwhile."""
    try:
        found = await there.get(f"/v1/sessions/{session}")
    except HubSaid as said:
        if said.status in GONE:
            return {}
        raise
    used = found["state"].get("usage")
    return {} if used is None else _in_seconds(used)


def _line(name: str, used: dict[str, Any] | Counter[str]) -> str:
    return f"{name:<28}" + "".join(f"{used.get(column, 0):>13}" for column in COLUMNS)
