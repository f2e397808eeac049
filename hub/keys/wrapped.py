"""Where wrapped keys rest: the port, and its in-memory model.

A place for wrapped keys holds bytes that are useless without the key file, and makes three promises on
which everything else stands, whichever machine it runs on:

- **First writer wins.** Of two nodes that create the same key at once both get the one that was stored.
- **Forgotten is for ever.** After `forget` returns, neither `read` nor `create` gives a key again, on any
  node and after any retry; the wrapped bytes are gone from its files.
- **Durable before answered.** A key that was returned survives a power cut: what was sealed with it would
  be lost otherwise.

It is never part of a backup of the log. The embedded one is `hub.keys.database`; a second Redis or a KMS
implements the same methods.
"""

from dataclasses import dataclass
from typing import Protocol

from hub.keys.errors import SessionForgotten


@dataclass(frozen=True, slots=True)
class Versioned:
    """A named secret's wrapped bytes and how often they were written (1 = first)."""

    version: int
    wrapped: bytes


class WrappedKeys(Protocol):
    """Every method may raise `KeyStoreUnavailable`; then nothing is known, and it may be repeated."""

    async def read(self, tenant: str, session: str) -> bytes | None:
        """The session's wrapped key, `None` if it never had one; erased: `SessionForgotten`."""

    async def create(self, tenant: str, session: str, wrapped: bytes) -> bytes:
        """Store `wrapped` unless there is one; whichever stands. Erased: `SessionForgotten`."""

    async def forget(self, tenant: str, session: str) -> bool:
        """Remove the key and leave a tombstone; whether there was a key. Repeating is harmless."""

    async def read_secret(self, name: str) -> Versioned | None:
        """A named secret, or `None`."""

    async def write_secret(self, name: str, wrapped: bytes, expected: int) -> bool:
        """Replace version `expected` (0: there is none) by the next one; `False` if another came first."""


class MemoryKeys:
    """The model of the promise: what tests compare with, and the simulated world's place for keys."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], bytes | None] = {}
        self._secrets: dict[str, Versioned] = {}

    async def read(self, tenant: str, session: str) -> bytes | None:
        if (tenant, session) not in self._keys:
            return None
        return self._standing(tenant, session)

    async def create(self, tenant: str, session: str, wrapped: bytes) -> bytes:
        self._keys.setdefault((tenant, session), wrapped)
        return self._standing(tenant, session)

    async def forget(self, tenant: str, session: str) -> bool:
        had = self._keys.get((tenant, session)) is not None
        self._keys[(tenant, session)] = None
        return had

    async def read_secret(self, name: str) -> Versioned | None:
        return self._secrets.get(name)

    async def write_secret(self, name: str, wrapped: bytes, expected: int) -> bool:
        standing = self._secrets.get(name)
        if (standing.version if standing else 0) != expected:
            return False
        self._secrets[name] = Versioned(expected + 1, wrapped)
        return True

    def _standing(self, tenant: str, session: str) -> bytes:
        wrapped = self._keys[(tenant, session)]
        if wrapped is None:
            raise SessionForgotten
        return wrapped
