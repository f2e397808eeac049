"""`legato VERB …` as somebody types it: run to its end, with what it printed and its exit code."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.processes import ROOT

PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


async def legato(*words: str, at: Path, **environment: str) -> Done:
    """Run `legato WORDS…` in the folder `at`."""
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "signaling", *words,
        cwd=at, env={**os.environ, "PYTHONPATH": paths, **environment},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise AssertionError(f"legato {' '.join(words)} never ended") from None
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())
