"""`legato audit`: who did what when in a session, with the chain that it stands in verified, and what was refused."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click
import msgspec

from hub.audit import Act, Tried, acts
from hub.keys.errors import SessionForgotten
from hub.node.refusals import Trial
from hub.verify import Report
from signaling.cli.at_rest import AtRest, fault, look, refusals_verdict, tenant_at_rest_options
from signaling.cli.exported import VERDICT, Linked, read_export
from signaling.cli.lines import shown

_APART: Final = frozenset({"type", "by", "offset", "time"})
_WORDS: Final = frozenset({"text", "parts", "arguments", "result", "briefing", "notes", "title", "spoken"})


@dataclass(frozen=True, slots=True)
class _Found:
    """`report`: None where there is no log (any more), only what was refused."""

    report: Report | None
    done: list[Act]
    refused: Tried


F = TypeVar("F", bound=Callable[..., Any])


def checks_a_file(name: str, what: str) -> Callable[[F], F]:
    """The option that checks an exported audit by itself, and does nothing else."""
    return click.option(
        name,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        is_eager=True,
        expose_value=False,
        callback=lambda _context, _option, file: check_file(file) if file is not None else None,
        help=what,
    )


@click.command()
@click.argument("session", default="")
@tenant_at_rest_options
@click.option(
    "--json", "as_json", is_flag=True, help="JSON lines, words included, each linked to the one before."
)
@checks_a_file("--verify", "Check an export of --json by itself, and nothing else.")
def audit(*, session: str, tenant: str, data: Path, redis: str, as_json: bool) -> None:
    """Say who did what when in a session, what was refused, and whether both are whole.

    A line an act: its offset in the log, when (UTC), who, what, and its facts; then a line a refusal, by its number
    (r1, r2, …). Without --json what was said is left out.

    Without SESSION: what was refused and is no session's (listing or making them, tickets, …), or an erased one's.
    Refusals of what not everybody may do are kept beside the log, in a chain of their own: the newest 256, for 90 days
    (beside all sessions: the newest 1024).

    The last lines say what was verified: every seal and the chain over all events, those that are not listed too, and
    all refusals. What `--json > FILE` wrote is checked later, without the hub, by `--verify FILE`: a line that was
    changed, removed or swapped is found. Exit code 1 if anything is wrong. The hub may run or not.
    """
    found = look(session, tenant, data, redis, _audited)
    linked = Linked()
    if not as_json:
        click.echo(f"{'offset':>6}  {'when (UTC)':<23}  {'who':<24}  what", err=True)
    for act in found.done:
        event = msgspec.json.decode(act.encoded)
        click.echo(linked.line({**event, "digest": act.digest.hex()}) if as_json else act_line(event))
    for trial in found.refused.trials:
        told = {"type": "refused", **msgspec.to_builtins(trial)}
        click.echo(linked.line(told) if as_json else trial_line(trial))
    checked = {**_checked(found), "tenant": tenant, "session": session}
    click.echo(linked.line(checked) if as_json else _verdict(found))
    sys.exit(0 if checked[VERDICT] else 1)


def check_file(file: Path) -> NoReturn:
    """Say whether an export is as it was written, and what it is of, and end."""
    with file.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        found = read_export(lines)
    if found.fault:
        click.echo(found.fault)
        sys.exit(1)
    of = "/".join(shown(str(found.verdict.get(name) or "-")) for name in ("tenant", "session"))
    click.echo(f"every line is as it was written: {of}, {found.acts} acts, {found.refused} refusals")
    click.echo(f"last link: {found.link}")
    if not found.verdict[VERDICT]:
        click.echo("but when it was written, the hub's log or refusals were not whole: see its last line")
    sys.exit(0 if found.verdict[VERDICT] else 1)


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
    facts |= {"unlisted": str(trial.unlisted or ""), "session": trial.session}
    told = " ".join(f"{name}={shown(value)}" for name, value in facts.items() if value)
    return f"{_numbered(trial):>6}  {_clock(trial.time)}  {shown(trial.by):<24}  refused  {told}"


def _clock(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _numbered(trial: Trial) -> str:
    return f"r{trial.number}" if trial.number else "-"


def _checked(found: _Found) -> dict[str, Any]:
    report, refused = found.report, found.refused
    told = {
        "refusals": len(refused.trials),
        "refusal_faults": [{"number": each.number, "what": each.what} for each in refused.flaws],
        "unreadable_refusals": refused.unreadable,
    }
    whole = not refused.flaws and not refused.unreadable
    if report is None:
        return {VERDICT: whole, **told}
    return {
        VERDICT: whole and not report.findings,
        "entries": report.entries,
        "first": report.first,
        "last": report.last,
        "faults": [{"offset": each.offset, "what": each.what} for each in report.findings],
        **told,
    }


def _verdict(found: _Found) -> str:
    report, refused = found.report, refusals_verdict(found.refused)
    if report is None:
        return "\n".join([*refused, "no log"])
    told = f"{report.entries} events verified, {report.first} to {report.last}: {len(report.findings)} faults"
    return "\n".join([*map(fault, report.findings), *refused, told])


async def _audited(at_rest: AtRest) -> _Found | None:
    key, report = at_rest.key, None
    with suppress(SessionForgotten):
        report = await at_rest.verified() if key.session else None
    if report is None:
        beside = await at_rest.tried_beside()
        trials = tuple(each for each in beside.trials if key.session in ("", each.session))
        return _Found(None, [], replace(beside, trials=trials)) if trials or not key.session else None
    found = acts(key, at_rest.store, at_rest.keys, report.last, at_rest.vault)
    return _Found(report, [act async for act in found], await at_rest.tried())
