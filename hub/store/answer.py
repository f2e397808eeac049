"""An answer that is on its way, and who is told of it the moment it comes.

A future tells in the next pass of the loop, by a handle of its own. What waits for an append are a node's lane and
then a connection's line: three passes and three handles for every event. An `Answer` calls them at once, one after
the other, in the order in which answers come. It can be awaited like any other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final, Generic, Protocol, TypeVar, cast

log: Final = logging.getLogger("legato.store")

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Ended(Protocol[T_co]):
    """What is told: an answer, or a future, that is done."""

    def cancelled(self) -> bool: ...

    def exception(self) -> BaseException | None: ...

    def result(self) -> T_co: ...


class Answer(Generic[T]):
    """See the module. It is set once, as a future is."""

    __slots__ = ("_done", "_failure", "_result", "_tell")

    def __init__(self) -> None:
        self._tell: Callable[[Answer[T]], object] | None = None
        self._result: T | None = None
        self._failure: BaseException | None = None
        self._done = False

    def done(self) -> bool:
        """Whether it has come."""
        return self._done

    def cancelled(self) -> bool:
        """Whether nobody will answer any more."""
        return isinstance(self._failure, asyncio.CancelledError)

    def exception(self) -> BaseException | None:
        """What came instead of a result."""
        return self._failure

    def result(self) -> T:
        """What came; raises what came instead."""
        if self._failure is not None:
            raise self._failure
        return cast("T", self._result)

    def set_result(self, result: T) -> None:
        """This is it."""
        self._result = result
        self._come()

    def set_exception(self, failure: BaseException) -> None:
        """There is none, for this reason."""
        self._failure = failure
        self._come()

    def cancel(self) -> None:
        """Nobody will answer any more."""
        if not self._done:
            self.set_exception(asyncio.CancelledError())

    def tell(self, tell: Callable[[Answer[T]], object]) -> None:
        """Call `tell` with this when it comes; at once, if it has come. There is one to tell."""
        assert self._tell is None
        if self._done:
            tell(self)
        else:
            self._tell = tell

    def __await__(self) -> Generator[Any, None, T]:
        if not self._done:
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()

            def wake(_: Answer[T]) -> None:
                if not waiting.done():
                    waiting.set_result(None)

            self.tell(wake)
            yield from waiting
        return self.result()

    def _come(self) -> None:
        assert not self._done
        self._done = True
        tell, self._tell = self._tell, None
        if tell is not None:
            try:
                tell(self)
            except Exception:  # it costs whoever failed, not the connection that answers to everybody
                log.exception("an answer was not taken")


def when_done(answer: Awaitable[T], tell: Callable[[Ended[T]], object]) -> None:
    """Call `tell` when the answer has come: at once if it is an `Answer`, else in a pass of the loop after that."""
    if isinstance(answer, Answer):
        answer.tell(tell)
    else:
        asyncio.ensure_future(answer).add_done_callback(tell)
