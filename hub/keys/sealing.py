"""Seals: what rests in a store or a vault is unreadable without its session's data key.

Version 1 of a sealed payload, AES-256-GCM (NIST SP 800-38D):

    0x01 | nonce: 12 random bytes | ciphertext | tag: 16 bytes

The associated data is the payload's place (`hub.keys.places`), so a sealed payload opens only where it
was sealed for. Sealing the same bytes twice gives different bytes. Random nonces are safe for 2^32 seals
under one key; a session that seals 40 times a second needs more than three years for as many.
"""

import os
from collections.abc import Callable
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.keys import places
from hub.keys.errors import SealBroken
from hub.keys.places import Place

SEAL_VERSION: Final = 1
NONCE_SIZE: Final = 12
TAG_SIZE: Final = 16
SEAL_OVERHEAD: Final = 1 + NONCE_SIZE + TAG_SIZE
KEY_SIZE: Final = 32

_HEAD: Final = 1 + NONCE_SIZE
_VERSION: Final = bytes((SEAL_VERSION,))


class Sealer(Protocol):
    """Seals and opens for one session. Get one for each piece of work and do not keep it over an await:
    it raises `KeyNotOpen` once its key is 60 s old."""

    def seal(self, place: Place, plain: bytes) -> bytes:
        """Seal `plain` for `place`."""

    def open(self, place: Place, sealed: bytes) -> bytes:
        """What was sealed for `place`, or `SealBroken`."""

    def seal_event(self, producer: str, sequence: int, index: int, plain: bytes) -> bytes:
        """Seal a log entry's payload."""

    def open_event(self, producer: str, sequence: int, index: int, sealed: bytes) -> bytes:
        """A log entry's payload, or `SealBroken`."""


def seal(key: AESGCM, associated: bytes, plain: bytes, nonce: bytes) -> bytes:
    """The sealed form. `nonce`: 12 bytes never used before under this key."""
    return _VERSION + nonce + key.encrypt(nonce, plain, associated)


def unseal(key: AESGCM, associated: bytes, sealed: bytes) -> bytes:
    """What `seal` was given, or `SealBroken`."""
    if len(sealed) < SEAL_OVERHEAD:
        raise SealBroken("short")
    if sealed[0] != SEAL_VERSION:
        raise SealBroken("version")
    try:
        return key.decrypt(sealed[1:_HEAD], sealed[_HEAD:], associated)
    except InvalidTag:
        raise SealBroken("tag") from None


class SessionSealer:
    """The `Sealer` over one data key.

    `cipher` is asked at every use, so that whoever owns the key can take it away: it returns the opened
    key or raises. `random_bytes(12)` gives nonces.
    """

    def __init__(
        self,
        tenant: str,
        session: str,
        cipher: Callable[[], AESGCM],
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._scope = places.scope(tenant, session)
        self._cipher = cipher
        self._random_bytes = random_bytes

    def seal(self, place: Place, plain: bytes) -> bytes:
        return seal(self._cipher(), self._scope + place, plain, self._random_bytes(NONCE_SIZE))

    def open(self, place: Place, sealed: bytes) -> bytes:
        return unseal(self._cipher(), self._scope + place, sealed)

    def seal_event(self, producer: str, sequence: int, index: int, plain: bytes) -> bytes:
        return self.seal(places.event(producer, sequence, index), plain)

    def open_event(self, producer: str, sequence: int, index: int, sealed: bytes) -> bytes:
        return self.open(places.event(producer, sequence, index), sealed)


def sealer_of(tenant: str, session: str, key: bytes) -> SessionSealer:
    """A sealer over a key that the caller owns (tools, tests, the simulated world)."""
    cipher = AESGCM(key)
    return SessionSealer(tenant, session, lambda: cipher)
