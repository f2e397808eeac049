"""Positions on the wire: only what a hub of the same secret wrote for the same session is read."""

import hmac
import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.keys.errors import PlaceInvalid
from hub.keys.positions import SIGNED_LENGTH, Positions, unverified
from legato.session.position import ORIGIN, Position, PositionInvalid, epoch_from_bits

SIGNED = json.loads((Path(__file__).parents[2] / "vectors" / "position.json").read_text())["signed"]
EPOCH = epoch_from_bits(b"epoch---")
HERE = ("main", "s_1")

positions = st.builds(
    Position.at, st.just(EPOCH), st.integers(0, 2**53 - 1), st.binary(min_size=20, max_size=20)
)


def the_hubs() -> Positions:
    return Positions(bytes.fromhex(SIGNED["key"]))


@pytest.mark.parametrize("vector", SIGNED["positions"], ids=lambda vector: vector["name"])
def test_a_position_is_signed_as_in_the_vectors(vector: dict[str, Any]) -> None:
    position, names = Position.from_text(vector["position"]), (vector["tenant"], vector["session"])
    assert the_hubs().written(*names, position) == vector["text"]
    assert the_hubs().read(*names, vector["text"]) == position
    message = b"legato-position-1" + b"".join(bytes((len(name),)) + name.encode() for name in names)
    code = hmac.digest(bytes.fromhex(SIGNED["key"]), message + vector["position"].encode(), "sha256")[:8]
    assert vector["text"] == vector["position"] + urlsafe_b64encode(code).decode().rstrip("=")


@given(positions)
def test_what_was_written_is_read_back_by_every_node_of_the_hub(position: Position) -> None:
    text = the_hubs().written(*HERE, position)
    assert len(text) == SIGNED_LENGTH
    assert the_hubs().read(*HERE, text) == position == unverified(text)


@given(positions, st.integers(0, SIGNED_LENGTH - 1), st.sampled_from("AEQgw019-_=+/ \n\u0660"))
def test_no_character_can_be_another(position: Position, at: int, character: str) -> None:
    text = the_hubs().written(*HERE, position)
    if text[at] == character:
        return
    with pytest.raises(PositionInvalid):
        the_hubs().read(*HERE, text[:at] + character + text[at + 1 :])


@given(positions, st.text(min_size=1, max_size=12))
def test_nothing_more_and_nothing_less_is_read(position: Position, more: str) -> None:
    text = the_hubs().written(*HERE, position)
    for altered in (*(text[:end] for end in range(SIGNED_LENGTH)), text + more, more + text):
        with pytest.raises(PositionInvalid):
            the_hubs().read(*HERE, altered)


@given(positions, st.text(st.characters(), max_size=60))
def test_no_made_up_code_is_right(position: Position, code: str) -> None:
    with pytest.raises(PositionInvalid):
        the_hubs().read(*HERE, position.to_text() + code)


def test_lone_surrogates_are_no_code() -> None:
    with pytest.raises(PositionInvalid) as caught:
        the_hubs().read(*HERE, ORIGIN.to_text() + "\ud800" * 11)
    assert caught.value.reason == "code"


@pytest.mark.parametrize("names", [("main", "s_2"), ("other", "s_1"), ("mains", "_1"), ("s_1", "main")])
def test_a_position_is_good_in_its_own_session_only(names: tuple[str, str]) -> None:
    position = Position.at(EPOCH, 7, bytes(range(20)))
    with pytest.raises(PositionInvalid):
        the_hubs().read(*names, the_hubs().written(*HERE, position))


def test_another_hubs_position_is_refused() -> None:
    text = Positions(b"o" * 32).written(*HERE, Position.at(EPOCH, 7, bytes(range(20))))
    with pytest.raises(PositionInvalid):
        the_hubs().read(*HERE, text)


def test_what_was_written_last_is_never_given_for_something_else() -> None:
    kept = the_hubs()
    places = [Position.at(EPOCH, offset, bytes([offset] * 20)) for offset in (1, 1, 2, 1)]
    for tenant, session in (HERE, HERE, ("main", "s_2"), ("other", "s_2"), HERE):
        for place in places:
            assert kept.written(tenant, session, place) == the_hubs().written(tenant, session, place)
            assert kept.writer(tenant, session)(place) == the_hubs().written(tenant, session, place)


def test_a_name_that_cannot_be_one_is_not_written() -> None:
    for names in (("", "s_1"), ("main", ""), ("main", "x" * 256), ("main", "sé")):
        with pytest.raises(PlaceInvalid):
            the_hubs().written(*names, ORIGIN)
