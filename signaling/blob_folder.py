"""Images and files of sessions, sealed in a folder.

A blob is named by the SHA-256 of what it holds, so writing it twice is harmless. It rests in pieces of 64 kB, each
sealed with its session's key to its place in the blob: erasing the session makes it unreadable at once, copies
included. A file is written beside its name and moved there when its hash was right.

    4 bytes "LGB1" | pieces: u32 length | sealed piece

Every call blocks: shells run them in a thread.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from hub.keys import places
from hub.keys.errors import SealBroken
from hub.keys.places import Place
from hub.keys.sealing import Sealer
from hub.store.promise import SessionKey

MOST_BYTES: Final = 20_000_000
PIECE: Final = 65_536
MAGIC: Final = b"LGB1"

_LENGTH: Final = struct.Struct("!I")


class BlobMismatch(Exception):
    """What came has another hash than its name."""


class BlobDamaged(Exception):
    """The file is not what was written."""


def _place(digest: str, number: int) -> Place:
    return places.record(f"blob:{digest}", number)


class Incoming:
    """A blob that is being written. `write` its bytes in any portions, then `finish`; or `abandon`."""

    def __init__(self, path: Path, digest: str, token: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = path
        self._beside = path.with_name(f".{path.name}.{token}")
        self._digest = digest
        self._hash = sha256()
        self._rest = b""
        self._pieces = 0
        self._file: IO[bytes] = self._beside.open("xb")
        self._file.write(MAGIC)

    def write(self, portion: bytes, sealer: Sealer) -> None:
        """The next bytes."""
        self._hash.update(portion)
        self._rest += portion
        while len(self._rest) >= PIECE:
            self._put(self._rest[:PIECE], sealer)
            self._rest = self._rest[PIECE:]

    def finish(self, sealer: Sealer) -> None:
        """That was all. Raises `BlobMismatch`."""
        if self._hash.hexdigest() != self._digest:
            self.abandon()
            raise BlobMismatch
        if self._rest or not self._pieces:
            self._put(self._rest, sealer)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._beside.replace(self._path)

    def abandon(self) -> None:
        """It does not come to an end."""
        self._file.close()
        self._beside.unlink(missing_ok=True)

    def _put(self, piece: bytes, sealer: Sealer) -> None:
        sealed = sealer.seal(_place(self._digest, self._pieces), piece)
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._pieces += 1


class BlobFolder:
    """See the module."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, key: SessionKey, digest: str) -> bool:
        """Whether the session has that blob."""
        return self._path(key, digest).is_file()

    def incoming(self, key: SessionKey, digest: str, token: str) -> Incoming:
        """Begin to write one; `token` is fresh."""
        return Incoming(self._path(key, digest), digest, token)

    def pieces(self, key: SessionKey, digest: str, sealer: Sealer) -> Iterator[bytes]:
        """What it holds, piece by piece. Raises `FileNotFoundError`, `BlobDamaged`."""
        with self._path(key, digest).open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise BlobDamaged
            number = 0
            while head := file.read(_LENGTH.size):
                if len(head) != _LENGTH.size:
                    raise BlobDamaged
                try:
                    yield sealer.open(_place(digest, number), file.read(_LENGTH.unpack(head)[0]))
                except SealBroken:
                    raise BlobDamaged from None
                number += 1

    def erase(self, key: SessionKey) -> None:
        """Remove all of the session's (its key is gone already, so nobody can read them)."""
        folder = self._path(key, "0" * 64).parent
        if folder.is_dir():
            for path in folder.iterdir():
                path.unlink(missing_ok=True)
            folder.rmdir()

    def _path(self, key: SessionKey, digest: str) -> Path:
        # Ids may hold what a file system takes for something else: the folder is named by a hash of them.
        name = sha256(f"{key.tenant}\0{key.session}".encode()).hexdigest()[:40]
        return self._folder / name[:2] / name / digest
