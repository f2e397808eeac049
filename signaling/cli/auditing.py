"""`legato audit`: who did what when in a session, with the chain that it stands in verified."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from hub.audit import Act, acts
from hub.verify import Report
from signaling.cli.at_rest import AtRest, at_rest_options, fault, look
from signaling.cli.lines import shown

_APART: Final = frozenset({"type", "by", "offset", "time"})
_WORDS: Final = frozenset({"text", "parts", "arguments", "result", "briefing", "notes", "title", "spoken"})


@click.command()
@at_rest_options
@click.option("--json", "as_json", is_flag=True, help="JSON lines, words included, each with its digest.")
def audit(*, session: str, tenant: str, data: Path, redis: str, as_json: bool) -> None:
    """Say who did what when in a session, and whether the log is whole.

    Without --json what was said is left out. The last line says what was verified: every seal and the chain over all
    events, those that are not listed too. Exit code 1 if anything is wrong. The hub may run or not.
    """
    report, done = look(session, tenant, data, redis, _audited)
    for act in done:
        event = msgspec.json.decode(act.encoded)
        line = {**event, "digest": act.digest.hex()}
        click.echo(msgspec.json.encode(line).decode() if as_json else act_line(event))
    click.echo(_verdict(report, as_json=as_json))
    sys.exit(1 if report.findings else 0)


def act_line(event: Mapping[str, Any]) -> str:
    """One act for people: where, when (UTC), who, what, and the facts of it; nothing of what was said."""
    at = datetime.fromtimestamp(event.get("time", 0) / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    facts = " ".join(
        f"{name}={shown(str(value))}"
        for name, value in event.items()
        if name not in _APART | _WORDS and value not in ("", [], {})
    )
    who = shown(str(event.get("by", "")))
    return f"{event.get('offset', 0):>6}  {at}  {who:<24}  {event.get('type', '?')}  {facts}".rstrip()


def _verdict(report: Report, *, as_json: bool) -> str:
    if as_json:
        checked = {
            "verified": not report.findings,
            "entries": report.entries,
            "first": report.first,
            "last": report.last,
            "faults": [{"offset": each.offset, "what": each.what} for each in report.findings],
        }
        return msgspec.json.encode(checked).decode()
    told = f"{report.entries} events verified, {report.first} to {report.last}: {len(report.findings)} faults"
    return "\n".join([told, *map(fault, report.findings)])


async def _audited(at_rest: AtRest) -> tuple[Report, list[Act]] | None:
    report = await at_rest.verified()
    if report is None:
        return None
    found = acts(at_rest.key, at_rest.store, at_rest.keys, report.last, at_rest.vault)
    return report, [act async for act in found]
