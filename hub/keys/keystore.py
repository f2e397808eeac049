"""The key store: opens a session's data key, and forgets it.

Keys rest wrapped (`hub.keys.wrapped`), open under the key file (`hub.keys.wrapping`) and stay opened for at
most 60 s after the place where they rest was last *asked*. Asked, not used: erasing on one node must
reach every other one, however busy the session is there. After 50 s a key is asked for again; at 60 s a
sealer that somebody kept refuses with `KeyNotOpen`.

A key is raw bytes in this process's memory. Python cannot wipe them; dropping the last reference is what
"no longer open" means here.
"""

import os
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.keys.errors import KeyNotOpen, KeyUnknown, SessionForgotten
from hub.keys.sealing import KEY_SIZE, SessionSealer
from hub.keys.wrapped import WrappedKeys
from hub.keys.wrapping import KeyWrap

OPEN_MS: Final = 60_000
ASK_AGAIN_MS: Final = 50_000
MOST_OPEN: Final = 10_000
MOST_BUSY: Final = 512
"""Sealers that are kept; each holds a cipher of 2.5 kB."""

_Name = tuple[str, str]


class _OpenedKey:
    """A data key and when its resting place was asked for it, in ms; taken away by clearing `key`."""

    __slots__ = ("asked", "key")

    def __init__(self, key: bytes, asked: int) -> None:
        self.key: bytes | None = key
        self.asked = asked


class _Use:
    """One sealer's hold on an opened key. The cipher is made on demand: it is a hundred times the key."""

    __slots__ = ("_cipher", "_clock", "_opened")

    def __init__(self, opened: _OpenedKey, clock: Callable[[], int]) -> None:
        self._opened = opened
        self._clock = clock
        self._cipher: AESGCM | None = None

    def __call__(self) -> AESGCM:
        key = self._opened.key
        if key is None or self._clock() - self._opened.asked >= OPEN_MS:
            self._cipher = None
            raise KeyNotOpen
        if self._cipher is None:
            self._cipher = AESGCM(key)
        return self._cipher


class KeyStore:
    """Data keys of sessions, and the hub's named secrets.

    `clock` is this process's monotonic ms. Every async method may raise `KeyStoreUnavailable` (nothing is
    known; repeat it) or `KeyStoreDamaged` (another key file, or changed bytes).
    """

    def __init__(
        self,
        rest: WrappedKeys,
        wrap: KeyWrap,
        clock: Callable[[], int],
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
        most_open: int = MOST_OPEN,
    ) -> None:
        self._rest = rest
        self._wrap = wrap
        self._clock = clock
        self._random_bytes = random_bytes
        self._most_open = most_open
        self._opened: OrderedDict[_Name, _OpenedKey] = OrderedDict()
        self._forgets = 0
        self._busy: OrderedDict[_Name, tuple[_OpenedKey, SessionSealer]] = OrderedDict()

    def opened(self, tenant: str, session: str) -> SessionSealer | None:
        """A sealer without waiting, if the key is open and was asked for lately."""
        name = (tenant, session)
        busy = self._busy.get(name)
        if busy is not None and self._clock() - busy[0].asked < ASK_AGAIN_MS:
            self._opened.move_to_end(name)
            return busy[1]
        opened = self._fresh(name)
        return None if opened is None else self._sealer(name, opened)

    async def sealer(self, tenant: str, session: str, *, create: bool = False) -> SessionSealer:
        """A sealer for now (see `Sealer`). `create` makes the key of a new session.

        `KeyUnknown` if there is none, `SessionForgotten` if the session was erased, `create` or not.
        """
        name = (tenant, session)
        return self._sealer(name, await self._open(name, create))

    async def data_key(self, tenant: str, session: str, *, create: bool = False) -> bytes:
        """The 32 bytes themselves, on the same terms; for tools. Do not keep them."""
        key = (await self._open((tenant, session), create)).key
        if key is None:
            raise SessionForgotten
        return key

    async def forget(self, tenant: str, session: str) -> bool:
        """Erase the session's key for ever, here first; whether there was one. Repeating is harmless."""
        self._drop((tenant, session))
        self._forgets += 1
        had = await self._rest.forget(tenant, session)
        self._forgets += 1
        self._drop((tenant, session))
        return had

    def expire(self) -> int | None:
        """Drop the keys that are too old; in how many ms the next one will be. `None`: none is open."""
        now = self._clock()
        for name in [name for name, opened in self._opened.items() if now - opened.asked >= OPEN_MS]:
            self._drop(name)
        if not self._opened:
            return None
        return OPEN_MS - (now - min(opened.asked for opened in self._opened.values()))

    async def secret(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The named secret, made by `make` if there is none; every node gets the same bytes."""
        while (standing := await self.read_secret(name)) is None:
            await self.write_secret(name, make(), expected=0)
        return standing[1]

    async def read_secret(self, name: str) -> tuple[int, bytes] | None:
        """A named secret's version and bytes, or `None`."""
        found = await self._rest.read_secret(name)
        if found is None:
            return None
        return found.version, self._wrap.unwrap(found.wrapped, "secret", name, str(found.version))

    async def write_secret(self, name: str, plain: bytes, *, expected: int) -> bool:
        """Replace version `expected` (0: there is none); `False` if somebody else was first."""
        wrapped = self._wrap.wrap(plain, "secret", name, str(expected + 1))
        return await self._rest.write_secret(name, wrapped, expected)

    async def _open(self, name: _Name, create: bool) -> _OpenedKey:
        while (opened := self._fresh(name)) is None:
            asked, forgets = self._clock(), self._forgets
            wrapped = await self._ask(name, create)
            if wrapped is None:
                raise KeyUnknown
            if forgets != self._forgets:
                continue  # the answer may be from before an erasure on this node: ask again
            self._keep(name, _OpenedKey(self._wrap.unwrap(wrapped, "session", *name), asked))
        return opened

    async def _ask(self, name: _Name, create: bool) -> bytes | None:
        try:
            if create:
                new = self._wrap.wrap(self._random_bytes(KEY_SIZE), "session", *name)
                return await self._rest.create(*name, new)
            return await self._rest.read(*name)
        except SessionForgotten:
            self._drop(name)
            raise

    def _fresh(self, name: _Name) -> _OpenedKey | None:
        opened = self._opened.get(name)
        if opened is None or self._clock() - opened.asked >= ASK_AGAIN_MS:
            return None
        self._opened.move_to_end(name)
        return opened

    def _keep(self, name: _Name, opened: _OpenedKey) -> None:
        self._opened[name] = opened
        self._opened.move_to_end(name)
        while len(self._opened) > self._most_open:
            least_used, _ = self._opened.popitem(last=False)
            self._busy.pop(least_used, None)

    def _drop(self, name: _Name) -> None:
        self._busy.pop(name, None)
        opened = self._opened.pop(name, None)
        if opened is not None:
            opened.key = None

    def _sealer(self, name: _Name, opened: _OpenedKey) -> SessionSealer:
        """The sealers of busy sessions are kept, and with them the ciphers that are made on demand."""
        known = self._busy.get(name)
        if known is not None and known[0] is opened:
            return known[1]
        sealer = SessionSealer(*name, _Use(opened, self._clock), self._random_bytes)
        self._busy[name] = (opened, sealer)
        if len(self._busy) > MOST_BUSY:
            self._busy.popitem(last=False)
        return sealer
