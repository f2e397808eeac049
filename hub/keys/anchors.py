"""Anchors: what the chain cannot say by itself.

Whoever can write to the store can also compute SHA-1, and so could rewrite a log's chain from some entry
on. A snapshot therefore carries an anchor: an HMAC-SHA-256, under a key that the store never sees, over
the chain's digest there and over the sealed snapshot. Version 1 is 33 bytes:

    0x01 | HMAC-SHA-256(key, "legato-anchor-1" | text(tenant) | text(session) | text(epoch)
                             | offset: u64 big endian | chain digest: 20 bytes | SHA-256(sealed snapshot))

where text(x) is one byte of length and x in ASCII.
"""

import hmac
from hashlib import sha256
from typing import Final

from hub.keys.errors import PlaceInvalid
from hub.keys.places import number, text

ANCHOR_VERSION: Final = b"\x01"
ANCHOR_SIZE: Final = 33
LABEL: Final = b"legato-anchor-1"
REFUSALS_LABEL: Final = b"legato-refusals-1"
DIGEST_SIZE: Final = 20


class Anchors:
    """Makes and verifies anchors under the hub's anchor key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def anchor(
        self, tenant: str, session: str, epoch: str, offset: int, digest: bytes, snapshot: bytes
    ) -> bytes:
        """The anchor of a sealed `snapshot` whose last event is at `offset`, with chain `digest` there."""
        if len(digest) != DIGEST_SIZE:
            raise PlaceInvalid("digest")
        names = text("tenant", tenant) + text("session", session) + text("epoch", epoch)
        message = LABEL + names + number("offset", offset) + digest + sha256(snapshot).digest()
        return ANCHOR_VERSION + hmac.digest(self._key, message, "sha256")

    def holds(
        self,
        anchor: bytes,
        tenant: str,
        session: str,
        epoch: str,
        offset: int,
        digest: bytes,
        snapshot: bytes,
    ) -> bool:
        """Whether `anchor` was made for exactly these, by a hub of this key."""
        return hmac.compare_digest(anchor, self.anchor(tenant, session, epoch, offset, digest, snapshot))

    def of_refusals(self, tenant: str, session: str, head: bytes) -> bytes:
        """The anchor of the head of a list of refusals (`hub.keys.refused`)."""
        names = text("tenant", tenant) + text("session", session)
        return ANCHOR_VERSION + hmac.digest(self._key, REFUSALS_LABEL + names + head, "sha256")

    def holds_refusals(self, anchor: bytes, tenant: str, session: str, head: bytes) -> bool:
        """Whether `anchor` was made for exactly these, by a hub of this key."""
        return hmac.compare_digest(anchor, self.of_refusals(tenant, session, head))
