"""`legato audit`: who did what when in a session, with the chain that it stands in verified."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from hub.audit import Act, acts
from hub.keys.anchors import Anchors
from hub.keys.embedded import embedded_key_store
from hub.keys.errors import KeysError
from hub.keys.hub_secrets import hub_secrets
from hub.store.promise import SessionKey, StoreUnavailable
from hub.vault.folder import VaultDamaged
from hub.verify import Report, verify
from legato.session.ids import MAIN
from signaling.cli.lines import shown
from signaling.options import Options
from signaling.serve import monotonic_ms, opened_store, opened_vault

_APART: Final = frozenset({"type", "by", "offset", "time"})
_WORDS: Final = frozenset({"text", "parts", "arguments", "result", "briefing", "notes", "title", "spoken"})


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
@click.option("--json", "as_json", is_flag=True, help="JSON lines, words included, each with its digest.")
def audit(*, session: str, tenant: str, data: Path, redis: str, as_json: bool) -> None:
    """Say who did what when in a session, and whether the log is whole.

    Without --json what was said is left out. The last line says what was verified: every seal and the chain over all
    events, those that are not listed too. Exit code 1 if anything is wrong. The hub may run or not.
    """
    key = SessionKey(tenant, session)
    try:
        found = asyncio.run(_audited(key, Options(data=data, redis=redis)))
    except (KeysError, StoreUnavailable, VaultDamaged, OSError) as problem:
        click.echo(f"legato: it cannot be audited: {problem}", err=True)
        sys.exit(2)
    if found is None:
        click.echo(f"legato: no such session in {data}: choose the hub's data folder with --data", err=True)
        sys.exit(2)
    report, done = found
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
    faults = [{"offset": each.offset, "what": each.what} for each in report.findings]
    if as_json:
        checked = {
            "verified": not faults,
            "entries": report.entries,
            "first": report.first,
            "last": report.last,
        }
        return msgspec.json.encode({**checked, "faults": faults}).decode()
    listed = "".join(f"\noffset {each['offset']}: {each['what']}" for each in faults)
    return f"{report.entries} events verified, {report.first} to {report.last}: {len(faults)} faults{listed}"


async def _audited(key: SessionKey, options: Options) -> tuple[Report, list[Act]] | None:
    async with AsyncExitStack() as stack:
        keys = await stack.enter_async_context(embedded_key_store(options.data / "keys", monotonic_ms))
        known = await hub_secrets(keys)
        store, _ = await opened_store(options, stack)
        vault = opened_vault(options)
        report = await verify(key, store, keys, Anchors(known.anchor), vault)
        if report is None:
            return None
        return report, [act async for act in acts(key, store, keys, report.last, vault)]
