"""Nothing is left of a bench, however it ended.

What it starts ends with it: nodes when their standard input does, browsers with their driver. Not so its stores, which
are made to outlive whoever started them, nor what lies in its folders. So all of it lies in one folder, and a process
beside the bench, which ends with nothing but the bench, stops the stores and removes that. Run as a module it is that
process.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from hub.store.embedded import SERVER_LOCK, SOCKET, EmbeddedStoreFailed, end_unused

PATIENCE_S: Final = 30.0
"""How long a store may be used on after the bench: its nodes see first that nobody is there."""

LOOK_S: Final = 0.2


@contextmanager
def swept() -> Iterator[None]:
    """Whatever is made inside is gone afterwards, or once this process is."""
    folder = tempfile.mkdtemp(prefix="lb-")  # short: the stores' sockets lie within
    words = [sys.executable, "-m", __name__, folder]
    with subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True) as sweeper:
        before, named = tempfile.tempdir, os.environ.get("TMPDIR")
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        try:
            yield
        finally:
            tempfile.tempdir = before
            if named is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = named
            assert sweeper.stdin is not None
            sweeper.stdin.close()


def sweep(folder: Path) -> None:
    """End the stores in the folder once nobody uses them, and remove it."""
    deadline = time.monotonic() + PATIENCE_S
    for lock in [*folder.rglob(SERVER_LOCK)]:
        with suppress(EmbeddedStoreFailed):
            while not asyncio.run(end_unused(lock.parent)) and _runs(lock.parent):
                if time.monotonic() > deadline:
                    break
                time.sleep(LOOK_S)
    shutil.rmtree(folder, ignore_errors=True)


def _runs(directory: Path) -> bool:
    """Whether the store of this directory seems to be there."""
    return (directory / SOCKET).exists()


def main() -> None:
    """Wait for the end of the bench, which holds the other end of the standard input."""
    sys.stdin.read()
    sweep(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
