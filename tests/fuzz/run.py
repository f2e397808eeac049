"""`make fuzz`: search for input that breaks a target, for as long as one likes.

`python -m tests.fuzz.run [TARGET…] [--seconds N] [--seed S]` mutates seeds blindly. With `atheris` installed
(`pip install atheris`), `--atheris` follows coverage, one TARGET at a time. What breaks is written into the corpus,
where every `make test` tries it again.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from importlib import import_module
from pathlib import Path
from random import Random, SystemRandom
from typing import Final

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS, Target

CORPUS: Final = Path(__file__).resolve().parents[1] / "vectors" / "corpus"
SLOW_S: Final = 0.5
"""Longer than this is a way to keep a node busy."""


class Slow(Exception):
    """It took `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.2f} s")
        self.seconds = seconds


def tried(target: Target, raw: bytes) -> bool:
    """Whether it was taken; False if it was refused as it may be. Raises what it must not."""
    began = time.process_time()
    try:
        target.read(raw)
        taken = True
    except target.refuses:
        taken = False
    if (took := time.process_time() - began) > SLOW_S:
        raise Slow(took)
    return taken


def fuzzed(name: str, seconds: float, random: Random) -> tuple[int, list[tuple[bytes, BaseException]]]:
    """How many inputs were tried, and those that broke it: one of each kind."""
    target = TARGETS[name]
    seeds = [*target.seeds(), *corpus(name)]
    for seed in seeds[: len(target.seeds())]:
        tried(target, seed)
    found: dict[str, tuple[bytes, BaseException]] = {}
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        for _ in range(100):
            raw = mutated(seeds, random)
            count += 1
            try:
                tried(target, raw)
            except Exception as failure:  # noqa: BLE001 - whatever it is, it is what is looked for
                found.setdefault(_kind(failure), (raw, failure))
    return count, list(found.values())


def corpus(name: str) -> list[bytes]:
    """What once broke the target, or another stack."""
    path = CORPUS / f"{name}.json"
    if not path.exists():
        return []
    return [bytes.fromhex(case["hex"]) for case in json.loads(path.read_text("utf-8"))]


def kept(name: str, raw: bytes, why: str) -> None:
    """Put it into the corpus."""
    path = CORPUS / f"{name}.json"
    cases = json.loads(path.read_text("utf-8")) if path.exists() else []
    cases.append({"why": why, "hex": raw.hex()})
    path.write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _kind(failure: BaseException) -> str:
    trace, place = failure.__traceback__, ""
    while trace is not None:
        place, trace = f"{trace.tb_frame.f_code.co_qualname}", trace.tb_next
    return f"{type(failure).__name__} in {place}"


def _with_coverage(name: str, seconds: float) -> None:
    atheris = import_module("atheris")
    target = TARGETS[name]

    def one(raw: bytes) -> None:
        try:
            tried(target, raw)
        except Exception as failure:
            kept(name, raw, _kind(failure))
            raise

    folder = CORPUS.parents[2] / "artefacts" / "fuzz" / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate([*target.seeds(), *corpus(name)]):
        (folder / f"seed{number}").write_bytes(seed)
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], str(folder), f"-max_total_time={seconds:.0f}", "-max_len=4096"], one)
    atheris.Fuzz()


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], default=[])
    parser.add_argument("--seconds", type=float, default=20.0, help="for each target")
    parser.add_argument("--seed", type=int, default=SystemRandom().getrandbits(32))
    parser.add_argument("--atheris", action="store_true")
    chosen = parser.parse_args()
    logging.disable()
    broken = 0
    for name in chosen.targets or TARGETS:
        if chosen.atheris:
            _with_coverage(name, chosen.seconds)
            continue
        count, found = fuzzed(name, chosen.seconds, Random(f"{chosen.seed} {name}"))
        print(f"{name:<10}{count:>9} inputs, {len(found)} that break it   (seed {chosen.seed})", flush=True)
        for raw, failure in found:
            kept(name, raw, _kind(failure))
            print(f"    {_kind(failure)}: {failure}   {raw[:60]!r}")
        broken += len(found)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
