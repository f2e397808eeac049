"""The digest by which the store recognises a repeated command: the same sequence with another digest is
refused.

It covers the batch as its producer sent it, not as it was sealed: sealing twice gives different bytes. It
is keyed, so that the store, which sees it, can neither guess a short plaintext from it nor see that two
sessions said the same. BLAKE2b (RFC 7693) with a 16-byte result:

    BLAKE2b-128(key, person = "legato-digest-1", text(tenant) | text(session) | text(producer) | batch)

where text(x) is one byte of length and x in ASCII. The 16 bytes carry no version: the `person` is one.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

from hub.keys.places import KEPT_NAMES, text

DIGEST_SIZE: Final = 16
PERSON: Final = b"legato-digest-1"


class CommandDigest:
    """Digests batches under the hub's digest key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, tenant: str, session: str, producer: str, batch: bytes) -> bytes:
        """The 16 bytes for a batch of commands in the very bytes that its producer sent."""
        return blake2b(
            _names(tenant, session, producer) + batch, digest_size=DIGEST_SIZE, key=self._key, person=PERSON
        ).digest()


@lru_cache(maxsize=KEPT_NAMES)
def _names(tenant: str, session: str, producer: str) -> bytes:
    return text("tenant", tenant) + text("session", session) + text("producer", producer)
