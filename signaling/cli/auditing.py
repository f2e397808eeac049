"""`legato audit`: who did what when in a session, with the chain that it stands in verified, and what was refused."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from hub.audit import Act, Tried, acts, tried
from hub.node.refusals import Trial
from hub.verify import Report
from signaling.cli.at_rest import AtRest, at_rest_options, fault, look
from signaling.cli.lines import shown

_APART: Final = frozenset({"type", "by", "offset", "time"})
_WORDS: Final = frozenset({"text", "parts", "arguments", "result", "briefing", "notes", "title", "spoken"})


@click.command()
@at_rest_options
@click.option("--json", "as_json", is_flag=True, help="JSON lines, words included, each with its digest.")
def audit(*, session: str, tenant: str, data: Path, redis: str, as_json: bool) -> None:
    """Say who did what when in a session, what was refused, and whether the log is whole.

    Refusals of what not everybody may do are kept beside the log: the newest 256, for 90 days. Without --json what was
    said is left out. The last line says what was verified: every seal and the chain over all events, those that are
    not listed too. Exit code 1 if anything is wrong. The hub may run or not.
    """
    report, done, refused = look(session, tenant, data, redis, _audited)
    for act in done:
        event = msgspec.json.decode(act.encoded)
        line = {**event, "digest": act.digest.hex()}
        click.echo(msgspec.json.encode(line).decode() if as_json else act_line(event))
    for trial in refused.trials:
        click.echo(_trial_json(trial) if as_json else trial_line(trial))
    click.echo(_verdict(report, refused.unreadable, as_json=as_json))
    sys.exit(1 if report.findings or refused.unreadable else 0)


def act_line(event: Mapping[str, Any]) -> str:
    """One act for people: where, when (UTC), who, what, and the facts of it; nothing of what was said."""
    at = _clock(event.get("time", 0))
    facts = " ".join(
        f"{name}={shown(str(value))}"
        for name, value in event.items()
        if name not in _APART | _WORDS and value not in ("", [], {})
    )
    who = shown(str(event.get("by", "")))
    return f"{event.get('offset', 0):>6}  {at}  {who:<24}  {event.get('type', '?')}  {facts}".rstrip()


def trial_line(trial: Trial) -> str:
    """One refusal for people: when (UTC), who, what they asked for, and why it was not done."""
    facts = {"role": trial.role, "asked": trial.asked, "reason": trial.reason, "detail": trial.detail}
    facts["unlisted"] = str(trial.unlisted or "")
    told = " ".join(f"{name}={shown(value)}" for name, value in facts.items() if value)
    return f"{'-':>6}  {_clock(trial.time)}  {shown(trial.by):<24}  refused  {told}"


def _trial_json(trial: Trial) -> str:
    return msgspec.json.encode({"type": "refused", **msgspec.to_builtins(trial)}).decode()


def _clock(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _verdict(report: Report, unreadable: int, *, as_json: bool) -> str:
    if as_json:
        checked = {
            "verified": not report.findings and not unreadable,
            "entries": report.entries,
            "first": report.first,
            "last": report.last,
            "faults": [{"offset": each.offset, "what": each.what} for each in report.findings],
            "unreadable_refusals": unreadable,
        }
        return msgspec.json.encode(checked).decode()
    told = f"{report.entries} events verified, {report.first} to {report.last}: {len(report.findings)} faults"
    more = [f"{unreadable} refusals do not open"] if unreadable else []
    return "\n".join([told, *map(fault, report.findings), *more])


async def _audited(at_rest: AtRest) -> tuple[Report, list[Act], Tried] | None:
    report = await at_rest.verified()
    if report is None:
        return None
    found = acts(at_rest.key, at_rest.store, at_rest.keys, report.last, at_rest.vault)
    return report, [act async for act in found], await tried(at_rest.key, at_rest.store, at_rest.keys)
