"""What is done once for everything that happened in one go."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import pytest

from hub.pass_end import PassEnd


class Loop:
    """Keeps what is to be called in the next pass."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def turn(self) -> int:
        """One pass; how many calls it had."""
        calls, self.calls = self.calls, []
        for call in calls:
            call()
        return len(calls)


def test_what_is_asked_for_is_done_in_the_next_pass_by_one_call() -> None:
    loop, done = Loop(), list[str]()
    end = PassEnd(lambda act: loop.calls.append(act))
    for each in "abc":
        end.soon(partial(done.append, each))
    assert not done
    assert loop.turn() == 1
    assert done == ["a", "b", "c"]


def test_what_is_told_comes_before_what_is_written_whatever_was_asked_for_first() -> None:
    loop, done = Loop(), list[str]()
    end = PassEnd(lambda act: loop.calls.append(act))
    end.last(lambda: done.append("written"))
    end.soon(lambda: done.append("told"))
    loop.turn()
    assert done == ["told", "written"]


def test_what_follows_from_what_is_told_is_done_in_the_same_go() -> None:
    loop, done = Loop(), list[str]()
    end = PassEnd(lambda act: loop.calls.append(act))

    def tell() -> None:
        done.append("told")
        end.last(lambda: done.append("written"))
        end.soon(lambda: done.append("told of that"))

    end.soon(tell)
    assert loop.turn() == 1
    assert done == ["told", "told of that", "written"]
    assert not loop.calls


def test_who_gathers_needs_no_pass_of_the_loop() -> None:
    loop, done = Loop(), list[str]()
    end = PassEnd(lambda act: loop.calls.append(act))
    end.begin()
    end.last(lambda: done.append("written"))
    end.soon(lambda: done.append("told"))
    assert not done
    end.end()
    assert done == ["told", "written"]
    assert not loop.calls


def test_gathering_does_what_the_loop_was_to_do_and_it_is_done_once() -> None:
    loop, done = Loop(), list[str]()
    end = PassEnd(lambda act: loop.calls.append(act))
    end.soon(lambda: done.append("before"))
    end.begin()
    end.soon(lambda: done.append("meanwhile"))
    end.end()
    assert done == ["before", "meanwhile"]
    loop.turn()
    assert done == ["before", "meanwhile"]
    end.soon(lambda: done.append("after"))
    loop.turn()
    assert done[-1] == "after"


def test_who_fails_costs_nobody_else_their_turn(caplog: pytest.LogCaptureFixture) -> None:
    loop, done = Loop(), list[str]()
    end = PassEnd(lambda act: loop.calls.append(act))

    def fail() -> None:
        raise ValueError

    with caplog.at_level(logging.CRITICAL, "legato.node"):
        end.soon(fail)
        end.soon(lambda: done.append("the next"))
        end.last(lambda: done.append("written"))
        loop.turn()
    assert done == ["the next", "written"]
