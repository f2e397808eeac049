"""Three runs, and of each figure the one with the best median: what the machine can do, not who else was on it."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from signaling.bench import figures
from signaling.bench.agents import measure_agents
from signaling.bench.bad_path import measure_bad_path
from signaling.bench.delivery import measure_delivery
from signaling.bench.dispatching import measure_dispatch
from signaling.bench.failover import measure_failover
from signaling.bench.figures import Figure, Result, Value
from signaling.bench.join import measure_join
from signaling.bench.plan import Plan
from signaling.bench.reconnect import measure_reconnect
from signaling.bench.rig import Rig, open_rig
from signaling.bench.takeover import measure_takeover
from signaling.bench.turn import measure_turn
from signaling.bench.voice import PARTS
from signaling.bench.zombies import measure_zombies

log: Final = logging.getLogger("legato.bench")

Measure = Callable[[Rig, Plan], Awaitable[list[Result]]]

BENCHES: Final[dict[str, Sequence[Measure]]] = {
    "delivery": (measure_delivery,),
    "reconnect": (measure_reconnect,),
    "join": (measure_join,),
    "voice": PARTS,
    "turn": (measure_turn,),
    "agents": (measure_dispatch, measure_agents, measure_zombies, measure_bad_path, measure_failover),
    "takeover": (measure_takeover,),
}
"""The parts of each: what one cannot measure costs no other's figures."""


def called(part: Measure) -> str:
    """A part's name."""
    return part.__name__.removeprefix("measure_")


PART_NAMES: Final = sorted({called(part) for parts in BENCHES.values() for part in parts})


def with_parts(only: Collection[str]) -> tuple[str, ...]:
    """The benches that have one of these parts; without any, all."""
    return tuple(
        name for name, parts in BENCHES.items() if not only or {*only} & {called(each) for each in parts}
    )


class Unmeasurable(Exception):
    """A figure cannot be measured here; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured: `results` by name, in order; `loads` the machine's load average before each bench's runs;
    `missing` says what could not be measured, and why."""

    results: tuple[Result, ...]
    loads: dict[str, list[float]]
    missing: tuple[str, ...]

    def holds(self) -> bool:
        """Whether every bar does, and nothing is missing."""
        return not self.missing and all(result.holds() for result in self.results)

    def report(self) -> dict[str, Any]:
        """For JSON: machine, versions, figures."""
        where = figures.machine() | {"load_before_each_run": self.loads}
        return figures.report(self.results, where, figures.versions({}))


async def measure(
    names: Sequence[str],
    plan: Plan,
    runs: int,
    *,
    redis: str = "",
    accept_store: str = "",
    profile: Path | None = None,
    only: Collection[str] = (),
) -> Outcome:
    """Run the benches; of their parts `only` these, if any are named. Raises `StoreNotEmpty`, what a store's refusal
    raises, and `OSError`."""
    found: dict[str, list[Result]] = {}
    loads: dict[str, list[float]] = {}
    missing: list[str] = []
    for name in names:
        async with open_rig(redis, accept_store, profile=profile) as rig:
            for run in range(runs):
                loads.setdefault(name, []).append(round(os.getloadavg()[0], 2))
                told = replace(plan, says=_numbered(plan.says, run, runs))
                for part in [each for each in BENCHES[name] if not only or called(each) in only]:
                    results, why = await attempt(part, rig, told)
                    missing += why
                    for result in results:
                        found.setdefault(result.name, []).append(result)
        if name == "join" and plan.first_audios:
            try:
                for run in range(runs):
                    told = replace(plan, says=_numbered(plan.says, run, runs))
                    found.setdefault("first_audio_ms", []).append(await _first_audio(told))
            except Unmeasurable as why:
                missing.append(str(why))
    return outcome(found, loads, missing)


async def attempt(part: Measure, rig: Rig, plan: Plan) -> tuple[list[Result], list[str]]:
    """What a part measured, or why it could not."""
    try:
        results = await part(rig, plan)
    except Exception as failure:  # whatever it is: hours of others' figures must not go with it
        log.warning("%s failed", part.__name__, exc_info=failure)
        return [], [f"{called(part)}: {_cause(failure)}"]
    for result in results:
        plan.says(result.line())
    return results, []


def _cause(failure: BaseException) -> str:
    """The first failure within groups, in a line."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return f"{type(failure).__name__}: {failure}".removesuffix(": ")


def outcome(
    found: Mapping[str, Sequence[Result]], loads: dict[str, list[float]], missing: Sequence[str]
) -> Outcome:
    """Of each figure the best run; one that no run has a sample of is missing."""
    chosen: list[Result] = []
    lacking = list(missing)
    for name, results in found.items():
        try:
            chosen.append(best(results))
        except Unmeasurable as why:
            lacking.append(f"{name}: {why}")
    return Outcome(tuple(chosen), loads, tuple(lacking))


def best(results: Sequence[Result]) -> Result:
    """The run with the lowest median; of values the median one, or the worst where none may go wrong. Raises
    `Unmeasurable` without one sample."""
    figures_ = [result for result in results if isinstance(result, Figure)]
    if figures_:
        measured = [figure for figure in figures_ if figure.samples]
        if not measured:
            raise Unmeasurable("no run gave a sample")
        return min(measured, key=lambda figure: figures.percentile(figure.samples, 50))
    values = sorted((result for result in results if isinstance(result, Value)), key=lambda one: one.value)
    if values[0].absolute:
        return values[-1] if values[0].most == 0 else values[0]
    return values[(len(values) - 1) // 2]


async def _first_audio(plan: Plan) -> Result:
    """Needs a browser and a voice, which a hub does not."""
    try:
        from playwright.async_api import Error

        from signaling.bench.first_audio import measure_first_audio
    except ImportError as lacking:
        raise Unmeasurable(f"first_audio_ms: {lacking.name} is not installed") from None
    try:
        return await measure_first_audio(plan.first_audios, plan.says)
    except (Error, OSError, RuntimeError) as failure:
        raise Unmeasurable(f"first_audio_ms: {str(failure) or type(failure).__name__}") from None


def _numbered(says: Callable[[str], None], run: int, runs: int) -> Callable[[str], None]:
    return lambda text: says(f"run {run + 1} of {runs}: {text}")
