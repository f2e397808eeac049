"""Who waits for which batch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from legato.client.link import Settled
from legato.errors import SessionClosed, refused


class Waiting:
    """Futures by sequence: each is done once, with the level at which the log has its batch, or an error."""

    def __init__(self) -> None:
        self._futures: dict[int, asyncio.Future[str]] = {}

    def put(self, seq: int, future: asyncio.Future[str]) -> None:
        """`future` waits for the batch `seq`."""
        self._futures[seq] = future

    def renumber(self, sequences: Mapping[int, int]) -> None:
        """Batches that wait have new sequences."""
        self._futures = {sequences.get(seq, seq): future for seq, future in self._futures.items()}

    def settle(self, settled: Settled) -> None:
        """The batch is in the log, or refused for good."""
        future = self._futures.pop(settled.batch.seq, None)
        if future is None or future.done():
            return
        if settled.refusal is not None:
            future.set_exception(refused(settled.refusal))
            future.exception()  # whoever waits still gets it; nobody waiting is no error
        else:
            future.set_result(settled.level)

    def fail(self, closed: SessionClosed) -> None:
        """The link ended for good."""
        for future in self._futures.values():
            if not future.done():
                future.set_exception(closed)
                future.exception()
        self._futures.clear()
