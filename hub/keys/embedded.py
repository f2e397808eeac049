"""The embedded key store: a key file and `keys.db` in a folder that no backup of the log contains."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from hub.keys.database import EmbeddedKeys
from hub.keys.errors import KeyFileUnusable, KeyFolderUnusable
from hub.keys.keystore import KeyStore
from hub.keys.wrapping import KeyWrap, open_key_file

KEY_FILE: Final = "keyfile.json"
DATABASE: Final = "keys.db"


@asynccontextmanager
async def embedded_key_store(folder: Path, clock: Callable[[], int]) -> AsyncIterator[KeyStore]:
    """The key store in `folder`, both files made if there are none. `clock`: monotonic ms.

    Raises `KeyFileUnusable` (others may read the key file, it is malformed, or it is missing beside keys
    that only it can open), `KeyFolderUnusable` or `KeyStoreUnavailable`.
    """
    keys = await asyncio.to_thread(_wrapping_keys, folder)
    async with EmbeddedKeys(folder / DATABASE) as rest:
        yield KeyStore(rest, KeyWrap(keys), clock)


def _wrapping_keys(folder: Path) -> list[bytes]:
    """A key file is made before its database: one without the other was lost, and must not be replaced."""
    try:
        if (folder / DATABASE).exists() and not (folder / KEY_FILE).exists():
            raise KeyFileUnusable(str(folder / KEY_FILE), "missing")
        return open_key_file(folder / KEY_FILE)
    except OSError as problem:
        raise KeyFolderUnusable(str(folder), problem.strerror or str(problem)) from problem
