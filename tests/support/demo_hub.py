"""The demo as people run it: `legato demo` in a process of its own, on a free port, with a fresh data folder."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

READY_S: Final = 40.0
STOP_S: Final = 10.0


@asynccontextmanager
async def demo_hub(data: Path, *options: str) -> AsyncIterator[str]:
    """Its URL. Everything it started has ended when this returns. What it says goes to `data`/../demo.log."""
    log = await asyncio.to_thread((data.parent / "demo.log").open, "wb")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "signaling", "demo", "--port", "0", "--data", str(data), "--drain-s", "0.2"),
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
        env={name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")},
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            line = await process.stdout.readuntil(b"\n")
        assert line.startswith(b"ready "), line
        yield line.split()[1].decode()
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await process.communicate()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        await asyncio.to_thread(log.close)
