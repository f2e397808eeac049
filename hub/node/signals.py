"""A room's signals: sealed on their way to the other nodes, opened on their way in.

Apart from the room because they are apart from the log: nothing of them is kept, ordered or acknowledged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from hub.keys.errors import KeysError
from hub.node.entries import SIGNALS_PLACE
from hub.node.follower import Follower, Stage
from hub.node.tools import Tools

MAX_SIGNAL: Final = 4096
"""Bytes of one signal's JSON; longer ones are dropped."""

_decoder: Final = msgspec.json.Decoder(list[dict[str, Any]])
_encoder: Final = msgspec.json.Encoder()


class Signals:
    """See the module. What cannot be sent or opened, for want of the session's key, is dropped."""

    def __init__(self, tools: Tools, follower: Follower) -> None:
        self._tools = tools
        self._follower = follower
        self._pending: dict[tuple[str, str, str], Any] = {}

    def send(self, by: str, name: str, data: Any, attachment: str) -> None:
        """Publish it in the next pass of the loop; the latest of each sender, name and attachment wins."""
        if not self._pending:
            self._tools.schedule(self._publish)
        self._pending[by, name, attachment] = data

    def opened(self, payload: bytes) -> Sequence[dict[str, Any]]:
        """What a node published (`by`, `name`, `data`, `attachment`); nothing if it cannot be opened."""
        key = self._follower.key
        sealer = self._tools.keys.opened(key.tenant, key.session)
        if sealer is None:
            return ()
        try:
            return _decoder.decode(sealer.open(SIGNALS_PLACE, payload))
        except (KeysError, msgspec.DecodeError):
            return ()

    def _publish(self) -> None:
        signals, self._pending = self._pending, {}
        key = self._follower.key
        sealer = self._tools.keys.opened(key.tenant, key.session)
        if sealer is None or self._follower.stage is Stage.CLOSED:
            return
        rows = [_row(*of, data) for of, data in signals.items()]
        small = [row for row in rows if len(row) <= MAX_SIGNAL]
        if small:
            self._tools.store.signal(key, sealer.seal(SIGNALS_PLACE, b"[" + b",".join(small) + b"]"))


def _row(by: str, name: str, attachment: str, data: Any) -> bytes:
    signal = {"by": by, "name": name, "data": data}
    return _encoder.encode(signal | {"attachment": attachment} if attachment else signal)
