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
@click.option("--limit", default=1_000, show_default=True, help="Look at so many sessions, newest first.")
def usage(*, hub: str, ticket: str, data: Path, limit: int) -> None:
    """Add up what the tenant's sessions used of models and tools: a line for each that did, and the total."""

    async def work() -> None:
        total: Counter[str] = Counter()
        click.echo(_line("session", dict(zip(COLUMNS, COLUMNS, strict=True))))
        async with reached(hub, ticket, data) as there:
            for session in await _listed(there, limit):
                used = await _used(there, session)
                total.update(used)
                if used:
                    click.echo(_line(shown(session), used))
        click.echo(_line("total", total))

    run(work())


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
    return {} if used is None else {**used, "seconds": used.get("ms", 0) // 1000}


def _line(name: str, used: dict[str, Any] | Counter[str]) -> str:
    return f"{name:<28}" + "".join(f"{used.get(column, 0):>13}" for column in COLUMNS)
