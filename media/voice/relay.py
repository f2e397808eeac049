"""Voices between nodes: a microphone's frames, as they came, for people whose calls are on other nodes.

Each frame goes at once, undecoded and sealed, on a channel of the session's own; nodes without a call in the session do
not listen to it. Nothing is kept or sent again: who misses a frame hears what they hear when the network loses one.
Who holds the floor is said there, too (`media.voice.pauses`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from hub.keys import places
from hub.keys.errors import KeysError
from hub.node.entries import Keys
from hub.store.promise import SessionKey, Store, Stored, StoreUnavailable
from legato.session.position import Position
from media.frames import Frame

log: Final = logging.getLogger("legato.voice")

PLACE: Final = places.record("relay", 0)
AGAIN_S: Final = 0.5


class Relayed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A frame of an attachment's microphone, from node `origin`. Without a payload: it is quiet from here on. With
    `floor` it is of no microphone, and says whether somebody at that node holds the floor."""

    origin: str
    attachment: str
    participant: str
    media_time: int = 0
    samples: int = 0
    payload: bytes = b""
    floor: bool | None = None


_decoder: Final = msgspec.msgpack.Decoder(Relayed)
_encoder: Final = msgspec.msgpack.Encoder()

Hear = Callable[[str, str, Frame | None], None]
"""`hear(attachment, participant, frame)`: a frame of somebody on another node; None: they are quiet."""

Floor = Callable[[str, bool], None]
"""`floor(node, held)`: whether somebody at that node holds the floor."""


class Relay:
    """One session's on this node, which calls itself `origin`. `run` is its task, owned by the caller."""

    def __init__(
        self,
        store: Store,
        keys: Keys,
        key: SessionKey,
        origin: str,
        hear: Hear,
        floor: Floor = lambda *_: None,
    ) -> None:
        self._store = store
        self._keys = keys
        self._key = key
        self._origin = origin
        self._hear = hear
        self._floor = floor
        self._talking: set[str] = set()

    @property
    def _channel(self) -> SessionKey:
        """No session has this name."""
        return SessionKey(self._key.tenant, f"voices:{self._key.session}")

    async def run(self) -> None:
        """Listen to the other nodes until cancelled."""
        while True:
            try:
                await self._store.subscribe(self._channel, self)
                break
            except StoreUnavailable:
                await asyncio.sleep(AGAIN_S)
        try:
            await asyncio.Event().wait()
        finally:
            await self._store.unsubscribe(self._channel, self)

    def tell(self, attachment: str, participant: str, frame: Frame | None) -> None:
        """A frame in which somebody here talks; None: they do not."""
        if frame is not None:
            self._talking.add(attachment)
            said = (frame.media_time, frame.samples, frame.payload)
            self._send(Relayed(self._origin, attachment, participant, *said))
        elif attachment in self._talking:
            self._talking.discard(attachment)
            self._send(Relayed(self._origin, attachment, participant))

    def tell_floor(self, held: bool) -> None:
        """Somebody here holds the floor, or nobody does."""
        self._send(Relayed(self._origin, "", "", floor=held))

    # --- what the store calls

    def entries(self, entries: Sequence[Stored]) -> None:
        """No log has this name."""

    def resynced(self, tail: Position | None) -> None:
        """Frames may have been missed; they are not wanted any more."""

    def signal(self, payload: bytes) -> None:
        """A frame came."""
        sealer = self._keys.opened(self._key.tenant, self._key.session)
        if sealer is None:
            return
        try:
            said = _decoder.decode(sealer.open(PLACE, payload))
        except (KeysError, msgspec.DecodeError):
            return
        if said.origin == self._origin:
            return
        if said.floor is not None:
            self._floor(said.origin, said.floor)
        else:
            frame = Frame(said.media_time, said.payload, said.samples) if said.payload else None
            self._hear(said.attachment, said.participant, frame)

    def _send(self, said: Relayed) -> None:
        sealer = self._keys.opened(self._key.tenant, self._key.session)
        if sealer is not None:
            self._store.signal(self._channel, sealer.seal(PLACE, _encoder.encode(said)))
