"""The chain's digests, against vectors that were computed in Lua by real servers."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.session.chain import (
    DIGEST_SIZE,
    HEAD_SIZE,
    MAX_EXACT,
    TAG_SIZE,
    ChainInputInvalid,
    genesis,
    link,
    producer_header,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "chain.json").read_text())
SEALED = bytes(range(60))
PREVIOUS = bytes(range(DIGEST_SIZE))
HEADER = producer_header("browser:a_1", 4, 2)


def named(kind: str) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS[kind]]


@pytest.mark.parametrize("vector", named("genesis"))
def test_a_log_starts_from_the_digest_of_the_vectors(vector: dict[str, Any]) -> None:
    assert genesis(vector["tenant"], vector["session"], vector["epoch"]).hex() == vector["digest"]


@pytest.mark.parametrize("vector", named("links"))
def test_an_entry_has_the_digest_of_the_vectors(vector: dict[str, Any]) -> None:
    header = producer_header(vector["producer"], vector["sequence"], vector["index"])
    digest = link(
        bytes.fromhex(vector["previous"]),
        vector["offset"],
        vector["time_ms"],
        vector["flags"],
        header,
        bytes.fromhex(vector["sealed"]),
    )
    assert digest.hex() == vector["digest"]


def test_the_vectors_are_one_chain() -> None:
    digests = [VECTORS["genesis"][0]["digest"], *(vector["digest"] for vector in VECTORS["links"])]
    assert [vector["previous"] for vector in VECTORS["links"]] == digests[:-1]


def test_no_two_logs_start_alike() -> None:
    assert len({vector["digest"] for vector in VECTORS["genesis"]}) == len(VECTORS["genesis"])


@given(
    place=st.integers(min_value=0, max_value=HEAD_SIZE + TAG_SIZE - 1),
    bit=st.integers(min_value=0, max_value=7),
)
def test_any_bit_of_the_nonce_or_the_tag_changes_the_digest(place: int, bit: int) -> None:
    edited = bytearray(SEALED)
    edited[place if place < HEAD_SIZE else place - HEAD_SIZE - TAG_SIZE] ^= 1 << bit
    assert link(PREVIOUS, 9, 1_000, 0, HEADER, bytes(edited)) != link(PREVIOUS, 9, 1_000, 0, HEADER, SEALED)


def test_every_other_field_changes_the_digest() -> None:
    other = [
        link(PREVIOUS, 9, 1_000, 0, HEADER, SEALED),
        link(bytes(DIGEST_SIZE), 9, 1_000, 0, HEADER, SEALED),
        link(PREVIOUS, 10, 1_000, 0, HEADER, SEALED),
        link(PREVIOUS, 9, 1_001, 0, HEADER, SEALED),
        link(PREVIOUS, 9, 1_000, 1, HEADER, SEALED),
        link(PREVIOUS, 9, 1_000, 0, producer_header("browser:a_2", 4, 2), SEALED),
        link(PREVIOUS, 9, 1_000, 0, producer_header("browser:a_1", 5, 2), SEALED),
        link(PREVIOUS, 9, 1_000, 0, producer_header("browser:a_1", 4, 3), SEALED),
    ]
    assert len(set(other)) == len(other)


def test_the_middle_of_the_payload_is_left_to_its_tag() -> None:
    edited = SEALED[:HEAD_SIZE] + bytes(len(SEALED) - HEAD_SIZE - TAG_SIZE) + SEALED[-TAG_SIZE:]
    assert link(PREVIOUS, 9, 1_000, 0, HEADER, edited) == link(PREVIOUS, 9, 1_000, 0, HEADER, SEALED)


def test_the_greatest_exact_numbers_are_carried() -> None:
    header = producer_header("x" * 255, MAX_EXACT, 255)
    assert (
        len(link(PREVIOUS, MAX_EXACT, MAX_EXACT, 255, header, SEALED[: HEAD_SIZE + TAG_SIZE])) == DIGEST_SIZE
    )


@pytest.mark.parametrize(
    ("field", "previous", "offset", "time_ms", "flags", "sealed"),
    [
        ("previous", PREVIOUS[:-1], 1, 0, 0, SEALED),
        ("previous", PREVIOUS + b"\0", 1, 0, 0, SEALED),
        ("offset", PREVIOUS, 0, 0, 0, SEALED),
        ("offset", PREVIOUS, MAX_EXACT + 1, 0, 0, SEALED),
        ("time_ms", PREVIOUS, 1, -1, 0, SEALED),
        ("time_ms", PREVIOUS, 1, MAX_EXACT + 1, 0, SEALED),
        ("flags", PREVIOUS, 1, 0, -1, SEALED),
        ("flags", PREVIOUS, 1, 0, 256, SEALED),
        ("sealed", PREVIOUS, 1, 0, 0, SEALED[: HEAD_SIZE + TAG_SIZE - 1]),
    ],
)
def test_what_the_layout_cannot_carry_is_refused_by_name(
    field: str, previous: bytes, offset: int, time_ms: int, flags: int, sealed: bytes
) -> None:
    with pytest.raises(ChainInputInvalid) as caught:
        link(previous, offset, time_ms, flags, HEADER, sealed)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "producer", "sequence", "index"),
    [
        ("producer", "", 0, 0),
        ("producer", "x" * 256, 0, 0),
        ("producer", "ä", 0, 0),
        ("producer", "a\0b", 0, 0),
        ("sequence", "x", -1, 0),
        ("sequence", "x", MAX_EXACT + 1, 0),
        ("index", "x", 0, -1),
        ("index", "x", 0, 256),
    ],
)
def test_a_producer_that_the_layout_cannot_carry_is_refused(
    field: str, producer: str, sequence: int, index: int
) -> None:
    with pytest.raises(ChainInputInvalid) as caught:
        producer_header(producer, sequence, index)
    assert caught.value.field == field


@pytest.mark.parametrize("names", [("", "s", "e"), ("t", "", "e"), ("t\0s", "s", "e"), ("t", "sé", "e")])
def test_a_name_that_could_pass_for_another_is_refused(names: tuple[str, str, str]) -> None:
    with pytest.raises(ChainInputInvalid):
        genesis(*names)
