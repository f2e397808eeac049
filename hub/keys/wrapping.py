"""Wrapping: data keys and secrets are stored only under a key of the key file.

Version 1 of a wrapped key, AES-256-GCM under a wrapping key:

    0x01 | id of the wrapping key: 8 bytes | nonce: 12 bytes | ciphertext | tag: 16 bytes

with the associated data `"legato-wrap-1" | text(purpose) | text(…)…` (one byte of length before each), so
that a wrapped key opens only for the session or the name that it was wrapped for. The id is the first
8 bytes of SHA-256("legato-wrapping-key-1" | key).

The key file is JSON, `{"version": 1, "keys": ["<base64url of 32 bytes>", …]}`: the first key wraps, all of
them unwrap, so that a new one can be put in front. Its mode is 0600; a file that others may read is
refused.
"""

import base64
import binascii
import json
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.keys.errors import KeyFileUnusable, KeyStoreDamaged

WRAP_VERSION: Final = b"\x01"
KEY_SIZE: Final = 32
ID_SIZE: Final = 8

_NONCE: Final = 1 + ID_SIZE
_BODY: Final = _NONCE + 12
_LEAST: Final = _BODY + 16
_MODE: Final = 0o600


class KeyWrap:
    """Wraps under the first of `keys` (32 bytes each) and unwraps under any."""

    def __init__(self, keys: Sequence[bytes], random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._current = _key_id(keys[0])
        self._random_bytes = random_bytes

    def wrap(self, plain: bytes, *purpose: str) -> bytes:
        """`plain`, so that only this key file opens it, and only for `purpose`."""
        nonce = self._random_bytes(12)
        body = self._ciphers[self._current].encrypt(nonce, plain, _associated(purpose))
        return WRAP_VERSION + self._current + nonce + body

    def unwrap(self, wrapped: bytes, *purpose: str) -> bytes:
        """What was wrapped for `purpose`; another key file or changed bytes: `KeyStoreDamaged`."""
        cipher = self._ciphers.get(wrapped[1:_NONCE])
        if len(wrapped) < _LEAST or wrapped[:1] != WRAP_VERSION or cipher is None:
            raise KeyStoreDamaged(purpose[0])
        try:
            return cipher.decrypt(wrapped[_NONCE:_BODY], wrapped[_BODY:], _associated(purpose))
        except InvalidTag:
            raise KeyStoreDamaged(purpose[0]) from None


def open_key_file(path: Path, random_bytes: Callable[[int], bytes] = os.urandom) -> list[bytes]:
    """The keys of the file at `path`, made with mode 0600 if there is none. Blocks; `KeyFileUnusable`.

    Of several processes that make it at once, all read the one that came first.
    """
    if not path.exists():
        _make_key_file(path, random_bytes(KEY_SIZE), random_bytes(8).hex())
    return read_key_file(path)


def read_key_file(path: Path) -> list[bytes]:
    """The keys of an existing file, the wrapping one first. Blocks; `KeyFileUnusable`."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        raise KeyFileUnusable(str(path), "missing") from None
    with os.fdopen(handle, "rb") as file:
        if stat.S_IMODE(os.fstat(handle).st_mode) & 0o077:
            raise KeyFileUnusable(str(path), "exposed")
        return _keys_in(file.read(64_000), path)


def _keys_in(text: bytes, path: Path) -> list[bytes]:
    try:
        parsed = json.loads(text)
        keys = [base64.b64decode(key + "=", altchars="-_", validate=True) for key in parsed["keys"]]
        if parsed["version"] == 1 and keys and all(len(key) == KEY_SIZE for key in keys):
            return keys
    except (ValueError, KeyError, TypeError, binascii.Error):
        pass
    raise KeyFileUnusable(str(path), "malformed")


def _make_key_file(path: Path, key: bytes, suffix: str) -> None:
    text = base64.urlsafe_b64encode(key).rstrip(b"=").decode("ascii")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{suffix}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(json.dumps({"version": 1, "keys": [text]}) + "\n")
            file.flush()
            os.fsync(handle)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _key_id(key: bytes) -> bytes:
    return sha256(b"legato-wrapping-key-1" + key).digest()[:ID_SIZE]


def _associated(purpose: Sequence[str]) -> bytes:
    parts = [part.encode("ascii") for part in purpose]
    return b"legato-wrap-1" + b"".join(bytes((len(part),)) + part for part in parts)
