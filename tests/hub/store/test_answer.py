"""Answers that tell at once, and can be awaited."""

from __future__ import annotations

import asyncio
import logging

import pytest

from hub.store.answer import Answer, Ended, when_done


class Broken(Exception):
    """What may come instead of a result."""


def test_who_waits_is_told_the_moment_it_comes() -> None:
    answer, told = Answer[int](), list[int]()
    answer.tell(lambda ended: told.append(ended.result()))
    assert not answer.done()
    answer.set_result(7)
    assert told == [7]


def test_who_asks_later_is_told_at_once() -> None:
    answer, told = Answer[int](), list[int]()
    answer.set_result(7)
    answer.tell(lambda ended: told.append(ended.result()))
    assert told == [7]


async def test_it_can_be_awaited_before_and_after_it_came() -> None:
    answer = Answer[int]()
    asyncio.get_running_loop().call_soon(answer.set_result, 7)
    assert await answer == 7
    assert await answer == 7


async def test_what_came_instead_is_raised() -> None:
    answer = Answer[int]()
    answer.set_exception(Broken())
    assert isinstance(answer.exception(), Broken)
    with pytest.raises(Broken):
        await answer


async def test_one_that_nobody_will_give_is_cancelled() -> None:
    answer = Answer[int]()
    answer.cancel()
    answer.cancel()
    assert answer.cancelled()
    with pytest.raises(asyncio.CancelledError):
        await answer


async def test_who_is_cancelled_while_waiting_leaves_the_answer_to_come() -> None:
    answer = Answer[int]()
    waiting = asyncio.ensure_future(answer)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    answer.set_result(7)
    assert answer.result() == 7


def test_who_fails_to_take_it_costs_whoever_gave_it_nothing(caplog: pytest.LogCaptureFixture) -> None:
    answer = Answer[int]()

    def fail(ended: Ended[int]) -> None:
        raise Broken

    with caplog.at_level(logging.CRITICAL, "legato.store"):
        answer.tell(fail)
        answer.set_result(7)
    assert answer.done()


async def test_futures_and_answers_tell_alike() -> None:
    told = list[int]()
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    answer = Answer[int]()
    when_done(future, lambda ended: told.append(ended.result()))
    when_done(answer, lambda ended: told.append(ended.result()))
    future.set_result(1)
    answer.set_result(2)
    assert told == [2]
    await asyncio.sleep(0)
    assert told == [2, 1]
