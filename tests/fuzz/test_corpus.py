"""What once broke a reader of foreign bytes, here or in another stack, and some thousands of variants of it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.mutation import mutated
from tests.fuzz.run import corpus, tried
from tests.fuzz.targets import TARGETS

VARIANTS = 300


@pytest.mark.parametrize("name", TARGETS)
def test_good_input_is_taken(name: str) -> None:
    target = TARGETS[name]
    for raw in target.seeds():
        assert tried(target, raw) or name in ("stored", "segment", "opus"), (
            "each seed is for one reader of several"
        )


@pytest.mark.parametrize("name", TARGETS)
def test_what_once_broke_a_reader_is_taken_or_refused(name: str) -> None:
    for raw in corpus(name):
        tried(TARGETS[name], raw)


@pytest.mark.parametrize("name", TARGETS)
def test_broken_variants_are_taken_or_refused(name: str, run_seed: int) -> None:
    random = Random(f"{run_seed} {name}")
    target = TARGETS[name]
    seeds = [*target.seeds(), *corpus(name)]
    for _ in range(VARIANTS):
        raw = mutated(seeds, random)
        try:
            tried(target, raw)
        except Exception as failure:
            raise AssertionError(f"{name}: {raw.hex()}") from failure


@pytest.mark.parametrize("name", TARGETS)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused(name: str, raw: bytes) -> None:
    tried(TARGETS[name], raw)
