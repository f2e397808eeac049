"""A node as its own process: it starts, says so, drains on SIGTERM, and refuses what it must."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

START = """
import asyncio, sys
from pathlib import Path
from signaling.logs import set_up_logs
from signaling.options import Options
from signaling.serve import serve
set_up_logs()
asyncio.run(serve(Options(host=sys.argv[2], port=0, data=Path(sys.argv[1]), drain_s=5.0)))
"""


@asynccontextmanager
async def process(
    folder: Path, host: str = "127.0.0.1", **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LEGATO_")}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, str(folder), host,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=clean | environment,
    )  # fmt: skip
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
        await _end_store(folder)


async def _end_store(folder: Path) -> None:
    """The embedded server outlives its node, as it must; a test's own has to go."""
    from hub.store.embedded import EmbeddedStore, EmbeddedStoreFailed
    from hub.store.embedded import Options as StoreOptions

    if (folder / "store").is_dir():
        try:
            store = await EmbeddedStore.start(StoreOptions(folder / "store"), random=lambda: 0.5)
        except EmbeddedStoreFailed:
            return
        await store.stop()


async def ready(child: asyncio.subprocess.Process) -> str:
    assert child.stdout is not None
    line = (await asyncio.wait_for(child.stdout.readline(), 45)).decode()
    assert line.startswith("ready http://"), (await child.stderr.read()).decode() if child.stderr else line
    return line.split()[1]


@pytest.mark.store
@pytest.mark.timeout(180)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_it_says_ready_when_it_is_and_drains_when_told_to_end(socket_folder: Path, host: str) -> None:
    async with process(socket_folder, host) as child, ClientSession() as client:
        url = await ready(child)
        async with client.get(f"{url}/readyz") as answer:
            assert answer.status == 200
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), 45) == 0
        assert child.stderr is not None
        lines = [json.loads(line) for line in (await child.stderr.read()).decode().splitlines()]
        messages = [line["message"] for line in lines]
        assert "ready" in messages
        assert "draining" in messages
        assert any("development key" in message for message in messages), "the log says so"
        assert not any("exception" in line for line in lines)


@pytest.mark.store
@pytest.mark.timeout(180)
async def test_off_loopback_it_does_not_start_without_a_key_for_tickets(socket_folder: Path) -> None:
    async with process(socket_folder, "0.0.0.0") as child:
        assert await asyncio.wait_for(child.wait(), 45) != 0
        assert child.stderr is not None
        assert "KeyringMissing" in (await child.stderr.read()).decode()
