"""An answer that is there already."""

from __future__ import annotations

from collections.abc import Generator
from typing import Generic, TypeVar

T = TypeVar("T")


class Done(Generic[T]):
    """An awaitable whose result is there: the effect took place in the call, not in the await."""

    def __init__(self, result: T) -> None:
        self._result = result

    def __await__(self) -> Generator[None, None, T]:
        return self._result
        yield
