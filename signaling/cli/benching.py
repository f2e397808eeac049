"""`legato bench`: the figures, repeated by anyone."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from pathlib import Path

import click

from hub.store.embedded import EmbeddedStoreFailed
from hub.store.endpoint import EndpointInvalid
from hub.store.fitness import StoreUnfit
from hub.store.promise import StoreUnavailable
from signaling.bench.leavings import swept
from signaling.bench.page import page
from signaling.bench.peers import PEERS
from signaling.bench.plan import SMALL, Plan
from signaling.bench.rig import StoreNotEmpty
from signaling.bench.runs import BENCHES, PART_NAMES, Outcome, measure, with_parts

FAILURES = (
    EmbeddedStoreFailed,
    EndpointInvalid,
    OSError,
    RuntimeError,
    StoreNotEmpty,
    StoreUnavailable,
    StoreUnfit,
    TimeoutError,
)
BROKEN = 2


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(BENCHES)))
@click.option(
    "--json", "written", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there."
)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the report there.")
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, help="The best median counts.")
@click.option("--redis", default="", help="An empty Redis or Valkey instead of an embedded store.")
@click.option("--accept-store", default="", metavar="REASON", help="As for `legato serve`.")
@click.option("--no-judge", is_flag=True, help="Exit with 0 even if a bar is missed.")
@click.option(
    "--small", is_flag=True, help="Seconds instead of minutes: shows that it works, measures nothing."
)
@click.option(
    "--waiting",
    type=click.IntRange(1),
    help="Sessions that wait at rest while others are dispatched (100000: its bar).",
)
@click.option(
    "--calls",
    type=click.IntRange(1),
    help="Calls at once, for what a call costs (300: its bar; fewer where call_frames_heard says that a node is full).",
)
@click.option(
    "--peer",
    "peers",
    multiple=True,
    type=click.Choice(sorted(PEERS)),
    help="Measure its calls beside ours (installs it, from benchmarks/peers, into an environment of its own).",
)
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(PART_NAMES),
    metavar="NAME",
    help=f"Only this part, and the benches that have it (again for more): {', '.join(PART_NAMES)}.",
)
@click.option(
    "--bad-path-s",
    type=click.FloatRange(0),
    help="Seconds on bad paths for working_paths_dropped and false_crashes_bad_path (600: their bars).",
)
def bench(
    *,
    names: tuple[str, ...],
    written: Path | None,
    html: Path | None,
    runs: int,
    redis: str,
    accept_store: str,
    no_judge: bool,
    small: bool,
    bad_path_s: float | None,
    waiting: int | None,
    calls: int | None,
    peers: tuple[str, ...],
    parts: tuple[str, ...],
) -> None:
    """Measure delivery, reconnect, join, voice, turns and agents (all, or those NAMES) on real processes and stores.

    \b
    Exit code 0: every bar holds. 1: one is missed, or could not be measured. 2: nothing could be measured.
    A bar on a network figure holds within itself, or within three times the floor: bare echoes, same run.
    Leave the machine alone meanwhile; the load average is written beside the figures.
    """
    logging.basicConfig(level=logging.ERROR)
    plan = replace(SMALL if small else Plan(), says=lambda text: click.echo(text, err=True), peers=peers)
    plan = _sized(plan, bad_path_s, waiting, calls)
    chosen = names or with_parts(parts)
    _check(chosen, parts)
    try:
        with swept():
            outcome = asyncio.run(
                _told_to_end(measure(chosen, plan, runs, redis=redis, accept_store=accept_store, only=parts))
            )
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)
    except FAILURES as failure:
        click.echo(f"legato: nothing was measured: {str(failure) or type(failure).__name__}", err=True)
        sys.exit(BROKEN)
    if written is not None:
        written.write_text(json.dumps(outcome.report(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    if html is not None:
        called = ["legato bench", *chosen, *(f"--part {part}" for part in parts), f"--runs {runs}"]
        html.write_text(page(outcome, " ".join(called)), "utf-8")
    _tell(outcome)
    if not outcome.results:
        sys.exit(BROKEN)
    sys.exit(0 if no_judge or outcome.holds() else 1)


def _sized(plan: Plan, rough_s: float | None, waiting: int | None, calls: int | None) -> Plan:
    """The plan, in the sizes that were asked for."""
    plan = plan if rough_s is None else replace(plan, rough_s=rough_s)
    plan = plan if waiting is None else replace(plan, waiting=waiting)
    return plan if calls is None else replace(plan, calls=calls)


def _check(chosen: Sequence[str], parts: Sequence[str]) -> None:
    having = with_parts(parts)
    if strangers := [name for name in chosen if name not in having]:
        raise click.UsageError(f"{', '.join(strangers)} has no part named {' or '.join(parts)}.")


async def _told_to_end(work: Awaitable[Outcome]) -> Outcome:
    """SIGTERM ends what the bench has started, its store too."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


def _tell(outcome: Outcome) -> None:
    for result in outcome.results:
        click.echo(result.line())
    for missing in outcome.missing:
        click.echo(f"not measured: {missing}")
