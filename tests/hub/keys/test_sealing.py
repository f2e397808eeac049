"""A sealed payload opens where it was sealed for, and nowhere else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from hub.keys import places
from hub.keys.errors import PlaceInvalid, SealBroken
from hub.keys.places import Place
from hub.keys.sealing import SEAL_OVERHEAD, SessionSealer, sealer_of

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "sealing.json").read_text())
KEY = bytes(range(32))
PLACES: list[Place] = [
    places.event("w", 1, 0),
    places.event("w", 0, 1),
    places.event("w2", 1, 0),
    places.snapshot("q83vEjRWeJA", 1),
    places.snapshot("q83vEjRWeJE", 1),
    places.history("w"),
    places.audio("w", 1),
    places.audio("w", 2),
    places.blob("a" * 64),
    places.segment("w", 1, 1),
    places.segment("w", 1, 2),
    places.record("w", 1),
]
BUILDERS: dict[str, Callable[..., Place]] = {
    "event": places.event,
    "snapshot": places.snapshot,
    "history": places.history,
    "audio": places.audio,
    "blob": places.blob,
    "segment": places.segment,
    "record": places.record,
}


@pytest.mark.parametrize(
    "vector",
    [pytest.param(vector, id=f"{at} {vector['kind']}") for at, vector in enumerate(VECTORS["seals"])],
)
def test_a_seal_has_the_bytes_of_the_vectors(vector: dict[str, Any]) -> None:
    cipher = AESGCM(bytes.fromhex(VECTORS["key"]))
    names = (VECTORS["tenant"], VECTORS["session"])
    place = BUILDERS[vector["kind"]](**vector["fields"])
    assert (places.scope(*names) + place).hex() == vector["associated"]
    sealer = SessionSealer(*names, lambda: cipher, lambda _: bytes.fromhex(vector["nonce"]))
    assert sealer.seal(place, bytes.fromhex(vector["plain"])).hex() == vector["sealed"]
    assert sealer.open(place, bytes.fromhex(vector["sealed"])).hex() == vector["plain"]


def test_the_vectors_have_every_kind_of_place() -> None:
    assert {vector["kind"] for vector in VECTORS["seals"]} == set(BUILDERS)


@given(st.binary(max_size=300), st.sampled_from(PLACES))
def test_what_was_sealed_opens(plain: bytes, place: Place) -> None:
    sealer = sealer_of("main", "s_1", KEY)
    sealed = sealer.seal(place, plain)
    assert len(sealed) == len(plain) + SEAL_OVERHEAD
    assert sealer.open(place, sealed) == plain


@given(st.sampled_from(PLACES), st.sampled_from(PLACES))
def test_nothing_opens_in_another_place(sealed_for: Place, opened_at: Place) -> None:
    sealer = sealer_of("main", "s_1", KEY)
    sealed = sealer.seal(sealed_for, b"words")
    if sealed_for == opened_at:
        assert sealer.open(opened_at, sealed) == b"words"
    else:
        with pytest.raises(SealBroken):
            sealer.open(opened_at, sealed)


def test_no_two_places_have_the_same_bytes() -> None:
    assert len(set(PLACES)) == len(PLACES)


@pytest.mark.parametrize(("tenant", "session"), [("main", "s_2"), ("other", "s_1"), ("mains", "_1")])
def test_nothing_opens_in_another_session(tenant: str, session: str) -> None:
    sealed = sealer_of("main", "s_1", KEY).seal_event("w", 1, 0, b"words")
    with pytest.raises(SealBroken):
        sealer_of(tenant, session, KEY).open_event("w", 1, 0, sealed)


def test_nothing_opens_with_another_key() -> None:
    sealed = sealer_of("main", "s_1", KEY).seal_event("w", 1, 0, b"words")
    with pytest.raises(SealBroken):
        sealer_of("main", "s_1", KEY[::-1]).open_event("w", 1, 0, sealed)


@given(at=st.integers(0, SEAL_OVERHEAD + 4), bit=st.integers(0, 7))
def test_a_changed_bit_is_found(at: int, bit: int) -> None:
    sealer = sealer_of("main", "s_1", KEY)
    sealed = bytearray(sealer.seal_event("w", 1, 0, b"words"))
    sealed[at] ^= 1 << bit
    with pytest.raises(SealBroken) as caught:
        sealer.open_event("w", 1, 0, bytes(sealed))
    assert caught.value.reason == ("version" if at == 0 else "tag")


@pytest.mark.parametrize("length", [0, 1, SEAL_OVERHEAD - 1])
def test_a_stump_is_no_seal(length: int) -> None:
    with pytest.raises(SealBroken) as caught:
        sealer_of("main", "s_1", KEY).open(PLACES[0], b"\x01" * length)
    assert caught.value.reason == "short"


def test_sealing_twice_gives_different_bytes() -> None:
    sealer = sealer_of("main", "s_1", KEY)
    assert len({sealer.seal(PLACES[0], b"words") for _ in range(64)}) == 64


def test_an_event_is_sealed_for_its_own_place() -> None:
    sealer = sealer_of("main", "s_1", KEY)
    assert sealer.open(places.event("w", 7, 3), sealer.seal_event("w", 7, 3, b"words")) == b"words"
    assert sealer.open_event("w", 7, 3, sealer.seal(places.event("w", 7, 3), b"words")) == b"words"


@pytest.mark.parametrize(
    "build",
    [
        lambda: places.event("", 0, 0),
        lambda: places.event("x" * 256, 0, 0),
        lambda: places.event("é", 0, 0),
        lambda: places.event("w", -1, 0),
        lambda: places.event("w", 0, -1),
        lambda: places.event("w", 2**53, 0),
        lambda: places.snapshot("", 0),
        lambda: places.snapshot("q83vEjRWeJA", -1),
        lambda: places.audio("w", 2**53),
        lambda: places.blob("ab"),
        lambda: places.segment("w", 0, -1),
        lambda: places.scope("main", ""),
        lambda: places.scope("", "s_1"),
    ],
)
def test_what_no_place_can_carry_is_refused(build: Callable[[], bytes]) -> None:
    with pytest.raises(PlaceInvalid):
        build()
