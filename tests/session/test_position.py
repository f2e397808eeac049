"""Positions have one spelling each, and nothing else is read as one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from legato.session.position import MAX_OFFSET, ORIGIN, Position, PositionInvalid, epoch_from_bits

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "position.json").read_text())
EPOCH = "q83vEjRWeJA"

epochs = st.binary(min_size=8, max_size=8).filter(any).map(epoch_from_bits)
offsets = st.one_of(st.integers(1, MAX_OFFSET), st.sampled_from([1, 2**31, 2**32, MAX_OFFSET]))
digests = st.binary(min_size=20, max_size=20)


def named(kind: str) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS[kind]]


@pytest.mark.parametrize("vector", named("positions"))
def test_a_position_is_spelled_as_in_the_vectors(vector: dict[str, Any]) -> None:
    position = Position(vector["epoch"], vector["offset"], bytes.fromhex(vector["check"]))
    assert position.to_text() == vector["text"]
    assert Position.from_text(vector["text"]) == position


@pytest.mark.parametrize("vector", named("refused"))
def test_anything_else_is_refused_with_a_reason(vector: dict[str, Any]) -> None:
    with pytest.raises(PositionInvalid) as caught:
        Position.from_text(vector["text"])
    assert caught.value.reason == vector["reason"]


@given(epochs, offsets, digests)
def test_what_is_written_is_read_back(epoch: str, offset: int, digest: bytes) -> None:
    position = Position.at(epoch, offset, digest)
    assert Position.from_text(position.to_text()) == position
    assert position.check == digest[:8]


@given(st.text(alphabet="AEQgw019-_=+/ \n\u0660", min_size=32, max_size=36))
@example("AQ" + "A" * 32)
def test_what_is_read_has_no_other_spelling(text: str) -> None:
    try:
        position = Position.from_text(text)
    except PositionInvalid:
        return
    assert position.to_text() == text


@given(digests)
def test_the_start_of_an_epoch_has_no_digest_to_check(digest: bytes) -> None:
    assert Position.at(EPOCH, 0, digest) == Position.start(EPOCH)


def test_the_origin_belongs_to_no_epoch() -> None:
    assert ORIGIN.original
    assert not Position.start(EPOCH).original
    assert Position.from_text(ORIGIN.to_text()).original


@pytest.mark.parametrize(
    ("reason", "epoch", "offset", "check"),
    [
        ("epoch", "", 0, bytes(8)),
        ("epoch", EPOCH + "A", 0, bytes(8)),
        ("epoch", EPOCH[:-1] + "B", 0, bytes(8)),
        ("epoch", EPOCH[:-1] + "\n", 0, bytes(8)),
        ("offset", EPOCH, -1, bytes(8)),
        ("offset", EPOCH, MAX_OFFSET + 1, b"checked!"),
        ("check", EPOCH, 1, b"checked"),
        ("check", EPOCH, 1, b"checked!!"),
        ("check_at_start", EPOCH, 0, b"checked!"),
        ("epoch_reserved", "A" * 11, 1, b"checked!"),
    ],
)
def test_an_impossible_position_cannot_be_made(reason: str, epoch: str, offset: int, check: bytes) -> None:
    with pytest.raises(PositionInvalid) as caught:
        Position(epoch, offset, check)
    assert caught.value.reason == reason


@pytest.mark.parametrize("bits", [b"", bytes(8), b"1234567", b"123456789"])
def test_an_epoch_is_named_by_64_bits_that_are_not_all_zero(bits: bytes) -> None:
    with pytest.raises(PositionInvalid):
        epoch_from_bits(bits)
