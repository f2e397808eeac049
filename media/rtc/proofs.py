"""Proving that the peer receives at an address, by the echo of a report that only that address was sent.

The mark of a report has few bits that nobody else knows, so guesses are counted over the whole call: who made
too many is proven no more this way.
"""

from typing import Any, Final

Address = tuple[Any, ...]

ECHO_BITS: Final = 16
MAX_PENDING: Final = 8
MAX_WRONG: Final = 64


class Proofs:
    """The marks under way."""

    def __init__(self) -> None:
        self._pending: dict[int, Address] = {}
        self._wrong = 0

    @property
    def usable(self) -> bool:
        """Whether the peer has not guessed too often."""
        return self._wrong < MAX_WRONG

    def expect(self, mark: int, address: Address) -> None:
        """A report with this mark goes to this address only."""
        self._pending[mark] = address
        while len(self._pending) > MAX_PENDING:
            del self._pending[next(iter(self._pending))]

    def clear(self) -> None:
        """Nothing is to be proven any more."""
        self._pending.clear()

    def echoed(self, mark: int, known: bool) -> Address | None:
        """The address that this echo proves. `known`: whether any report of late had the mark."""
        address = self._pending.pop(mark, None)
        if address is None and not known:
            self._wrong += 1
        return address
