"""Anchors and command digests, against their vectors."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.keys.anchors import Anchors
from hub.keys.digests import CommandDigest
from hub.keys.errors import KeyStoreDamaged, PlaceInvalid
from hub.keys.wrapping import KeyWrap

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "keys.json").read_text())
NAMES = (VECTORS["tenant"], VECTORS["session"])
DIGEST = bytes(range(20))


def key_of(kind: str) -> bytes:
    return bytes.fromhex(VECTORS[kind]["key"])


@pytest.mark.parametrize("vector", VECTORS["anchors"]["anchors"])
def test_an_anchor_has_the_bytes_of_the_vectors(vector: dict[str, Any]) -> None:
    place = (*NAMES, vector["epoch"], vector["offset"])
    digest, snapshot = bytes.fromhex(vector["digest"]), bytes.fromhex(vector["snapshot"])
    anchors = Anchors(key_of("anchors"))
    assert anchors.anchor(*place, digest, snapshot).hex() == vector["anchor"]
    assert anchors.holds(bytes.fromhex(vector["anchor"]), *place, digest, snapshot)


@pytest.mark.parametrize("vector", VECTORS["digests"]["digests"])
def test_a_digest_has_the_bytes_of_the_vectors(vector: dict[str, Any]) -> None:
    made = CommandDigest(key_of("digests")).of(*NAMES, vector["producer"], bytes.fromhex(vector["batch"]))
    assert made.hex() == vector["digest"]


@pytest.mark.parametrize("vector", VECTORS["wrapping"]["wrapped"])
def test_a_wrapped_key_has_the_bytes_of_the_vectors(vector: dict[str, Any]) -> None:
    wrap = KeyWrap([key_of("wrapping")], lambda _: bytes.fromhex(vector["nonce"]))
    assert wrap.wrap(bytes.fromhex(vector["plain"]), *vector["purpose"]).hex() == vector["wrapped"]
    assert wrap.unwrap(bytes.fromhex(vector["wrapped"]), *vector["purpose"]).hex() == vector["plain"]


def test_an_anchor_holds_for_nothing_else() -> None:
    anchors = Anchors(bytes(32))
    anchor = anchors.anchor("main", "s_1", "q83vEjRWeJA", 9, DIGEST, b"sealed")
    assert anchors.holds(anchor, "main", "s_1", "q83vEjRWeJA", 9, DIGEST, b"sealed")
    assert not anchors.holds(anchor, "other", "s_1", "q83vEjRWeJA", 9, DIGEST, b"sealed")
    assert not anchors.holds(anchor, "main", "s_2", "q83vEjRWeJA", 9, DIGEST, b"sealed")
    assert not anchors.holds(anchor, "main", "s_1", "q83vEjRWeJE", 9, DIGEST, b"sealed")
    assert not anchors.holds(anchor, "main", "s_1", "q83vEjRWeJA", 8, DIGEST, b"sealed")
    assert not anchors.holds(anchor, "main", "s_1", "q83vEjRWeJA", 9, DIGEST[::-1], b"sealed")
    assert not anchors.holds(anchor, "main", "s_1", "q83vEjRWeJA", 9, DIGEST, b"sealed!")
    assert not anchors.holds(b"\x02" + anchor[1:], "main", "s_1", "q83vEjRWeJA", 9, DIGEST, b"sealed")
    assert not anchors.holds(anchor[:-1], "main", "s_1", "q83vEjRWeJA", 9, DIGEST, b"sealed")
    assert not Anchors(bytes(31) + b"\1").holds(anchor, "main", "s_1", "q83vEjRWeJA", 9, DIGEST, b"sealed")


def test_an_anchor_needs_a_whole_digest() -> None:
    with pytest.raises(PlaceInvalid):
        Anchors(bytes(32)).anchor("main", "s_1", "q83vEjRWeJA", 9, DIGEST[:-1], b"sealed")


def test_equal_batches_of_two_sessions_have_different_digests() -> None:
    digests = CommandDigest(bytes(32))
    made = {
        digests.of("main", "s_1", "w", b"yes"),
        digests.of("main", "s_2", "w", b"yes"),
        digests.of("other", "s_1", "w", b"yes"),
        digests.of("main", "s_1", "v", b"yes"),
        digests.of("main", "s_1", "w", b"no"),
        digests.of("main", "s_1w", "\x01w", b"yes"),
        CommandDigest(bytes(31) + b"\1").of("main", "s_1", "w", b"yes"),
    }
    assert len(made) == 7


def test_a_key_unwraps_only_for_its_purpose() -> None:
    wrap = KeyWrap([bytes(32)])
    wrapped = wrap.wrap(b"data key", "session", "main", "s_1")
    assert wrap.unwrap(wrapped, "session", "main", "s_1") == b"data key"
    for purpose in [("session", "main", "s_2"), ("session", "mai", "ns_1"), ("secret", "main", "s_1")]:
        with pytest.raises(KeyStoreDamaged):
            wrap.unwrap(wrapped, *purpose)


def test_a_new_wrapping_key_still_opens_what_the_old_one_wrapped() -> None:
    old, new = bytes(32), bytes(31) + b"\1"
    wrapped = KeyWrap([old]).wrap(b"data key", "session", "main", "s_1")
    turned = KeyWrap([new, old])
    assert turned.unwrap(wrapped, "session", "main", "s_1") == b"data key"
    again = turned.wrap(b"data key", "session", "main", "s_1")
    assert KeyWrap([new]).unwrap(again, "session", "main", "s_1") == b"data key"
    with pytest.raises(KeyStoreDamaged):
        KeyWrap([old]).unwrap(again, "session", "main", "s_1")


@pytest.mark.parametrize("cut", [0, 1, 9, 21, 36])
def test_a_stump_of_a_wrapped_key_is_damage(cut: int) -> None:
    wrap = KeyWrap([bytes(32)])
    with pytest.raises(KeyStoreDamaged):
        wrap.unwrap(wrap.wrap(b"k", "session", "main", "s_1")[:cut], "session", "main", "s_1")


def test_another_version_of_a_wrapped_key_is_damage() -> None:
    wrap = KeyWrap([bytes(32)])
    wrapped = wrap.wrap(b"k", "session", "main", "s_1")
    with pytest.raises(KeyStoreDamaged):
        wrap.unwrap(b"\x02" + wrapped[1:], "session", "main", "s_1")
