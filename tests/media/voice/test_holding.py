"""A turn waits for sound that is on its way, and not for ever."""

from __future__ import annotations

from media.turns import HOLD
from media.voice.holding import QUIET, WORTH, Holding, Step


def test_it_waits_for_a_hole_and_goes_on_when_it_is_filled() -> None:
    holding = Holding()
    assert holding.look(0, 0, 0) is Step.NONE
    assert holding.look(WORTH, 0, 10) is Step.HOLD
    assert holding.look(WORTH, 0, 60) is Step.NONE
    assert holding.held
    assert holding.look(WORTH - 1, 0, 100) is Step.RELEASE
    assert holding.look(0, 0, 150) is Step.NONE


def test_a_lost_packet_is_not_waited_for() -> None:
    assert Holding().look(WORTH - 1, QUIET - 1, 0) is Step.NONE


def test_it_waits_when_nothing_comes_at_all() -> None:
    assert Holding().look(0, QUIET, 0) is Step.HOLD


def test_it_tires_and_waits_again_only_after_all_was_well() -> None:
    holding = Holding()
    holding.look(0, QUIET, 0)
    assert holding.look(0, QUIET + HOLD - 1, HOLD - 1) is Step.NONE
    assert holding.held
    assert holding.look(0, QUIET + HOLD, HOLD) is Step.NONE
    assert not holding.held
    assert holding.look(0, 5_000, 5_000) is Step.NONE
    assert holding.look(0, 0, 6_000) is Step.NONE, "it gave up: there is nothing to release"
    assert holding.look(WORTH, 0, 6_050) is Step.HOLD
